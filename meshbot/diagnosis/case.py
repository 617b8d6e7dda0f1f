"""What the causes are judged by."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.loss import CUT_BY_THE_NODE, Loss
from meshbot.diagnosis.schedule import Schedule, find_schedule
from meshbot.diagnosis.skip_comparison import SkipComparison
from meshbot.diagnosis.sync_evidence import SyncEvidence
from meshbot.diagnosis.trial.trial_state import TrialState
from meshbot.text.quantities import counted, duration_text

MIN_LOSSES = 3
CHAIN_GAP_S = 240.0
"""A session cut sooner than that after the last loss belongs to the same quarrel."""


@dataclass(frozen=True)
class Case:
    """A history, and what was worked out from it."""

    history: LinkHistory
    sync: SyncEvidence
    comparison: SkipComparison | None
    """None where the operator has not tried both settings of the skip flag."""
    sync_accused: bool | None
    """Whether the key sync costs losses; None where that cannot be told."""
    trial: TrialState | None = None
    """How far a trial of the key sync is, or how it ended."""

    @property
    def loss_count(self) -> int:
        """How many losses there are to explain, those during the node's database included."""
        return len(self.history.losses) + len(self.history.dump_losses)

    @property
    def losses_text(self) -> str:
        """``loss_count`` in words."""
        return counted(self.loss_count, "coupure", "coupures")

    @property
    def observed_text(self) -> str:
        """How long the bot ran, in words."""
        return duration_text(self.history.observed_s)

    @cached_property
    def chains(self) -> list[list[Loss]]:
        """The losses cut by the node, in rows without a longer session between them."""
        rows: list[list[Loss]] = []
        last: Loss | None = None
        for loss in self.history.losses:
            if loss.cause not in CUT_BY_THE_NODE:
                last = None
                continue
            if last is not None and loss.declared_s - _back_s(last) <= CHAIN_GAP_S:
                rows[-1].append(loss)
            else:
                rows.append([loss])
            last = loss
        return rows

    def schedule_of(self, losses: Sequence[Loss]) -> Schedule | None:
        """Return the schedule that these losses follow, if they do."""
        return schedule_of(losses, in_utc=self.history.in_utc)


def schedule_of(losses: Sequence[Loss], *, in_utc: bool) -> Schedule | None:
    """Return the schedule that losses follow, in the order of time, if they do."""
    moments_s = [loss.began_s for loss in losses]
    return find_schedule(moments_s, [loss.life_s for loss in losses], in_utc=in_utc)


def _back_s(loss: Loss) -> float:
    return loss.recovered_s if loss.recovered_s is not None else loss.declared_s
