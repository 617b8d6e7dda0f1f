"""A plain client of the simulated node, for its tests."""

import contextlib
import socket
import struct
from collections.abc import Callable, Iterator

from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.link.frame_decoder import encode_frame
from meshbot.simulation.packets import BROADCAST_NUM
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.limits import WAIT_S

LIMIT_S = WAIT_S
Port = portnums_pb2.PortNum
NodeMaker = Callable[..., SimulatedNode]


class Client:
    """A client that speaks the framing and nothing else: every wait is bounded."""

    def __init__(self, node: SimulatedNode) -> None:
        self.node = node
        self.sock = socket.create_connection((node.host, node.port), LIMIT_S)
        self.sock.settimeout(LIMIT_S)
        self._buffer = b""
        self._frames_read = 0

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def send(self, message: mesh_pb2.ToRadio) -> None:
        self.sock.sendall(encode_frame(message.SerializeToString()))

    def send_packet(self, packet: mesh_pb2.MeshPacket) -> None:
        self.send(mesh_pb2.ToRadio(packet=packet))

    def send_text(
        self,
        text: str,
        to: int = BROADCAST_NUM,
        packet_id: int = 1,
        want_ack: bool = False,
        reply_id: int = 0,
    ) -> None:
        data = mesh_pb2.Data(
            portnum=Port.TEXT_MESSAGE_APP, payload=text.encode(), reply_id=reply_id
        )
        self.send_packet(mesh_pb2.MeshPacket(to=to, id=packet_id, want_ack=want_ack, decoded=data))

    def send_data(self, to: int, packet_id: int, data: mesh_pb2.Data) -> None:
        self.send_packet(mesh_pb2.MeshPacket(to=to, id=packet_id, decoded=data))

    def recv_exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            chunk = self.sock.recv(65536)
            if not chunk:
                raise EOFError
            self._buffer += chunk
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    def read(self) -> mesh_pb2.FromRadio:
        return mesh_pb2.FromRadio.FromString(self.read_payload())

    def read_payload(self) -> bytes:
        header = self.recv_exactly(4)
        assert header[:2] == b"\x94\xc3"
        length = int.from_bytes(header[2:], "big")
        assert length <= 512
        self._frames_read += 1
        return self.recv_exactly(length)

    def read_packet(self) -> mesh_pb2.MeshPacket:
        message = self.read()
        assert message.HasField("packet"), message
        return message.packet

    def read_status(self) -> mesh_pb2.QueueStatus:
        message = self.read()
        assert message.HasField("queueStatus"), message
        return message.queueStatus

    def ask_config(self, config_id: int) -> None:
        self.send(mesh_pb2.ToRadio(want_config_id=config_id))

    def handshake(self, config_id: int = 4242) -> list[mesh_pb2.FromRadio]:
        self.ask_config(config_id)
        return self.read_handshake(config_id)

    def read_handshake(self, config_id: int) -> list[mesh_pb2.FromRadio]:
        frames = [self.read()]
        while frames[-1].config_complete_id != config_id:
            frames.append(self.read())
        self._skip_first_status()
        return frames

    def _skip_first_status(self) -> None:
        """Read over the queue status that the first client after a start is told."""
        if self._frames_read >= self.node.frames_sent_this_connection:
            return
        payload = self.read_payload()
        message = mesh_pb2.FromRadio.FromString(payload)
        if not message.HasField("queueStatus") or message.queueStatus.mesh_packet_id:
            self._buffer = encode_frame(payload) + self._buffer
            self._frames_read -= 1

    def heartbeat(self) -> None:
        self.send(mesh_pb2.ToRadio(heartbeat=mesh_pb2.Heartbeat()))

    def reset(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def read_end(self) -> tuple[bytes, str]:
        """Read to the end of the connection: what came, and how it ended."""
        data, self._buffer = self._buffer, b""
        while True:
            try:
                chunk = self.sock.recv(65536)
            except ConnectionResetError:
                return data, "rst"
            if not chunk:
                return data, "fin"
            data += chunk


@contextlib.contextmanager
def ready_client(node: SimulatedNode) -> Iterator[Client]:
    with Client(node) as client:
        client.handshake()
        yield client


def variants(frames: list[mesh_pb2.FromRadio]) -> list[str]:
    return [str(frame.WhichOneof("payload_variant")) for frame in frames]


def routing_error(packet: mesh_pb2.MeshPacket) -> int:
    assert packet.decoded.portnum == Port.ROUTING_APP
    return int(mesh_pb2.Routing.FromString(packet.decoded.payload).error_reason)
