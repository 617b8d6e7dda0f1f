"""How fast packets of each kind come through, one kind after another."""

from benchmarks.figure import Figure
from benchmarks.line import OURS, STOCK, Line, at_most_of_stock
from benchmarks.pair import Pair
from benchmarks.traffic.kinds import KINDS

PACKETS = 2_000
NODES = 250
AIM = 3.0


class Kinds(Figure):
    """Each kind alone: where least is gained."""

    title = "Kinds of packets"
    minutes = 6
    about = (
        f"As “Packets to callbacks”, a burst of {PACKETS:,} of one kind alone: processor time a "
        "packet. Least is gained on those at the end. By a profiler: a direct text is read as a "
        "possible command, and its key compared with the one known; a NodeInfo is entered into the "
        "table, and its key put back; a range test costs MeshBot what a text does, and the library "
        "less. These three in equal shares are the worst mix, chosen after a first measurement of "
        "this table. Two kinds are in no mix, as no node hands them to its client: what is sealed "
        "for others, and map reports. A command and its answer are not among the kinds, nor a "
        "message that MeshBot opens itself: the stock library does nothing of the kind. The latter "
        "is measured below."
    )

    def finish(self) -> list[Line]:
        """Measure in turn; the first burst of each kind is not counted."""
        target, aim = f"≤ 1/{AIM:g} of stock", at_most_of_stock(1 / AIM)
        lines = {kind: Line(f"{kind}, CPU a packet", "µs", target, aim) for kind in KINDS}
        for _ in range(self.runs):
            for contender in (STOCK, OURS):
                with Pair(contender, nodes=NODES) as pair:
                    pair.connect()
                    for kind, line in lines.items():
                        pair.take_burst(PACKETS // 4, kind)
                        _seconds, cpu_s = pair.take_burst(PACKETS, kind)
                        line.add(contender, cpu_s / PACKETS * 1e6)
        return sorted(lines.values(), key=lambda line: line.share(OURS, STOCK) or 0.0)
