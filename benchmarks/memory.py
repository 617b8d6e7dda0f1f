"""The memory that a connected bot holds, from the start and after days of traffic."""

from benchmarks.figure import Figure
from benchmarks.line import MTJK, OURS, STOCK, Line, at_most, at_most_of_stock
from benchmarks.pair import Pair

NODES = 250
CHUNK = 1_520
DAY_PACKETS = 38_000
"""152 of each node."""
MORE_MB = 15.0
FLAT_MB = 2.0


class Memory(Figure):
    """Two days of traffic."""

    title = "Memory"
    minutes = 9
    contenders = (STOCK, MTJK, OURS)
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
            for contender in self.present:
                with Pair(contender, nodes=NODES) as pair:
                    pair.connect()
                    connected_mb.add(contender, pair.bot.resident_mb())
                    days_mb = []
                    for _ in range(2):
                        for _ in range(DAY_PACKETS // CHUNK):
                            pair.take_burst(CHUNK)
                        days_mb.append(pair.bot.resident_mb())
                day.add(contender, days_mb[0])
                second_day.add(contender, days_mb[1])
                growth.add(contender, days_mb[1] - days_mb[0])
        return [connected_mb, day, second_day, growth]
