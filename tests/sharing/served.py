"""A client server for tests, with a desk that notes and answers, and clients that speak to it."""

import contextlib
import queue
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from meshtastic.protobuf import mesh_pb2

from meshbot.link.frame_decoder import FrameDecoder, encode_frame
from meshbot.model.client_status import ClientStatus
from meshbot.sharing.client_server import ClientServer
from meshbot.sharing.server_limits import ServerLimits
from meshbot.sharing.share_settings import ShareSettings
from tests.support.limits import WAIT_S
from tests.support.unused_port import unused_port


def ask(config_id: int) -> bytes:
    """Return a client's frame."""
    return encode_frame(mesh_pb2.ToRadio(want_config_id=config_id).SerializeToString())


HEARTBEAT = encode_frame(mesh_pb2.ToRadio(heartbeat=mesh_pb2.Heartbeat()).SerializeToString())


class EchoDesk:
    """Answers each frame with a payload that says which it was."""

    def __init__(self) -> None:
        self.server: ClientServer
        self.events: queue.SimpleQueue[tuple[str, int]] = queue.SimpleQueue()
        """Who came and went."""
        self.hosts: dict[int, str] = {}
        self.frames: defaultdict[int, list[mesh_pb2.ToRadio]] = defaultdict(list)
        self.on_frame: Callable[[int, mesh_pb2.ToRadio], object] = self.echo
        self.ticks: queue.SimpleQueue[None] = queue.SimpleQueue()
        self.inside = False
        self.threads: set[str] = set()

    def echo(self, client: int, message: mesh_pb2.ToRadio) -> None:
        self.server.send(client, b"%d" % message.want_config_id)

    def client_came(self, client: int, host: str) -> None:
        self.hosts[client] = host
        self._enter("came", client)

    def client_gone(self, client: int) -> None:
        assert not self.inside, "told while it was at something else"
        self._enter("gone", client)

    def frame_came(self, client: int, message: mesh_pb2.ToRadio) -> None:
        self.threads.add(threading.current_thread().name)
        self.frames[client].append(message)
        self.inside = True
        try:
            self.on_frame(client, message)
        finally:
            self.inside = False

    def tick(self) -> None:
        self.ticks.put(None)

    def _enter(self, event: str, client: int) -> None:
        self.threads.add(threading.current_thread().name)
        self.events.put((event, client))


class NotingNarrator:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: queue.SimpleQueue[tuple[str, ...]] = queue.SimpleQueue()
        self.left: queue.SimpleQueue[tuple[ClientStatus, str, bool]] = queue.SimpleQueue()
        self.turned_away: queue.SimpleQueue[tuple[str, int]] = queue.SimpleQueue()

    def listening(self, where: str, open_to_network: bool) -> None:
        self.told.put(("listening", where, "open" if open_to_network else "closed"))

    def not_listening(self, where: str, error: OSError) -> None:
        self.told.put(("not listening", where, str(error.errno)))

    def client_came(self, address: str) -> None:
        self.told.put(("came", address))

    def client_left(self, client: ClientStatus, why: str, *, dropped: bool = False) -> None:
        self.left.put((client, why, dropped))

    def no_room(self, address: str, most: int) -> None:
        self.turned_away.put((address, most))


class Served:
    """A server that runs until the end of the block."""

    def __init__(
        self,
        *,
        max_clients: int = 8,
        address: str = "127.0.0.1",
        port: int | None = None,
        limits: ServerLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.desk = EchoDesk()
        self.narrator = NotingNarrator()
        port = unused_port() if port is None else port
        settings = ShareSettings(port=port, address=address, max_clients=max_clients)
        self.port = port
        self.server = ClientServer(settings, self.desk, self.narrator, clock, limits)
        self.desk.server = self.server
        self._guests: list[Guest] = []

    def __enter__(self) -> Self:
        self.server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        stopped = self.server.stop(WAIT_S)
        for guest in self._guests:
            guest.close()
        assert stopped
        assert self.desk.threads <= {"share-clients"}

    def listens(self) -> tuple[str, ...]:
        """Wait until clients may come; return what the narrator was told of it."""
        told = self.narrator.told.get(timeout=WAIT_S)
        assert told[0] == "listening", told
        return told

    def guest(self, *, host: str = "127.0.0.1", receive_bytes: int | None = None) -> "Guest":
        """Connect, and wait until the desk knows."""
        guest = self.stranger(host=host, receive_bytes=receive_bytes)
        event, guest.number = self.desk.events.get(timeout=WAIT_S)
        assert event == "came"
        return guest

    def stranger(self, *, host: str = "127.0.0.1", receive_bytes: int | None = None) -> "Guest":
        """Connect only."""
        guest = Guest((host, self.port), receive_bytes)
        self._guests.append(guest)
        return guest

    def on_loop(self, call: Callable[[], object] = lambda: None) -> None:
        """Have a call made on the loop, and wait until it was."""
        done = threading.Event()

        def make() -> None:
            try:
                call()
            finally:
                done.set()

        self.server.post(make)
        assert done.wait(WAIT_S)

    def rounds_until(self, reached: Callable[[], bool]) -> None:
        """Have the loop go round until something is so."""
        limit_s = time.monotonic() + WAIT_S
        while not reached():
            assert time.monotonic() < limit_s
            self.on_loop()

    def gone(self) -> tuple[int, str, bool]:
        """Wait until a client is gone; return its number, why, and whether it was dropped."""
        status, why, dropped = self.narrator.left.get(timeout=WAIT_S)
        assert self.desk.events.get(timeout=WAIT_S) == ("gone", status.number)
        return status.number, why, dropped


class Guest:
    """A client that says what a test wants."""

    def __init__(self, address: tuple[str, int], receive_bytes: int | None = None) -> None:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.number = 0
        try:
            if receive_bytes is not None:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
            self.socket.settimeout(WAIT_S)
            self.socket.connect(address)
        except OSError:
            self.socket.close()
            raise
        self._decoder: FrameDecoder[bytes] = FrameDecoder(lambda payload: payload)
        self._frames: list[bytes] = []

    def say(self, data: bytes) -> None:
        """Send bytes."""
        self.socket.sendall(data)

    def next(self) -> bytes | None:
        """Return the next payload, None at the end."""
        while not self._frames:
            data = self.socket.recv(4096)
            if not data:
                return None
            self._frames += self._decoder.feed(data)
        return self._frames.pop(0)

    def all(self) -> list[bytes]:
        """Return everything until the end."""
        return list(self._until_the_end())

    def _until_the_end(self) -> Iterator[bytes]:
        while (payload := self.next()) is not None:
            yield payload

    def reset(self) -> None:
        """End with a RST."""
        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # on, for no time
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.socket.close()

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self.socket.close()
