"""How often keys that were just heard are written at once, with a line.

Anybody can announce as many as he likes, and a node can tell its entries one by one without end;
each would cost a synchronous write and a line. What is beyond the limit is written with the rest,
and told in one line. Owns what was put off, guarded by ``_lock``, a leaf.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Collection

HOUR_S = 3_600.0
MAX_AT_ONCE = 100  # an hour
MAX_LATE = 20_000  # more are not counted


class LateKeys:
    """Says which key may be written now, and remembers the others until they are written."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Name the clock: monotonic, in seconds."""
        self._clock = clock
        self._lock = threading.Lock()
        self._written_s = deque([-math.inf] * MAX_AT_ONCE, MAX_AT_ONCE)
        self._late: set[int] = set()

    def put_off(self, nums: Collection[int]) -> bool:
        """Say whether keys that were just learned, of these nodes, have to wait."""
        with self._lock:
            now_s = self._clock()
            if now_s - self._written_s[0] >= HOUR_S:
                self._written_s.append(now_s)
                return False
            if len(self._late) < MAX_LATE:
                self._late.update(nums)
            return True

    def pop(self) -> set[int]:
        """Return the nodes whose keys were put off since the last call."""
        with self._lock:
            late, self._late = self._late, set()
            return late
