"""Says how often something may be told, so that nobody hides what others cause. Pure."""

from collections.abc import Hashable

from meshbot.text.line_limiter import LineLimiter

RESERVED = 0.5


class FairAllowance:
    """So many at once, then one an interval; owned by one thread, or guarded by its owner's lock.

    The first half is for whoever comes. When it is used up, each key gets one a while: what one
    client does again and again leaves the other half to those who do something once.
    """

    def __init__(self, most: int, each_s: float, *, key_each_s: float) -> None:
        """Begin with all of it: ``most``, of which one comes back ``each_s``."""
        self._most = float(most)
        self._each_s = each_s
        self._room = self._most
        self._at_s: float | None = None
        self._keys = LineLimiter(key_each_s)

    def allows(self, key: Hashable, now_s: float) -> bool:
        """Say whether something about ``key`` may be told; yes counts as told."""
        if self._at_s is not None:
            self._room = min(self._room + (now_s - self._at_s) / self._each_s, self._most)
        self._at_s = now_s
        if self._room < 1:
            return False
        rare = self._keys.allows(key, now_s)
        if not rare and self._room - 1 < self._most * RESERVED:
            return False
        self._room -= 1
        return True
