"""Contender: the stock ``TCPInterface`` as it comes, with a callback that answers ``/ping``."""

import contextlib
import threading
import time
from typing import Any

from meshtastic.tcp_interface import TCPInterface
from pubsub import pub

from benchmarks.contender import Contender, run


class StockBot(Contender):
    """The stock library's interface as it comes."""

    def __init__(self, port: int, speed: float) -> None:
        """Subscribe; nothing is opened yet."""
        super().__init__(port, speed)
        self.interface: Any = None
        if speed != 1.0:
            _compress_library(speed)
        pub.subscribe(self.on_receive, "meshtastic.receive")

    def connect(self) -> None:
        """Construct the interface, which connects and downloads."""
        self.interface = TCPInterface("127.0.0.1", portNumber=self._port)

    def on_receive(self, packet: dict[str, Any], interface: Any) -> None:
        """Answer, from the callback, as bots do."""
        decoded = packet.get("decoded", {})
        if (
            decoded.get("portnum") == "TEXT_MESSAGE_APP"
            and decoded.get("text") == "/ping"
            and packet["to"] == interface.myInfo.my_node_num
        ):
            interface.sendText("pong", destinationId=packet["from"])
        self.count_packet()

    def stop(self) -> None:
        """Close the interface, if it lets itself be closed."""
        if self.interface is not None:
            with contextlib.suppress(Exception):
                self.interface.close()


def _compress_library(speed: float) -> None:
    """Shorten the library's own pauses and its heartbeat: none of them is a setting."""
    sleep, start_timer = time.sleep, threading.Timer.__init__

    def quick_timer(self: threading.Timer, interval: float, *args: Any, **kwargs: Any) -> None:
        start_timer(self, interval / speed, *args, **kwargs)

    time.sleep = lambda seconds: sleep(float(seconds) / speed)
    setattr(threading.Timer, "__init__", quick_timer)  # noqa: B010 - mypy knows better


if __name__ == "__main__":
    run(StockBot)
