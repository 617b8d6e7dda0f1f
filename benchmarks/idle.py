"""What a connected bot takes while nothing happens."""

import threading
import time

from benchmarks.figure import Figure
from benchmarks.line import MTJK, OURS, STOCK, Line, at_most_of_stock
from benchmarks.pair import Pair, connected

NODES = 250
MORE_WAKE_UPS = 30.0
MORE_CPU_MS = 15.0
"""A minute: half a millisecond for each of the wake-ups allowed."""
SETTLE_S = 60.0
SHORTEST_S = 300.0


class Idle(Figure):
    """Nothing happens, to all of them at the same time."""

    title = "Idle"
    minutes = 6
    contenders = (STOCK, MTJK, OURS)
    about = (
        f"Connected, nothing to hear, from a minute after the connection on, for {SHORTEST_S:.0f} s"
        " or more. *Wake-ups*: how often the kernel put a thread of the process to sleep because "
        "it waited (`voluntary_ctxt_switches`). *CPU*: what the scheduler counted for the process, "
        "to the nanosecond. The libraries ask nothing of a quiet node but a heartbeat every 300 s; "
        "mtjk looks ten times a second whether there is something to publish; MeshBot asks the "
        "node every 30 s, and looks every 5 s for decisions of its operator."
    )

    def begin(self) -> None:
        """Connect, and take the first readings."""
        self._pairs = [
            self.stack.enter_context(Pair(contender, nodes=NODES))
            for _ in range(self.runs)
            for contender in self.present
        ]
        connected(self._pairs)
        threading.Event().wait(SETTLE_S)
        self._began = [_reading(pair) for pair in self._pairs]

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
        threading.Event().wait(max(0.0, SHORTEST_S - (time.monotonic() - self._began[-1][0])))
        for pair, began in zip(self._pairs, self._began, strict=True):
            seconds, cpu_s, woken = (
                end - begin for end, begin in zip(_reading(pair), began, strict=True)
            )
            wake_ups.add(pair.name, woken / seconds * 60)
            cpu.add(pair.name, cpu_s * 1000 / seconds * 60)
        return [wake_ups, cpu]


def _reading(pair: Pair) -> tuple[float, float, int]:
    """Return the time, the processor time in seconds, and the wake-ups so far."""
    return time.monotonic(), pair.bot.cpu_s(), pair.bot.wake_ups()
