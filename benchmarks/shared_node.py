"""What the bot costs between a node and its clients."""

import socket
from contextlib import ExitStack

from benchmarks.figure import Figure
from benchmarks.line import FLOOR, OURS, Line, at_most
from benchmarks.pair import MODULES, Pair
from benchmarks.program import Program
from benchmarks.traffic.mixes import SHARED

NODES = 250
PACKETS = 5_000
CLIENTS = 8


class SharedNode(Figure):
    """In turn, new processes each time."""

    title = "Sharing the node"
    about = (
        "Clients that read a socket and have protobuf parse what comes, on the node itself (the "
        "floor) and on the port of MeshBot, which has the node's one place. Seconds "
        f"until a configuration with {NODES} nodes is complete; packets a second until the last "
        f"client has the last of {PACKETS:,}, of the city's mix but for answers to administrators, "
        "which are given only to who asked; processor time of the bot, which does its own work "
        "with each packet meanwhile."
    )
    minutes = 2

    def __init__(self, runs: int) -> None:
        """Prepare so many runs."""
        super().__init__(runs)
        self._complete = Line("configuration", "s", "≤ 0.1 s", at_most(0.1))
        self._away = Line("configuration, the node is away", "s", "≤ 0.1 s", at_most(0.1))
        self._together = Line(f"configuration, {CLIENTS} clients at once", "s")
        self._rates = {
            1: Line("packets a second to 1 client", ""),
            CLIENTS: Line(f"packets a second to each of {CLIENTS}", ""),
        }
        self._costs = {
            1: Line("CPU a packet, 1 client", "µs"),
            CLIENTS: Line(f"CPU a packet, {CLIENTS} clients", "µs"),
        }

    def finish(self) -> list[Line]:
        """Measure in turn."""
        for _ in range(self.runs):
            with Pair(FLOOR, nodes=NODES) as pair:
                self._complete.add(FLOOR, pair.connect()["seconds"])
                seconds, _cpu_s = pair.take_burst(PACKETS, SHARED)
                self._rates[1].add(FLOOR, PACKETS / seconds)
            for clients in (1, CLIENTS):
                self._through_the_bot(clients)
        rates, costs = self._rates.values(), self._costs.values()
        return [self._complete, self._away, self._together, *rates, *costs]

    def _through_the_bot(self, clients: int) -> None:
        port = _unused_port()
        with ExitStack() as stack:
            pair = stack.enter_context(Pair(OURS, nodes=NODES, share_port=port))
            pair.connect()
            others = [stack.enter_context(_client(port)) for _ in range(clients)]
            for other in others:
                other.send("connect")
            slowest_s = max(other.answer()["seconds"] for other in others)
            (self._complete if clients == 1 else self._together).add(OURS, slowest_s)
            self._take_burst(pair, others)
            if clients == 1:
                pair.mesh.end()
                away_s = stack.enter_context(_client(port)).ask("connect")["seconds"]
                self._away.add(OURS, away_s)

    def _take_burst(self, pair: Pair, others: list[Program]) -> None:
        pair.mesh.ask("prepare", packets_wanted=PACKETS, mix=SHARED)
        for other in others:
            other.ask("expect", packets=PACKETS)
        cpu_s = pair.bot.cpu_s()
        began_s = pair.mesh.ask("burst")["began_s"]
        ended_s = max(other.ask("await")["at_s"] for other in others)
        self._rates[len(others)].add(OURS, PACKETS / (ended_s - began_s))
        self._costs[len(others)].add(OURS, (pair.bot.cpu_s() - cpu_s) / PACKETS * 1e6)


def _client(port: int) -> Program:
    return Program(MODULES[FLOOR], ["--port", str(port)])


def _unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port
