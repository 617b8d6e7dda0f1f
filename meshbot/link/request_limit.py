"""How often something may be asked of the node, whatever it says. Pure: told the time.

What the node sends must not make us send more than it did: each answer of ours that it can draw
passes one of these. Owned by whoever asks, and used by one thread.
"""

from collections import deque


class RequestLimit:
    """So many requests in any time of a given length."""

    def __init__(self, most: int, interval_s: float) -> None:
        """Allow ``most`` requests in any ``interval_s``."""
        self._interval_s = interval_s
        self._asked_s: deque[float] = deque(maxlen=most)

    def allows(self, now_s: float) -> bool:
        """Say whether one may go at monotonic ``now_s``; yes counts as asked."""
        full = len(self._asked_s) == self._asked_s.maxlen
        if full and now_s - self._asked_s[0] < self._interval_s:
            return False
        self._asked_s.append(now_s)
        return True
