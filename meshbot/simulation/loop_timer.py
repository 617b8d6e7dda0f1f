"""A call that the loop of a simulated node makes later. Owned by the loop's thread."""

from collections.abc import Callable


class LoopTimer:
    """A call that is due at some time, until it is cancelled."""

    def __init__(self, due_s: float, action: Callable[[], object]) -> None:
        """Remember what to do and when, on the loop's clock."""
        self.due_s = due_s
        self.action: Callable[[], object] | None = action

    def cancel(self) -> None:
        """Make sure it never runs; harmless when it already did."""
        self.action = None
