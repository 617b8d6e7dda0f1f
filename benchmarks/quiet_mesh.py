"""A day on a mesh where little is heard: how often is a healthy link torn down."""

from benchmarks.figure import Figure
from benchmarks.line import MMRELAY_CHECKING, MTJK, OURS, STOCK, USUAL, Line, at_most
from benchmarks.pair import Pair, connected

HOURS = 24.0
SPEED = 144.0
PACKET_EVERY_S = (60.0, 300.0, 900.0)


class QuietMesh(Figure):
    """24 hours in ten minutes."""

    title = "A quiet mesh"
    minutes = 10
    contenders = (STOCK, MTJK, USUAL, MMRELAY_CHECKING, OURS)
    about = (
        f"{HOURS:.0f} h at {SPEED:.0f} times the speed: the constants of MeshBot and of the usual "
        "pattern, the pauses and heartbeats of the libraries, those of mmrelay's health checks, "
        "the node's limit of 15 minutes for a client that says nothing, all divided by the same "
        "number. What is not divided is the connecting itself, some tenths of a second, which "
        "are some dozens of seconds of such a day: a contender that reconnects often has less time "
        "left to do so. A stall of this machine of 0.2 s is half a minute there. Packets are heard "
        "at random, on average as often as each row says. "
        "Needless reconnections in 24 h, of a link that was never broken. mmrelay with its checks "
        "off has nothing that could tear a quiet link down, and is not played."
    )

    def begin(self) -> None:
        """Start the days."""
        self._pairs = [
            (every_s, self.stack.enter_context(Pair(contender, speed=SPEED)))
            for every_s in PACKET_EVERY_S
            for contender in self.present
        ]
        connected([pair for _, pair in self._pairs])
        for every_s, pair in self._pairs:
            pair.mesh.send("quiet_mesh", hours=HOURS, speed=SPEED, packet_every_s=every_s)

    def finish(self) -> list[Line]:
        """Wait for the evening."""
        lines = {
            every_s: Line(f"a packet every {_minutes(every_s)}, reconnections", "", "0", at_most(0))
            for every_s in PACKET_EVERY_S
        }
        for every_s, pair in self._pairs:
            lines[every_s].add(pair.name, pair.mesh.answer()["reconnections"])
            pair.bot.check()
        return list(lines.values())


def _minutes(seconds: float) -> str:
    minutes = seconds / 60
    return "minute" if minutes == 1 else f"{minutes:g} minutes"
