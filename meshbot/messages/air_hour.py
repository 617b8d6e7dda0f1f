"""How much was sent in the last hour. Pure: told the time, keeps no clock.

Whole microseconds, so that no rounding adds up. What was sent within a second of each other is kept
as one, with the later time: never too little, at most 3,601 entries however much is sent.
"""

import math
from collections import deque

HOUR_S = 3_600.0
_SLOT_S = 1.0


class AirHour:
    """The sliding hour; owned by one :class:`AirBudget`, which guards it."""

    def __init__(self) -> None:
        """Nothing was sent."""
        self._sent: deque[tuple[float, float, int]] = deque()
        """When a second began, when what was sent in it is over, and how much that is."""
        self._used_us = 0

    def __len__(self) -> int:
        """Return how many entries there are."""
        return len(self._sent)

    def add(self, cost_us: int, now_s: float) -> None:
        """Note that so much is sent at monotonic ``now_s``."""
        self._forget(now_s)
        self._used_us += cost_us
        began_s = now_s
        if self._sent and now_s - self._sent[-1][0] < _SLOT_S:
            began_s, _, before_us = self._sent.pop()
            cost_us += before_us
        self._sent.append((began_s, now_s + HOUR_S, cost_us))

    def used_us(self, now_s: float) -> int:
        """Return how much was sent in the hour before ``now_s``."""
        self._forget(now_s)
        return self._used_us

    def wait_s(self, cost_us: int, most_us: int, now_s: float) -> float:
        """Return in how many seconds so much more makes no more than ``most_us``; inf: never."""
        if cost_us > most_us:
            return math.inf
        over_us = self.used_us(now_s) + cost_us - most_us
        if over_us <= 0:
            return 0.0
        for _, over_s, sent_us in self._sent:
            over_us -= sent_us
            if over_us <= 0:
                return over_s - now_s
        raise AssertionError("an empty hour has room for what fits into it")

    def _forget(self, now_s: float) -> None:
        while self._sent and self._sent[0][1] <= now_s:
            self._used_us -= self._sent.popleft()[2]
