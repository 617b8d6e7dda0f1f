"""Contender: this program's bot, whole: link, table of nodes, database, answers."""

import os
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

from meshbot.service.late_import import load_late

load_late("requests")  # as the program does before its imports

from meshtastic.protobuf import mesh_pb2  # noqa: E402

from benchmarks.contender import CONNECT_LIMIT_S, Contender, run  # noqa: E402
from main_bot import MeshBot  # noqa: E402
from meshbot.link.supervised_interface import SupervisedInterface  # noqa: E402
from meshbot.service.operator_constants import durations_of  # noqa: E402


class OurBot(Contender):
    """MeshBot with its default constants."""

    def __init__(self, port: int, speed: float) -> None:
        """Prepare the bot, with an empty database."""
        super().__init__(port, speed)
        self._folder = tempfile.TemporaryDirectory()
        scaled = {
            name: value / speed for name, value in durations_of(MeshBot).items() if speed != 1.0
        }
        if scaled:
            scaled |= {"AIR_BUDGET": 100.0, "AIR_BUDGET_STRANGERS": 100.0}  # of an hour as usual
        kind: type[_CountingBot] = type("CountingBot", (_CountingBot,), scaled)
        self._bot = kind(self, port, Path(self._folder.name) / "meshbot.db")
        self._bot.load_rest()  # belongs to the start, as all imports, and to the memory

    @property
    def connected_s(self) -> float | None:
        """When the handshake was done."""
        return self._bot.opened_s

    def connect(self) -> None:
        """Start the bot; return when it has stored what the node knows."""
        self._bot.start()
        if not self._bot.settled.wait(CONNECT_LIMIT_S):
            raise RuntimeError("not connected")

    def stop(self) -> None:
        """Stop the bot."""
        self._bot.stop()
        self._folder.cleanup()


class _CountingBot(MeshBot):
    """Says when it is connected and when it has dealt with a packet."""

    def __init__(self, contender: OurBot, port: int, database: Path) -> None:
        super().__init__(
            environment={
                "MESHBOT_CONNECTION_MODE": "tcp",
                "MESHBOT_TCP_HOST": "127.0.0.1",
                "MESHBOT_TCP_PORT": str(port),
                "MESHBOT_DATABASE_PATH": str(database),
                "MESHBOT_SHARE_PORT": os.environ.get("MESHBOT_SHARE_PORT", "0"),
            }
        )
        self._contender = contender
        self.opened_s: float | None = None
        self.settled = threading.Event()

    def link_opened(self, interface: SupervisedInterface, *, first: bool) -> None:
        self.opened_s = time.monotonic()
        super().link_opened(interface, first=first)
        self._worker.post(self.settled.set)

    def packet_received(self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket) -> None:
        self._worker.post_heard(partial(self._handle, interface, packet, self._clock()))

    def _handle(
        self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket, received_s: float
    ) -> None:
        self._conversation.hear(interface, packet, received_s)
        self._contender.count_packet()


if __name__ == "__main__":
    run(OurBot)
