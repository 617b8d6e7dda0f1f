"""What the operator reads when nodes are forgotten to make room, and how often.

Owns how many he was not told of yet, guarded by ``_lock``, a leaf.
"""

import math
import threading
import time
from collections.abc import Callable

from meshbot.text.language import tr
from meshbot.text.quantities import counted

FORGOTTEN_LINE_S = 3_600.0


class ForgottenLine:
    """Makes the line, once an hour at most, about all that were forgotten since the last."""

    def __init__(self, nodes_max: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Name the limit that was reached, and the clock: monotonic, in seconds."""
        self._nodes_max = nodes_max
        self._clock = clock
        self._lock = threading.Lock()
        self._untold = 0
        self._said_s = -math.inf

    def due(self, forgotten: int) -> str | None:
        """Note so many more that were forgotten; return the line if it is time for one."""
        with self._lock:
            self._untold += forgotten
            now_s = self._clock()
            if not self._untold or now_s - self._said_s < FORGOTTEN_LINE_S:
                return None
            self._said_s = now_s
            count, self._untold = self._untold, 0
        what = counted(count, "nœud oublié", "nœuds oubliés")
        return tr(
            "🧹 Table pleine (NODES_MAX={nodes_max}) : {what}, d'abord ceux d'un même jour "
            "qui n'ont rien prouvé. Beaucoup de noms nouveaux à la fois sont sans doute inventés ; "
            "un nœud de ADMIN_NODES, ou accepté par « main_bot.py keys accept », n'est pas oublié",
            nodes_max=self._nodes_max,
            what=what,
        )
