"""Keeps a recurring event from filling the journal. Pure: told the time, keeps no clock."""

import math
from collections import OrderedDict, deque
from collections.abc import Hashable

MAX_KEYS = 1_000


class LineLimiter:
    """Says yes once per key and interval. Owned by one thread.

    What strangers cause may be held to a part of all, so that it leaves room for those who matter.
    """

    def __init__(
        self, interval_s: float, most: int | None = None, most_of_strangers: int | None = None
    ) -> None:
        """Set the interval, and how often to say yes in it at most, whatever the keys."""
        self._interval_s = interval_s
        self._said_s: OrderedDict[Hashable, float] = OrderedDict()
        self._last_s = _latest(most)
        self._last_of_strangers_s = _latest(most_of_strangers)

    def allows(self, key: Hashable, now_s: float, *, stranger: bool = False) -> bool:
        """Say whether a line about ``key`` is due at monotonic ``now_s``; yes counts as said."""
        said_s = self._said_s.get(key)
        if said_s is not None and now_s - said_s < self._interval_s:
            return False
        counted = [self._last_s]
        if stranger:
            counted.append(self._last_of_strangers_s)
        limits = [latest_s for latest_s in counted if latest_s is not None]
        if any(now_s - latest_s[0] < self._interval_s for latest_s in limits):
            return False
        for latest_s in limits:
            latest_s.append(now_s)
        self._said_s[key] = now_s
        self._said_s.move_to_end(key)
        if len(self._said_s) > MAX_KEYS:
            self._said_s.popitem(last=False)
        return True


def _latest(most: int | None) -> deque[float] | None:
    """Return room for the times of the latest lines; None where they are not limited."""
    return deque([-math.inf] * most, most) if most is not None else None
