"""The real program that shares a simulated node, as the measuring side sees it."""

import tempfile
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from meshbot.simulation.simulated_node import SimulatedNode
from tests.long_runs.scale.process_cost import ProcessCost
from tests.support.program import Program
from tests.support.raw_client import RawClient
from tests.support.unused_port import unused_port


class SharedBot(AbstractContextManager["SharedBot"]):
    """Both of them, and clients. Leaving the context ends all."""

    def __init__(self, nodes: int, max_clients: int) -> None:
        """Start them; the node's database has ``nodes`` entries."""
        self._stack = ExitStack()
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self.node = self._stack.enter_context(SimulatedNode(peers=nodes))
        self._port = unused_port()
        self.program = Program(
            folder,
            CONNECTION_MODE="tcp",
            TCP_HOST="127.0.0.1",
            TCP_PORT=str(self.node.port),
            SHARE_PORT=str(self._port),
            SHARE_MAX_CLIENTS=str(max_clients),
            LANGUAGE="en",
        )
        self._stack.callback(self._end)
        self.cost = ProcessCost(self.program.process.pid)
        self.program.wait_line("SYNC COMPLETE")

    def __exit__(self, *error: object) -> None:
        """End them."""
        self._stack.close()

    def _end(self) -> None:
        self.program.process.terminate()
        self.program.finish()

    def client(self) -> RawClient:
        """Return a client that has asked for nothing yet."""
        return self._stack.enter_context(RawClient(self._port))

    def clients(self, count: int) -> list[RawClient]:
        """Return so many that have their configuration."""
        clients = [self.client() for _ in range(count)]
        for client in clients:
            client.ask(1)
        return clients
