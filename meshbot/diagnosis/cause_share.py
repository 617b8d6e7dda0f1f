"""A cause of losses, and the losses that it most probably explains."""

from dataclasses import dataclass

from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.schedule import Schedule
from meshbot.diagnosis.statement import Statement
from meshbot.diagnosis.verdict import Verdict


@dataclass(frozen=True)
class CauseShare:
    """One cause with its share of the losses."""

    verdict: Verdict
    losses: list[Loss]
    count: int
    """How many losses, those during the sending of the node's database included."""
    total: int
    """How many there are of all causes."""
    evidence: list[Statement]
    advice: list[str]
    schedule: Schedule | None = None
    """By which of them recur, if they do."""

    @property
    def share(self) -> float:
        """Which part of all losses, from 0 to 1."""
        return self.count / max(1, self.total)
