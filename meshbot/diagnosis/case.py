"""What the judges are given."""

from dataclasses import dataclass

from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.skip_comparison import SkipComparison
from meshbot.diagnosis.sync_evidence import SyncEvidence
from meshbot.text.quantities import counted, duration_text

MIN_LOSSES = 3
MAJORITY = 0.5


@dataclass(frozen=True)
class Case:
    """A history, and what was worked out from it."""

    history: LinkHistory
    sync: SyncEvidence
    comparison: SkipComparison | None
    """None where the operator has not tried both settings of the skip flag."""

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

    def is_majority(self, losses: int) -> bool:
        """Say whether so many of the losses are at least half of them."""
        return losses >= MAJORITY * max(1, self.loss_count)
