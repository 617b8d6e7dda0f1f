"""How often a duration was how long. Pure; owned by whoever holds its lock."""

from bisect import bisect_left
from itertools import accumulate


class Distribution:
    """Counts by upper bounds, and the sum."""

    def __init__(self, *bounds: float) -> None:
        """Begin empty; ``bounds`` rise, and beyond the last one is counted, too."""
        self.bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count one; what a clock makes of less than nothing is nothing."""
        value = max(value, 0.0)
        self._counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def copy(self) -> "Distribution":
        """Return one that does not change any more."""
        same = Distribution(*self.bounds)
        same._counts, same.total = list(self._counts), self.total
        return same

    def up_to_bounds(self) -> list[int]:
        """Return how many there were up to each bound, and in all."""
        return list(accumulate(self._counts))
