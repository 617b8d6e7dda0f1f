"""So many at once, and then so many a second. Pure: told the time."""


class TokenBucket:
    """Owned by one thread, or guarded by its owner."""

    def __init__(self, burst: int, a_second: float) -> None:
        """Begin full."""
        self._burst = burst
        self._a_second = a_second
        self._tokens = float(burst)
        self._told_s: float | None = None

    def wait_s(self, now_s: float) -> float:
        """Return in how many seconds one may be taken, 0.0 for now."""
        self._fill(now_s)
        return max(1.0 - self._tokens, 0.0) / self._a_second

    def take(self, now_s: float) -> None:
        """Take one."""
        self._fill(now_s)
        self._tokens -= 1.0

    def _fill(self, now_s: float) -> None:
        before_s = now_s if self._told_s is None else self._told_s
        grown = self._tokens + (now_s - before_s) * self._a_second
        self._tokens, self._told_s = min(grown, float(self._burst)), now_s
        if self._tokens > 1.0 - 1e-6:  # what rounding leaves of a whole one
            self._tokens = max(self._tokens, 1.0)
