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
        "packet. Least is gained on those at the end: answers to an administrator are left to the "
        "library, which keeps what it waits for in them; a sealed text has its key compared with "
        "the one known; of a NodeInfo everything is kept, by the library and by MeshBot; and some "
        "are so short that hardly anything can be saved. The worst mix is made of six at the "
        "end. Two are in no mix, as no node hands them to its client: what is sealed for others, "
        "and map reports."
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
