"""One toss of the coin, and what became of it."""

import enum
from dataclasses import dataclass

from meshbot.diagnosis.trial.trial_kind import TrialKind
from meshbot.diagnosis.trial.trial_settings import TrialSettings


class Outcome(enum.Enum):
    """What became of the session after a toss."""

    PENDING = "pending"
    LOST = "lost"
    """It died when what is on trial can have killed it."""
    SURVIVED = "survived"
    VOID = "void"
    """It says nothing: lost before the arms differ, or not observed to the end."""


@dataclass
class Toss:
    """A coin tossed at ``at_s``. The rules of its outcome do not look at the arm."""

    suspect: bool
    """Whether it says: with what is on trial."""
    at_s: float
    kind: TrialKind
    settings: TrialSettings
    outcome: Outcome = Outcome.PENDING

    @property
    def due_s(self) -> float:
        """When the arms begin to differ: the deferred sync is due, or the connection open."""
        return self.at_s + (self.settings.delay_s if self.kind is TrialKind.SYNC else 0.0)

    @property
    def settled_s(self) -> float:
        """When a session of which no loss is known has survived: a silence would be noticed."""
        return self.due_s + self.settings.window_s + self.settings.silent_timeout_s

    def lose(self, heard_s: float, noticed_s: float, *, silent: bool) -> None:
        """Judge a session that ended; ``heard_s``: the last byte from the node.

        A node can have died at any time between the two. Silence is noticed late, whatever it
        was; any other end when the bot next sends something, within the rest of the window.
        """
        if noticed_s <= self.due_s:
            self.outcome = Outcome.VOID
        elif heard_s <= self.due_s + self.settings.effect_s and (
            silent or noticed_s <= self.due_s + self.settings.window_s
        ):
            self.outcome = Outcome.LOST
        else:
            self.outcome = Outcome.SURVIVED

    def cut(self, at_s: float) -> None:
        """Judge a session that nobody watched after ``at_s``."""
        self.outcome = Outcome.SURVIVED if at_s >= self.settled_s else Outcome.VOID
