"""How much of something may be used now, where so much of it comes back each second. Pure."""

ROUNDING = 1e-6
"""What adding up leaves of a whole one is no lack."""


class Allowance:
    """A store that fills up steadily. Owned by one thread, and told the monotonic time."""

    def __init__(self, per_s: float, most: float, now_s: float) -> None:
        """Begin full."""
        self._per_s = per_s
        self._most = most
        self._left = most
        self._filled_s = now_s

    def set_rate(self, per_s: float, now_s: float) -> None:
        """Change how much comes back each second, from now on."""
        self._fill(now_s)
        self._per_s = per_s

    def take(self, amount: float) -> None:
        """Use some; it may be more than there is, and is missing later then."""
        self._left -= amount

    def wait_s(self, now_s: float, wanted: float = 1.0) -> float:
        """Return how long it takes until ``wanted`` may be used; 0 if it may now."""
        self._fill(now_s)
        missing = wanted - self._left
        return missing / self._per_s if missing > ROUNDING else 0.0

    def _fill(self, now_s: float) -> None:
        passed_s = max(0.0, now_s - self._filled_s)
        self._left = min(self._most, self._left + passed_s * self._per_s)
        self._filled_s = now_s
