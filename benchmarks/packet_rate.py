"""How fast packets come through, and what each costs."""

from benchmarks.figure import Figure
from benchmarks.line import (
    FLOOR,
    MTJK,
    OUR_INTERFACE,
    OURS,
    STOCK,
    Line,
    at_least_of_stock,
    at_most_of_stock,
)
from benchmarks.mesh_program import SHARES
from benchmarks.pair import Pair

PACKETS = 5_000
NODES = 250
AIM = 2.5


class PacketRate(Figure):
    """A burst of mixed traffic, as fast as the socket takes it."""

    title = "Packets to callbacks"
    contenders = (STOCK, MTJK, OURS, OUR_INTERFACE, FLOOR)
    about = (
        f"A burst of {PACKETS:,} packets of {NODES} nodes ("
        + ", ".join(f"{share:.0%} {kind.replace('_', ' ')}" for kind, share in SHARES.items())
        + "), until the last one is dealt with: by the callback of the stock library; by MeshBot, "
        "whose table of nodes then knows of it; by the callback of its interface alone; the floor "
        "reads the same bytes from a socket and has protobuf parse them, lazily, and looks at none."
    )

    def finish(self) -> list[Line]:
        """Measure in turn; the first burst of each process is not counted."""
        rate = Line("packets a second", "", f"≥ {AIM} × stock", at_least_of_stock(AIM))
        cpu = Line("CPU a packet", "µs", f"≤ 1/{AIM} of stock", at_most_of_stock(1 / AIM))
        for _ in range(self.runs):
            for contender in self.present:
                with Pair(contender, nodes=NODES) as pair:
                    pair.connect()
                    pair.mesh.ask("prepare", packets_wanted=PACKETS)
                    pair.take_burst(PACKETS)
                    seconds, cpu_s = pair.take_burst(PACKETS)
                rate.add(contender, PACKETS / seconds)
                cpu.add(contender, cpu_s / PACKETS * 1e6)
        return [rate, cpu]
