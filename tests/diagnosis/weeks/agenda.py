"""What is to happen, in the order of a simulated monotonic clock."""

import heapq
from collections.abc import Callable


class Agenda:
    """The one clock of a week. Everything that happens is called from :meth:`run`."""

    def __init__(self) -> None:
        """Begin at zero with nothing to do."""
        self.now_s = 0.0
        self._entries: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def at(self, at_s: float, do: Callable[[], None]) -> None:
        """Have ``do`` called at a time, or now if that is over; in the order of asking."""
        self._count += 1
        heapq.heappush(self._entries, (max(at_s, self.now_s), self._count, do))

    def after(self, delay_s: float, do: Callable[[], None]) -> None:
        """Have ``do`` called after a delay."""
        self.at(self.now_s + delay_s, do)

    def every(self, interval_s: float, do: Callable[[], None], first_s: float) -> None:
        """Have ``do`` called at ``first_s`` and at intervals from then on, for ever."""

        def again() -> None:
            do()
            self.after(interval_s, again)

        self.at(first_s, again)

    def run(self, end_s: float) -> None:
        """Let everything happen that is due before ``end_s``, and stop the clock there."""
        while self._entries and self._entries[0][0] < end_s:
            self.now_s, _, do = heapq.heappop(self._entries)
            do()
        self.now_s = end_s
