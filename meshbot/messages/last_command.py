"""The command that was heard last."""

from typing import NamedTuple


class LastCommand(NamedTuple):
    """``text``: who asked what, fit to be shown; ``heard_s`` is monotonic."""

    text: str
    heard_s: float
