"""What a connected bot holds and takes while hardly anything, or a whole day, happens."""

import threading
import time

from benchmarks.figure import Figure
from benchmarks.line import OURS, STOCK, Line, at_most, at_most_of_stock
from benchmarks.pair import Pair, connected

NODES = 250
CHUNK = 1_520
DAY_PACKETS = 38_000
"""152 of each node."""
MORE_MB = 15.0
MORE_WAKE_UPS = 30.0
MORE_CPU_MS = 15.0
"""A minute: half a millisecond for each of the wake-ups allowed."""
FLAT_MB = 2.0
SETTLE_S = 60.0
SHORTEST_S = 300.0


class Memory(Figure):
    """Two days of traffic."""

    title = "Memory"
    minutes = 6
    about = (
        f"Connected to a node with {NODES} nodes, then two days' traffic ({DAY_PACKETS:,} packets "
        f"each) in bursts of {CHUNK:,}. Resident memory of the process."
    )

    def finish(self) -> list[Line]:
        """Measure in turn."""
        target, aim = f"≤ stock + {MORE_MB:g} MB", at_most_of_stock(1, MORE_MB)
        connected_mb = Line("connected", "MB", target, aim)
        day = Line("after a day", "MB", target, aim)
        second_day = Line("after a second day", "MB", target, aim)
        growth = Line("growth on the second day", "MB", f"flat: ≤ {FLAT_MB:g} MB", at_most(FLAT_MB))
        growth.compared = False
        for _ in range(self.runs):
            for contender in (STOCK, OURS):
                with Pair(contender, nodes=NODES) as pair:
                    pair.connect()
                    connected_mb.add(contender, pair.bot.resident_mb())
                    pair.mesh.ask("prepare", packets_wanted=CHUNK)
                    days_mb = []
                    for _ in range(2):
                        for _ in range(DAY_PACKETS // CHUNK):
                            pair.take_burst(CHUNK)
                        days_mb.append(pair.bot.resident_mb())
                day.add(contender, days_mb[0])
                second_day.add(contender, days_mb[1])
                growth.add(contender, days_mb[1] - days_mb[0])
        return [connected_mb, day, second_day, growth]


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
