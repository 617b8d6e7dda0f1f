"""What a reconnection costs."""

from benchmarks.figure import Figure
from benchmarks.line import MTJK, OURS, STOCK, Line, at_most_of_stock
from benchmarks.pair import Pair

SIZES = (250, 5_000)


class Reconnecting(Figure):
    """The node closes the connection, the contender comes back."""

    title = "Reconnecting"
    contenders = (STOCK, MTJK, OURS)
    about = (
        "After a FIN, until the node has sent all of the new configuration: what it had to send, "
        "and how long it took. The stock library reconnects by itself after a pause of one second, "
        "which is nearly all of its time here, and the usual pattern lets it; mtjk does so at "
        "once, and mmrelay lets it. MeshBot asks for the "
        "configuration only (`TCP_LIGHT_RECONNECT`); the nodes come from its own store."
    )

    def finish(self) -> list[Line]:
        """Measure each size."""
        lines = []
        for nodes in SIZES:
            sent = Line(f"{nodes:,} nodes, bytes", "", "≤ 1/20 of stock", at_most_of_stock(1 / 20))
            frames = Line(f"{nodes:,} nodes, frames", "")
            seconds = Line(f"{nodes:,} nodes", "s")
            for _ in range(self.runs):
                for contender in self.present:
                    with Pair(contender, nodes=nodes) as pair:
                        pair.connect()
                        result = pair.mesh.ask("reconnection")
                    sent.add(contender, result["bytes"])
                    frames.add(contender, result["frames"])
                    seconds.add(contender, result["seconds"])
            lines += [sent, frames, seconds]
        return lines
