"""Adds up the tosses of a trial until they decide it. Pure."""

from dataclasses import dataclass, field

from meshbot.diagnosis.trial.evidence import Counts, Result, result_after
from meshbot.diagnosis.trial.toss import Outcome, Toss

MAX_AGE_S = 80 * 86_400.0
"""The link's journal goes back ninety days; what a trial rests on must not fall out of it."""

LONGEST_GAP_S = 7 * 86_400.0
"""Between two tosses; what is longer is a clock that was put right."""


@dataclass
class Tally:
    """What the tosses amount to whose outcome is known, in their order."""

    counts: Counts = field(default_factory=Counts)
    """Up to the one that decided."""
    voids: int = 0
    result: Result | None = None
    age_s: float = 0.0
    last_s: float | None = None
    """When the last coin was tossed."""

    def add(self, toss: Toss) -> None:
        """Take the next toss, whose outcome is known."""
        if self.last_s is not None:
            self.age_s += min(max(toss.at_s - self.last_s, 0.0), LONGEST_GAP_S)
        self.last_s = toss.at_s
        self.voids += toss.outcome is Outcome.VOID
        if toss.outcome is Outcome.VOID or self.result is not None:
            return
        self.counts = self.counts.plus(suspect=toss.suspect, lost=toss.outcome is Outcome.LOST)
        self.result = result_after(self.counts)
        if self.result is None and self.age_s >= MAX_AGE_S:
            self.result = Result.NO_EFFECT_SEEN
