"""How often strangers are asked for their key, which costs everybody's air time. Pure.

Owned by the worker thread; told the time, keeps no clock.
"""

from collections import deque

from line_limiter import LineLimiter

SENDER_INTERVAL_S = 600.0
HOUR_S = 3_600.0
MAX_PER_HOUR = 12


class KeyRequests:
    """Allows one request a sender in ten minutes, and twelve an hour in all."""

    def __init__(self) -> None:
        """Nobody has been asked."""
        self._senders = LineLimiter(SENDER_INTERVAL_S)
        self._asked_s: deque[float] = deque(maxlen=MAX_PER_HOUR)

    def allows(self, sender: int, now_s: float) -> bool:
        """Say whether ``sender`` may be asked at monotonic ``now_s``; yes counts as asked."""
        if len(self._asked_s) == MAX_PER_HOUR and now_s - self._asked_s[0] < HOUR_S:
            return False
        if not self._senders.allows(sender, now_s):
            return False
        self._asked_s.append(now_s)
        return True
