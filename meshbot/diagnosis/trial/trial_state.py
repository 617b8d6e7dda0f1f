"""How far a trial is."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from meshbot.diagnosis.trial.evidence import Counts, Result, result_after
from meshbot.diagnosis.trial.exact_test import fisher_p_value, smallest_visible_effect
from meshbot.diagnosis.trial.toss import Outcome, Toss
from meshbot.diagnosis.trial.trial_kind import TrialKind

MAX_AGE_S = 80 * 86_400.0
"""The link's journal goes back ninety days; what a trial rests on must not fall out of it."""

LONGEST_GAP_S = 7 * 86_400.0
"""Between two tosses; what is longer is a clock that was put right."""


@dataclass(frozen=True)
class TrialState:
    """A trial, up to a moment. Times are wall-clock seconds."""

    kind: TrialKind
    counts: Counts
    """Of the tosses that count, up to the one that decided."""
    effect_s: float
    """How soon a loss must follow to be counted."""
    voids: int = 0
    pending: bool = False
    """Whether what becomes of the last toss is not known yet."""
    result: Result | None = None
    noted: bool = False
    """Whether the bot has noted the result."""
    running: bool = True
    """Whether the constant is on."""
    last_toss_s: float | None = None

    @property
    def tosses_with(self) -> int:
        """How many counted tosses said: with what is on trial."""
        return self.counts.lost_with + self.counts.survived_with

    @property
    def tosses_without(self) -> int:
        """How many said: without it."""
        return self.counts.lost_without + self.counts.survived_without

    @cached_property
    def p_value(self) -> float:
        """Fisher's, one-sided."""
        return fisher_p_value(self.counts)

    @cached_property
    def visible_effect(self) -> float | None:
        """The smallest effect that would have been seen by now, if any."""
        return smallest_visible_effect(self.counts)


def counts_of(tosses: Iterable[Toss]) -> tuple[Counts, Result | None]:
    """Return what tosses amount to, up to the one that decides, and what it decides."""
    counts, age_s, last_s = Counts(), 0.0, None
    for toss in tosses:
        if last_s is not None:
            age_s += min(max(toss.at_s - last_s, 0.0), LONGEST_GAP_S)
        last_s = toss.at_s
        if toss.outcome in (Outcome.LOST, Outcome.SURVIVED):
            counts = counts.plus(suspect=toss.suspect, lost=toss.outcome is Outcome.LOST)
            result = result_after(counts)
            if result is None and age_s >= MAX_AGE_S:
                result = Result.NO_EFFECT_SEEN
            if result is not None:
                return counts, result
    return counts, None
