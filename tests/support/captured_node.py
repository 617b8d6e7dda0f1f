"""A node that answers with what a real one answered: a recording, played over a real socket."""

import contextlib
import select
import socket
import struct
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.link.frame_decoder import FrameDecoder, encode_frame
from tests.support.capture import Capture, Exchange
from tests.support.limits import WAIT_S

POLL_S = 0.1
_Port = portnums_pb2.PortNum


class CapturedNode:
    """Serves one client at a time with the answers of a recording. The newest client wins."""

    def __init__(self, capture: Capture) -> None:
        self.capture = capture
        self.changed = threading.Condition()
        self.received: list[mesh_pb2.ToRadio] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._client: socket.socket | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="captured-node")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join(WAIT_S)
        self._listener.close()
        assert not self._thread.is_alive()

    # -- For a test ------------------------------------------------------------------------

    def wait_until(self, condition: Callable[[], bool]) -> bool:
        """Wait for what the client's frames bring about."""
        with self.changed:
            return self.changed.wait_for(condition, WAIT_S)

    def packets(self) -> list[mesh_pb2.MeshPacket]:
        """Return the client's packets so far."""
        return [one.packet for one in self.received if one.HasField("packet")]

    def hear(self, packet: mesh_pb2.MeshPacket) -> None:
        """Give the client a packet."""
        self.send([mesh_pb2.FromRadio(packet=packet).SerializeToString()])

    def send(self, payloads: list[bytes]) -> None:
        """Give the client frames."""
        with self.changed:
            client = self._client
        if client is not None:
            with contextlib.suppress(OSError):
                client.sendall(b"".join(encode_frame(payload) for payload in payloads))

    def close(self, *, reset: bool = False) -> None:
        """End the client's connection, in good order or not."""
        with self.changed:
            client = self._client
        assert client is not None
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        else:
            client.shutdown(socket.SHUT_RDWR)

    # -- The thread ------------------------------------------------------------------------

    def _serve(self) -> None:
        decoder = FrameDecoder(mesh_pb2.ToRadio.FromString)
        while not self._stopping.is_set():
            client = self._client
            waiting = [self._listener] if client is None else [self._listener, client]
            try:
                ready, _, _ = select.select(waiting, [], [], POLL_S)
            except (OSError, ValueError):  # closed by the test
                self._drop()
                continue
            if self._listener in ready:
                self._drop()
                decoder = FrameDecoder(mesh_pb2.ToRadio.FromString)
                with self.changed:
                    self._client = self._listener.accept()[0]
            elif ready:
                self._read(decoder)
        self._drop()

    def _read(self, decoder: FrameDecoder[mesh_pb2.ToRadio]) -> None:
        assert self._client is not None
        data = b""
        with contextlib.suppress(OSError):
            data = self._client.recv(65_536)
        if not data:
            self._drop()
            return
        for message in decoder.feed(data, 0.0):
            with self.changed:
                self.received.append(message)
                self.changed.notify_all()
            self._answer(message)

    def _drop(self) -> None:
        with self.changed:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _answer(self, message: mesh_pb2.ToRadio) -> None:
        capture = self.capture
        if message.want_config_id:
            self.send(_renumbered(capture.handshake(message.want_config_id), message))
        elif message.HasField("heartbeat"):
            self.send(capture.heartbeat().answers)
        elif message.packet.decoded.portnum in (_Port.ADMIN_APP, _Port.TEXT_MESSAGE_APP):
            direct = message.packet.to != 0xFFFFFFFF
            recorded = capture.packet(message.packet.decoded.portnum, direct=direct)
            self.send(_renumbered(recorded, message))
        elif message.HasField("packet"):
            # No recording has one: taken, as a broadcast is.
            recorded = capture.packet(_Port.TEXT_MESSAGE_APP, direct=False)
            answers = _renumbered(recorded, message)
            self.send([one for one in answers if _is_queue_status(one)])


def _is_queue_status(payload: bytes) -> bool:
    return mesh_pb2.FromRadio.FromString(payload).HasField("queueStatus")


def _renumbered(recorded: Exchange, asked: mesh_pb2.ToRadio) -> list[bytes]:
    """Return recorded answers as answers to another question of the same kind."""
    old, new = recorded.asked.packet, asked.packet
    answers: list[bytes] = []
    for payload in recorded.answers:
        message = mesh_pb2.FromRadio.FromString(payload)
        if message.config_complete_id:
            message.config_complete_id = asked.want_config_id
        elif message.queueStatus.mesh_packet_id == old.id != 0:
            message.queueStatus.mesh_packet_id = new.id
        elif message.packet.decoded.request_id == old.id != 0:
            message.packet.decoded.request_id = new.id
        else:
            answers.append(payload)
            continue
        answers.append(message.SerializeToString())
    return answers
