"""The command that was heard last."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LastCommand:
    """``text``: who asked what, fit to be shown; ``heard_s`` is monotonic."""

    text: str
    heard_s: float
