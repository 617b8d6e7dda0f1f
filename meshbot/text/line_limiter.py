"""Keeps a recurring event from filling the journal. Pure: told the time, keeps no clock."""

import math
from collections import OrderedDict, deque
from collections.abc import Hashable

MAX_KEYS = 1_000


class LineLimiter:
    """Says yes once per key and interval. Owned by one thread."""

    def __init__(self, interval_s: float, most: int | None = None) -> None:
        """Set the interval, and how often to say yes in it at most, whatever the keys."""
        self._interval_s = interval_s
        self._said_s: OrderedDict[Hashable, float] = OrderedDict()
        self._last_s = deque([-math.inf] * most, most) if most is not None else None

    def allows(self, key: Hashable, now_s: float) -> bool:
        """Say whether a line about ``key`` is due at monotonic ``now_s``; yes counts as said."""
        said_s = self._said_s.get(key)
        if said_s is not None and now_s - said_s < self._interval_s:
            return False
        if self._last_s is not None:
            if now_s - self._last_s[0] < self._interval_s:
                return False
            self._last_s.append(now_s)
        self._said_s[key] = now_s
        self._said_s.move_to_end(key)
        if len(self._said_s) > MAX_KEYS:
            self._said_s.popitem(last=False)
        return True
