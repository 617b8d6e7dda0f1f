"""What the contenders have in common: a bot that answers ``/ping``, and counts what it is given."""

import argparse
import threading
import time
from abc import ABC, abstractmethod
from typing import Any

from benchmarks.command_loop import serve

CONNECT_LIMIT_S = 120.0
COUNT_LIMIT_S = 300.0


class Contender(ABC):
    """One program. Commands come on the main thread; packets on whichever the contender uses."""

    def __init__(self, port: int, speed: float) -> None:
        """Serve the node on ``port``. ``speed``: by how much its durations are to be shortened."""
        self._port = port
        self._speed = speed
        self._changed = threading.Condition()
        self._packets = 0
        self._last_s = 0.0
        self._expected = 0

    @abstractmethod
    def connect(self) -> None:
        """Return when connected and done with what the node sent."""

    @abstractmethod
    def stop(self) -> None:
        """Let go of the node."""

    @property
    def connected_s(self) -> float | None:
        """When the connection was complete, where that is earlier than :meth:`connect`'s return."""
        return None

    def count_packet(self) -> None:
        """Note that the program has dealt with a packet."""
        self._packets += 1  # by one thread only
        if self._packets == self._expected:
            with self._changed:
                self._last_s = time.monotonic()
                self._changed.notify_all()

    # -- Commands ------------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until the input ends."""
        try:
            serve(
                {
                    "connect": self._connect,
                    "expect": self._expect,
                    "await": self._await,
                }
            )
        finally:
            self.stop()

    def _connect(self) -> dict[str, Any]:
        began_s, began_cpu_s = time.monotonic(), time.process_time()
        self.connect()
        ended_s = self.connected_s or time.monotonic()
        return {"seconds": ended_s - began_s, "cpu_s": time.process_time() - began_cpu_s}

    def _expect(self, packets: int) -> dict[str, Any]:
        with self._changed:
            self._expected = self._packets + packets
        return {"cpu_s": time.process_time()}

    def _await(self) -> dict[str, Any]:
        with self._changed:
            done = self._changed.wait_for(
                lambda: self._packets >= self._expected, timeout=COUNT_LIMIT_S
            )
            last_s = self._last_s
        if not done:
            raise RuntimeError(f"{self._expected - self._packets} packets are missing")
        return {"at_s": last_s, "cpu_s": time.process_time()}


def run(kind: type[Contender]) -> None:
    """Read a contender's command line and serve."""
    parser = argparse.ArgumentParser(description=kind.__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--speed", type=float, default=1.0)
    options = parser.parse_args()
    kind(options.port, options.speed).run()
