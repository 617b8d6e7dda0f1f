"""What a verdict consists of. The verdicts themselves are in ``meshbot.diagnosis.verdicts``."""

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.statement import Statement
from meshbot.text.language import tr

Claim = Callable[[Case, Sequence[Loss]], list[Loss]]
"""Returns which of the losses that nothing explains yet this most probably explains."""
Evidence = Callable[[Case, Sequence[Loss]], list[Statement]]
"""Returns what speaks for it, given the losses it explains."""
Advice = Callable[[Case, Sequence[Loss]], list[str]]
"""Returns what the operator is to do about it, the most important first."""


class Tone(enum.Enum):
    """Whether a verdict is good news. The values are the page's names of its colours."""

    GOOD = "good"
    BAD = "bad"
    NEITHER = ""


def nothing(case: Case, losses: Sequence[Loss]) -> list[Loss]:
    """Claim no loss."""
    return []


@dataclass(frozen=True)
class Verdict:
    """One of the things that losses may come from, or that can be said of them."""

    name: str
    """As programs read it in the JSON report: it must not change."""
    text: str
    """As a phrase, short enough for a message on the mesh; :attr:`wording` says it."""
    remedy: str
    """The first thing to do, as short; empty where there is nothing."""
    tone: Tone
    evidence: Evidence
    advice: Advice
    claim: Claim = nothing

    @property
    def wording(self) -> str:
        """The text in the language that is spoken."""
        return tr(self.text)

    @property
    def first_aid(self) -> str:
        """The remedy in the language that is spoken."""
        return tr(self.remedy) if self.remedy else ""


def always(*advice: str) -> Advice:
    """Return an advice that is the same in every case: marked texts."""
    return lambda case, losses: [tr(one) for one in advice]
