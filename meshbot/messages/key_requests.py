"""How often strangers are asked for their key, which costs everybody's air time. Pure.

Owned by the worker thread; told the time, keeps no clock.
"""

from collections import deque

from meshbot.text.line_limiter import LineLimiter

SENDER_INTERVAL_S = 600.0
HOUR_S = 3_600.0
MAX_PER_HOUR = 12
MAX_OF_STRANGERS_PER_HOUR = 8


class KeyRequests:
    """Allows one request a sender in ten minutes, and twelve an hour in all.

    Of those, four are for numbers heard before: numbers can be made up.
    """

    def __init__(self) -> None:
        """Nobody has been asked."""
        self._senders = LineLimiter(SENDER_INTERVAL_S)
        self._asked: deque[tuple[float, bool]] = deque(maxlen=MAX_PER_HOUR)

    def allows(self, sender: int, now_s: float, *, familiar: bool = False) -> bool:
        """Say whether ``sender`` may be asked at monotonic ``now_s``; yes counts as asked."""
        lately = [known for asked_s, known in self._asked if now_s - asked_s < HOUR_S]
        if len(lately) >= MAX_PER_HOUR:
            return False
        if not familiar and lately.count(False) >= MAX_OF_STRANGERS_PER_HOUR:
            return False
        if not self._senders.allows(sender, now_s):
            return False
        self._asked.append((now_s, familiar))
        return True
