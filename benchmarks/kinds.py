"""How fast packets of each kind come through, one kind after another."""

from benchmarks.figure import Figure
from benchmarks.line import OURS, STOCK, Line
from benchmarks.pair import Pair
from benchmarks.traffic.kinds import KINDS

PACKETS = 2_000
NODES = 250


class Kinds(Figure):
    """Each kind alone: where least is gained."""

    title = "Kinds of packets"
    minutes = 6
    about = (
        f"As “Packets to callbacks”, a burst of {PACKETS:,} of one kind alone: processor time a "
        "packet. The kinds at the end are those of which least is gained."
    )

    def finish(self) -> list[Line]:
        """Measure in turn; the first burst of each kind is not counted."""
        lines = {kind: Line(f"{kind}, CPU a packet", "µs") for kind in KINDS}
        for _ in range(self.runs):
            for contender in (STOCK, OURS):
                with Pair(contender, nodes=NODES) as pair:
                    pair.connect()
                    for kind, line in lines.items():
                        pair.take_burst(PACKETS // 4, kind)
                        _seconds, cpu_s = pair.take_burst(PACKETS, kind)
                        line.add(contender, cpu_s / PACKETS * 1e6)
        return sorted(lines.values(), key=lambda line: line.share(OURS, STOCK) or 0.0)
