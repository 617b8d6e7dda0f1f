"""A whole bot without its threads, fed with bytes by hand: what it does, it does at once.

An error that would cost a line of the journal is raised here.
"""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from meshtastic.protobuf import admin_pb2, mesh_pb2, portnums_pb2, telemetry_pb2

from main_bot import MeshBot
from meshbot.link.frame_decoder import encode_frame
from meshbot.link.mesh_tcp_interface import MeshTCPInterface
from meshbot.link.session_options import SessionOptions
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.model.link_error import LinkError
from tests.support.real_frames import frames_of_nodes

_Port = portnums_pb2.PortNum
COMMANDS = (b"/ping", b"/help", b"/nodes", b"/keys Alice", b"/my", b"/tcp", b"/sys", b"/reconnect")
OPTIONS = SessionOptions(connect_timeout_s=1, queue_wait_s=0.001)


def _payloads(key: bytes) -> Iterator[tuple[_Port.ValueType, bytes]]:
    for command in COMMANDS:
        yield _Port.TEXT_MESSAGE_APP, command
    user = mesh_pb2.User(id="!deadbe01", long_name="Alice", short_name="ALIC", public_key=key)
    yield _Port.NODEINFO_APP, user.SerializeToString()
    routing = mesh_pb2.Routing(error_reason=mesh_pb2.Routing.Error.NO_CHANNEL)
    yield _Port.ROUTING_APP, routing.SerializeToString()
    metrics = telemetry_pb2.DeviceMetrics(battery_level=90, air_util_tx=1.5, uptime_seconds=77)
    yield _Port.TELEMETRY_APP, telemetry_pb2.Telemetry(device_metrics=metrics).SerializeToString()
    yield _Port.POSITION_APP, mesh_pb2.Position(latitude_i=1, longitude_i=2).SerializeToString()
    yield _Port.ADMIN_APP, admin_pb2.AdminMessage(session_passkey=b"x").SerializeToString()


class _DeafInterface(MeshTCPInterface):
    """A session that is not connected: what it writes goes nowhere."""

    def _write_stream(self, data: bytes, timeout_s: float) -> None:
        pass

    def _wake_stream(self) -> None:
        pass


class FedBot:
    """The bot, and the session that it is fed through."""

    def __init__(self, folder: Path) -> None:
        """Start it as far as its store; the session has had a node's whole configuration."""
        self.bot = MeshBot(
            environment={
                "MESHBOT_CONNECTION_MODE": "tcp",
                "MESHBOT_DATABASE_PATH": str(folder / "bot.db"),
                "MESHBOT_ANSWER_CHANNELS": "0",
                "MESHBOT_FLOOD_BURST": "1000",
                "MESHBOT_FLOOD_REFILL_INTERVAL": "0.001",
            }
        )
        self.replies = 0
        # Instead of queueing an answer for a thread that is not there, make it.
        self.bot._conversation._sender.send = self._answer  # type: ignore[method-assign]
        self.bot._store.open()
        self.bot.node_manager.load()
        self.packets = 0
        self._begin_session()

    def _begin_session(self) -> None:
        session = _DeafInterface(self, "127.0.0.1", 1, OPTIONS)
        session.nodes, session.nodesByNum = {}, {}
        session._opened = True
        session.configId = None
        self.session: SupervisedInterface = session
        for payload in frames_of_nodes():
            message = mesh_pb2.FromRadio.FromString(payload)
            if message.HasField("config_complete_id"):
                session.configId = message.config_complete_id
            self.feed_payload(payload)
            if session.ready_s is not None:
                return

    def feed_payload(self, payload: bytes) -> None:
        """Feed one frame, in two halves. Raises whatever goes wrong, but for the link's end."""
        data = encode_frame(payload)
        middle = len(data) // 2
        try:
            self.session._receiver.feed(data[:middle], 0.0)
            self.session._receiver.feed(data[middle:], 0.0)
        except LinkError as error:
            self.interface_lost(self.session, error)
        self.do_all()

    def frames_for_us(self) -> list[bytes]:
        """Return packets of known people to us, of each kind that the bot makes something of."""
        own_num = self.session.own_num
        told = [mesh_pb2.FromRadio.FromString(payload).node_info for payload in frames_of_nodes()]
        people = dict.fromkeys(info.num for info in told if info.num not in (0, own_num))
        frames = []
        for sender in list(people)[:3]:
            for portnum, payload in _payloads(self.bot.node_manager.public_key(sender)):
                packet = mesh_pb2.MeshPacket(to=own_num, id=0x1234, hop_start=3, hop_limit=3)
                setattr(packet, "from", sender)
                packet.rx_snr, packet.rx_rssi = 5.5, -70
                packet.decoded.portnum, packet.decoded.payload = portnum, payload
                packet.decoded.request_id, packet.decoded.bitfield = 0x4321, 1
                packet.pki_encrypted = True
                packet.public_key = self.bot.node_manager.public_key(sender)
                frames.append(mesh_pb2.FromRadio(packet=packet).SerializeToString())
            sealed = mesh_pb2.MeshPacket(to=own_num, id=0x1235, encrypted=bytes(40))
            setattr(sealed, "from", sender)
            frames.append(mesh_pb2.FromRadio(packet=sealed).SerializeToString())
        return frames

    def _answer(self, text: str | Callable[[], str], to: int, **_: object) -> None:
        self.replies += 1
        made = text if isinstance(text, str) else text()
        assert not made.startswith("/"), "no answer is a command"
        assert made.encode("utf-8"), to

    def do_all(self) -> None:
        """Do what was posted to the worker."""
        calls = self.bot._worker._calls
        with contextlib.suppress(queue.Empty):
            while True:
                call = calls.get_nowait()
                if call is not None:
                    call()

    def close(self) -> None:
        """Close the store."""
        self.bot.node_manager.save_heard()
        self.bot._store.close()

    # -- InterfaceEvents -----------------------------------------------------------------------

    def interface_ready(self, interface: SupervisedInterface) -> None:
        """Be told."""

    def interface_lost(self, interface: SupervisedInterface, loss: LinkError) -> None:
        """Go on with another session, as the link would."""
        if threading.current_thread() is threading.main_thread():
            self._begin_session()

    def frame_received(
        self, interface: SupervisedInterface, message: mesh_pb2.FromRadio, payload: bytes
    ) -> None:
        """Pass it on."""
        self.bot.frame_received(interface, message, payload)

    def nodes_downloaded(
        self, interface: SupervisedInterface, nodes: list[mesh_pb2.NodeInfo]
    ) -> None:
        """Pass them on."""
        self.bot.nodes_downloaded(interface, nodes)

    def packet_received(self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket) -> None:
        """Pass it on."""
        self.packets += 1
        self.bot.packet_received(interface, packet)

    def node_told(self, interface: SupervisedInterface, message: mesh_pb2.FromRadio) -> None:
        """Pass it on."""
        self.bot.node_told(interface, message)
