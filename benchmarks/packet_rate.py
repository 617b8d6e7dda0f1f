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
from benchmarks.pair import Pair
from benchmarks.traffic.mixes import CITY, MIXES, WORST

PACKETS = 5_000
NODES = 250
SINGLE_PACKETS = 100
SINGLE_EVERY_S = 0.1
AIMS = {CITY: 5.0, WORST: 3.0}


class PacketRate(Figure):
    """Bursts of two mixes, as fast as the socket takes them."""

    title = "Packets to callbacks"
    minutes = 4
    contenders = (STOCK, MTJK, OURS, OUR_INTERFACE, FLOOR)
    about = (
        f"Bursts of {PACKETS:,} packets of {NODES} nodes, each packet sent only once, until the "
        "last one is dealt with: by the callback of the stock library; by MeshBot, whose table of "
        "nodes then knows of it; by the callback of its interface alone; the floor reads the same "
        "bytes from a socket and has protobuf parse them, lazily, and looks at none. *City*: every "
        "kind of packet that a node hands to its client, as often as was published or, where "
        "nothing was, assumed: the four large shares are from one client's 654 packets of 75 nodes "
        "([MeshSense #64](https://github.com/Affirmatech/MeshSense/issues/64)), somewhat less of "
        "each to make room for the small ones, a tenth of all, which are assumed and mostly among "
        "those of which least is gained; see `benchmarks/traffic/mixes.py`. "
        "*Worst*: "
        + ", ".join(MIXES[WORST])
        + ", in equal shares: the kinds of which least is gained, each measured alone, see “Kinds "
        "of packets”. No mesh talks so. *One at a time*: "
        f"{SINGLE_PACKETS} packets of the city's mix, {SINGLE_EVERY_S:g} s apart, as a mesh brings "
        "them: then each wakes threads that sleep, which takes most of the time."
    )

    def finish(self) -> list[Line]:
        """Measure in turn; the first burst of each process is not counted."""
        rates = {
            mix: Line(f"{mix}, packets/s", "", f"≥ {aim:g} × stock", at_least_of_stock(aim))
            for mix, aim in AIMS.items()
        }
        costs = {
            mix: Line(f"{mix}, CPU each", "µs", f"≤ 1/{aim:g} of stock", at_most_of_stock(1 / aim))
            for mix, aim in AIMS.items()
        }
        single = Line("one at a time, CPU each", "µs")
        for _ in range(self.runs):
            for contender in self.present:
                with Pair(contender, nodes=NODES) as pair:
                    pair.connect()
                    pair.take_burst(PACKETS)
                    for mix in AIMS:
                        seconds, cpu_s = pair.take_burst(PACKETS, mix)
                        rates[mix].add(contender, PACKETS / seconds)
                        costs[mix].add(contender, cpu_s / PACKETS * 1e6)
                    cpu_s = pair.take_trickle(SINGLE_PACKETS, SINGLE_EVERY_S)
                    single.add(contender, cpu_s / SINGLE_PACKETS * 1e6)
        return [*rates.values(), *costs.values(), single]
