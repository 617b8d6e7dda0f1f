"""Contender: the way bots on the stock library usually deal with a link that dies.

A thread looks every 30 s whether 120 s have passed without a packet. Then it closes the interface,
waits 15 s for the node to let go, makes a new one and gives it 3 s to settle. If that fails it is
tried again after 15, 30 and 60 s; after that, at the next look.
"""

import contextlib
import sys
import threading
import time
from typing import Any

from meshtastic.tcp_interface import TCPInterface

from benchmarks.contender import run
from benchmarks.stock_bot import StockBot

LOOK_EVERY_S = 30.0
SILENT_S = 120.0
CLEANUP_S = 15.0
SETTLE_S = 3.0
RETRIES_S = (15.0, 30.0, 60.0)


class UsualBot(StockBot):
    """The stock interface, watched over in the usual way."""

    def __init__(self, port: int, speed: float) -> None:
        """Prepare the thread that watches."""
        super().__init__(port, speed)
        self._heard_s = time.monotonic()
        self._stop = threading.Event()
        self._watching = threading.Thread(target=self._watch, name="watch", daemon=True)

    def connect(self) -> None:
        """Connect and begin to watch."""
        super().connect()
        self._heard_s = time.monotonic()
        self._watching.start()

    def on_receive(self, packet: dict[str, Any], interface: Any) -> None:
        """Note that the mesh was heard."""
        self._heard_s = time.monotonic()
        super().on_receive(packet, interface)

    def _watch(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S / self._speed):
            if time.monotonic() - self._heard_s > SILENT_S / self._speed:
                self._reconnect()

    def _reconnect(self) -> None:
        with contextlib.suppress(Exception):
            self.interface.close()
        for pause_s in (CLEANUP_S, *RETRIES_S):
            self._stop.wait(pause_s / self._speed)
            try:
                self.interface = TCPInterface("127.0.0.1", portNumber=self._port)
            except Exception as error:  # noqa: BLE001 - the library raises many kinds
                sys.stderr.write(f"usual bot: {error}\n")
                continue
            self._stop.wait(SETTLE_S / self._speed)
            self._heard_s = time.monotonic()
            return

    def stop(self) -> None:
        """Stop watching and close."""
        self._stop.set()
        super().stop()


if __name__ == "__main__":
    run(UsualBot)
