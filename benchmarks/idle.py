"""What a connected bot takes while nothing happens."""

import threading
import time

from benchmarks.figure import Figure
from benchmarks.line import OURS, STOCK, Line, at_most_of_stock
from benchmarks.pair import Pair, connected

NODES = 250
MORE_WAKE_UPS = 30.0
MORE_CPU_MS = 15.0
"""A minute: half a millisecond for each of the wake-ups allowed."""
SETTLE_S = 60.0
SHORTEST_S = 300.0


class Idle(Figure):
    """Nothing happens."""

    title = "Idle"
    minutes = 6
    about = (
        f"Connected, nothing to hear, from a minute after the connection on, for {SHORTEST_S:.0f} s"
        " or more. *Wake-ups*: how often the kernel put a thread of the process to sleep because "
        "it waited (`voluntary_ctxt_switches`). The stock library asks nothing of a quiet node; "
        "MeshBot asks it every 30 s, and looks every 5 s for decisions of its operator."
    )

    def begin(self) -> None:
        """Connect, and take the first readings."""
        self._pairs = [
            self.stack.enter_context(Pair(contender, nodes=NODES)) for contender in (STOCK, OURS)
        ]
        connected(self._pairs)
        threading.Event().wait(SETTLE_S)
        self._began = [
            (time.monotonic(), pair.bot.cpu_s(), pair.bot.wake_ups()) for pair in self._pairs
        ]

    def finish(self) -> list[Line]:
        """Take the second readings."""
        wake_ups = Line(
            "wake-ups",
            "1/min",
            f"≤ stock + {MORE_WAKE_UPS:g}",
            at_most_of_stock(1, MORE_WAKE_UPS),
        )
        cpu = Line("CPU", "ms/min", f"≤ stock + {MORE_CPU_MS:g}", at_most_of_stock(1, MORE_CPU_MS))
        wake_ups.compared = cpu.compared = False
        threading.Event().wait(max(0.0, SHORTEST_S - (time.monotonic() - self._began[0][0])))
        for pair, (began_s, cpu_s, began_wake_ups) in zip(self._pairs, self._began, strict=True):
            minutes = (time.monotonic() - began_s) / 60
            wake_ups.add(pair.name, (pair.bot.wake_ups() - began_wake_ups) / minutes)
            cpu.add(pair.name, (pair.bot.cpu_s() - cpu_s) * 1000 / minutes)
        return [wake_ups, cpu]
