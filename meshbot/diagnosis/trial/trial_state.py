"""How far a trial is."""

from dataclasses import dataclass
from functools import cached_property

from meshbot.diagnosis.trial.evidence import Counts, Result
from meshbot.diagnosis.trial.exact_test import fisher_p_value, smallest_visible_effect
from meshbot.diagnosis.trial.trial_kind import TrialKind


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
