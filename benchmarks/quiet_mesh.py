"""A day on a mesh where almost nothing is heard: how often is a healthy link torn down."""

from benchmarks.figure import Figure
from benchmarks.line import OURS, STOCK, USUAL, Line, at_most
from benchmarks.pair import Pair, connected

HOURS = 24.0
SPEED = 144.0


class QuietMesh(Figure):
    """24 hours in ten minutes."""

    title = "A quiet mesh"
    minutes = 10
    about = (
        f"{HOURS:.0f} h at {SPEED:.0f} times the speed: the constants of MeshBot and of the usual "
        "pattern, the library's own pauses and heartbeat, the node's limit of 15 minutes for a "
        "client that says nothing, all divided by the same number. Something is heard every "
        "15 minutes on average, at random."
    )

    def begin(self) -> None:
        """Start the day."""
        self._pairs = [
            self.stack.enter_context(Pair(contender, speed=SPEED))
            for contender in (STOCK, USUAL, OURS)
        ]
        connected(self._pairs)
        for pair in self._pairs:
            pair.mesh.send("quiet_mesh", hours=HOURS, speed=SPEED)

    def finish(self) -> list[Line]:
        """Wait for the evening."""
        line = Line("needless reconnections in 24 h", "", "0", at_most(0))
        for pair in self._pairs:
            line.add(pair.name, pair.mesh.answer()["reconnections"])
        return [line]
