"""What the first connection costs."""

from benchmarks.figure import Figure
from benchmarks.line import FLOOR, MTJK, OURS, STOCK, Line, at_most_of_stock
from benchmarks.pair import Pair

SIZES = (250, 5_000)


class Connecting(Figure):
    """In turn, a new process each time."""

    title = "Connecting"
    contenders = (STOCK, MTJK, OURS, FLOOR)
    about = (
        "In turn, a new process each time. Seconds until the configuration is complete; "
        "CPU of the whole process until everything is done that follows from it, for MeshBot "
        "also storing the nodes. Floor: the same bytes read from a socket and parsed by protobuf, "
        "nothing else. The usual pattern connects as the stock library does."
    )

    def finish(self) -> list[Line]:
        """Measure each size."""
        lines = []
        for nodes in SIZES:
            seconds = Line(f"{nodes:,} nodes", "s", "≤ 0.5 × stock", at_most_of_stock(0.5))
            cpu = Line(f"{nodes:,} nodes, CPU", "s", "≤ 0.5 × stock", at_most_of_stock(0.5))
            for _ in range(self.runs):
                for contender in self.present:
                    with Pair(contender, nodes=nodes) as pair:
                        result = pair.connect()
                    seconds.add(contender, result["seconds"])
                    cpu.add(contender, result["cpu_s"])
            lines += [seconds, cpu]
        return lines
