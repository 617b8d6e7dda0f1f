"""A client of a node that says what a test has it say, and keeps all that it is told."""

import itertools
import socket
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.link.frame_decoder import FrameDecoder, encode_frame
from tests.support.limits import WAIT_S

BROADCAST = 0xFFFFFFFF
ROUTING = portnums_pb2.PortNum.ROUTING_APP
ADMIN = portnums_pb2.PortNum.ADMIN_APP
TEXT = portnums_pb2.PortNum.TEXT_MESSAGE_APP


class RawClient:
    """One connection."""

    _ids = itertools.count(0x1000)

    def __init__(self, port: int, *, host: str = "127.0.0.1") -> None:
        self.sock = socket.create_connection((host, port), WAIT_S)
        self.frames: list[mesh_pb2.FromRadio] = []
        self.payloads: list[bytes] = []
        self.closed = False
        self._decoder = FrameDecoder(lambda payload: payload)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.sock.close()

    # -- Saying ----------------------------------------------------------------------------------

    def say(self, message: mesh_pb2.ToRadio) -> None:
        self.sock.sendall(encode_frame(message.SerializeToString()))

    def send(self, packet: mesh_pb2.MeshPacket) -> int:
        self.say(mesh_pb2.ToRadio(packet=packet))
        return packet.id

    def text(
        self, text: str, to: int = BROADCAST, packet_id: int = 0, want_ack: bool = False
    ) -> int:
        packet = mesh_pb2.MeshPacket(
            to=to, id=packet_id or next(self._ids), hop_limit=3, want_ack=want_ack
        )
        packet.decoded.portnum = TEXT
        packet.decoded.payload = text.encode()
        return self.send(packet)

    def ask(self, config_id: int) -> list[mesh_pb2.FromRadio]:
        """Ask for a configuration; return its frames, the last included."""
        begin = len(self.frames)
        self.say(mesh_pb2.ToRadio(want_config_id=config_id))
        self.wait_for(lambda frame: frame.config_complete_id == config_id, begin)
        return self.frames[begin:]

    # -- Hearing ---------------------------------------------------------------------------------

    def wait_for(
        self, wanted: Callable[[mesh_pb2.FromRadio], bool], begin: int = 0, limit_s: float = WAIT_S
    ) -> mesh_pb2.FromRadio:
        """Return the first frame that is wanted, from ``begin`` on."""
        deadline_s = time.monotonic() + limit_s
        position = begin
        while True:
            for frame in self.frames[position:]:
                if wanted(frame):
                    return frame
            position = len(self.frames)
            left_s = deadline_s - time.monotonic()
            if left_s <= 0 or self.closed:
                shown = [frame.WhichOneof("payload_variant") for frame in self.frames[begin:]]
                raise AssertionError(f"not told, but {shown}, closed: {self.closed}")
            self._receive(left_s)

    def wait_closed(self) -> None:
        deadline_s = time.monotonic() + WAIT_S
        while not self.closed:
            assert time.monotonic() < deadline_s, "still open"
            self._receive(max(deadline_s - time.monotonic(), 0.01))

    def _receive(self, limit_s: float) -> None:
        self.sock.settimeout(limit_s)
        try:
            data = self.sock.recv(65536)
        except TimeoutError:
            return
        except OSError:
            data = b""
        if not data:
            self.closed = True
        for payload in self._decoder.feed(data):
            self.payloads.append(payload)
            self.frames.append(mesh_pb2.FromRadio.FromString(payload))

    def status_of(self, packet_id: int) -> mesh_pb2.QueueStatus:
        """Wait for the word on a packet."""
        return self.wait_for(
            lambda frame: frame.queueStatus.mesh_packet_id == packet_id
        ).queueStatus

    def routing_of(self, packet_id: int) -> int:
        """Wait for a routing message about a packet; return its error."""
        frame = self.wait_for(
            lambda frame: (
                frame.packet.decoded.portnum == ROUTING
                and frame.packet.decoded.request_id == packet_id
            )
        )
        return mesh_pb2.Routing.FromString(frame.packet.decoded.payload).error_reason

    def wait_text(self, text: str) -> mesh_pb2.MeshPacket:
        """Wait for a text; return its packet."""
        return self.wait_for(
            lambda frame: (
                frame.packet.decoded.portnum == TEXT
                and frame.packet.decoded.payload == text.encode()
            )
        ).packet

    def settle(self) -> None:
        """Return once all that was said before is dealt with: a heartbeat was answered."""
        begin = len(self.frames)
        self.say(mesh_pb2.ToRadio(heartbeat=mesh_pb2.Heartbeat()))
        self.wait_for(lambda frame: frame.HasField("queueStatus"), begin)
