"""What a verdict consists of. The verdicts themselves are in ``meshbot.diagnosis.verdicts``."""

import enum
from collections.abc import Callable
from dataclasses import dataclass

from meshbot.diagnosis.case import Case

Judge = Callable[[Case], list[str] | None]
"""Returns the reasons, in French, for which a case is judged so; None if it is not."""
Advice = Callable[[Case], list[str]]
"""Returns what the operator is to change next, in French, the most important first."""


class Tone(enum.Enum):
    """Whether a verdict is good news. The values are the page's names of its colours."""

    GOOD = "good"
    BAD = "bad"
    NEITHER = ""


@dataclass(frozen=True)
class Verdict:
    """One of the things that losses may come from."""

    name: str
    """As programs read it in the JSON report: it must not change."""
    text: str
    """As a French phrase, short enough for a message on the mesh."""
    tone: Tone
    judge: Judge
    advice: Advice
    about_sync: bool = False
    """Whether its reasons and advice deal with the key sync already."""


def always(*advice: str) -> Advice:
    """Return an advice that is the same in every case."""
    return lambda case: list(advice)
