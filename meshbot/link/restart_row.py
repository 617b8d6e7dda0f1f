"""Whether the node restarts again and again, soon after each time that it serves us. Pure.

A session that a restart ended soon is one of a row when something proves the restart: nothing
listened at the node's port meanwhile, or its own count of reboots grew. Owned by the link thread.
"""

import math
from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

ROW = 3
KEPT = 10
SAID_EVERY_S = 600.0


@dataclass(frozen=True)
class Restarts:
    """So many restarts in a row, so far apart."""

    count: int
    every_s: float


class RestartRow:
    """The restarts in a row, and when they were last spoken of."""

    def __init__(self, soon_s: float) -> None:
        """Count sessions that live shorter than ``soon_s``."""
        self._soon_s = soon_s
        self._ends_s: deque[float] = deque(maxlen=KEPT)
        self._count = 0
        self._unproven = False
        """Whether nothing proves yet that the last of them was ended by a restart."""
        self._said_s = -math.inf

    def session_ended(self, life_s: float, died_s: float) -> None:
        """Note the end of a session that had lived so long, and when the node said its last."""
        if self._unproven or life_s >= self._soon_s:
            self.clear()
        if life_s < self._soon_s:
            self._ends_s.append(died_s)
            self._count += 1
            self._unproven = True

    def proven(self) -> None:
        """Note a proof that the node restarted since the last session ended."""
        self._unproven = False

    def clear(self) -> None:
        """Note that the last session was not ended by a restart."""
        self._ends_s.clear()
        self._count = 0
        self._unproven = False

    @property
    def lasts(self) -> bool:
        """Whether the node has restarted often enough to expect it to do so again."""
        return not self._unproven and self._count >= ROW

    def take(self, now_s: float) -> Restarts | None:
        """Return the row if it is long enough and was not spoken of lately."""
        if not self.lasts or now_s - self._said_s < SAID_EVERY_S:
            return None
        self._said_s = now_s
        gaps_s = [later_s - earlier_s for earlier_s, later_s in pairwise(self._ends_s)]
        return Restarts(self._count, median(gaps_s))
