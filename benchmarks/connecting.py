"""What the first connection costs."""

from benchmarks.figure import Figure
from benchmarks.line import FLOOR, MTJK, OURS, STOCK, Line, at_most_of_stock
from benchmarks.pair import Pair

AIMS = {250: (0.5, 0.5), 5_000: (0.15, 0.2)}
"""By the size of the mesh: how much of the stock library's seconds and processor time."""


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
        for nodes, (aim, cpu_aim) in AIMS.items():
            size, cpu_size = f"{nodes:,} nodes", f"{nodes:,} nodes, CPU"
            seconds = Line(size, "s", f"≤ {aim:g} × stock", at_most_of_stock(aim))
            cpu = Line(cpu_size, "s", f"≤ {cpu_aim:g} × stock", at_most_of_stock(cpu_aim))
            for _ in range(self.runs):
                for contender in self.present:
                    with Pair(contender, nodes=nodes) as pair:
                        result = pair.connect()
                    seconds.add(contender, result["seconds"])
                    cpu.add(contender, result["cpu_s"])
            lines += [seconds, cpu]
        return lines
