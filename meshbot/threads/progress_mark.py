"""Whether a thread makes progress, for another one that watches over it."""

import time
from collections.abc import Callable


class ProgressMark:
    """A thread's sign of life: it marks each step, and when it waits for work to come.

    One thread marks, any may look; what is shared is one float or None.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin idle."""
        self._clock = clock
        self._since_s: float | None = None

    def step(self) -> None:
        """Mark a step of work."""
        self._since_s = self._clock()

    def idle(self) -> None:
        """Mark that there is nothing to do: to wait is no lack of progress."""
        self._since_s = None

    def busy_s(self) -> float:
        """Return how long the step under way has taken, 0 when there is none."""
        since_s = self._since_s
        return 0.0 if since_s is None else self._clock() - since_s
