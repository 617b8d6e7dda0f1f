"""What becomes of the node's frames: kept for a configuration, given to the clients, or neither.

Owned by the loop that serves the clients, and entered by its thread alone. The node's words on its
queue stay here: a client is told of its own place in ours. So does ``rebooted``: the client's node
is always there.
"""

from collections.abc import Callable

from google.protobuf.message import DecodeError
from meshtastic.protobuf import admin_pb2, mesh_pb2, portnums_pb2

from meshbot.mesh.sealed_messages import is_sealed_for
from meshbot.sharing.client_frames import opened, packet_frame
from meshbot.sharing.configuration_recorder import ConfigurationRecorder
from meshbot.sharing.guests import Guests
from meshbot.sharing.held_messages import HeldMessages
from meshbot.sharing.missed_texts import MissedTexts
from meshbot.sharing.node_configuration import NodeConfiguration
from meshbot.sharing.node_memory import NodeMemory
from meshbot.sharing.packet_ids import PacketIds
from meshbot.sharing.packet_routing import PacketRouting
from meshbot.sharing.proxied_frames import ProxiedFrames

_TEXT = portnums_pb2.PortNum.TEXT_MESSAGE_APP
_ROUTING = portnums_pb2.PortNum.ROUTING_APP
_ADMIN = portnums_pb2.PortNum.ADMIN_APP
_PROXIED = ("mqttClientProxyMessage", "xmodemPacket")


class NodeFrames:
    """The node's frames, session after session; ``configuration`` is the last that was whole."""

    def __init__(
        self,
        guests: Guests,
        ids: PacketIds,
        memory: NodeMemory,
        *,
        private_key: bool,
        failed: Callable[[int, int], bool],
        clock: Callable[[], float],
    ) -> None:
        """Name the collaborators; ``private_key``: clients may see the node's.

        ``failed`` is told the id of a packet and the routing error about it, and says whether that
        is dealt with, so that its client is told nothing.
        """
        self.configuration: NodeConfiguration | None = None
        self.proxied = ProxiedFrames()
        self.missed = MissedTexts()
        self.on_configured: Callable[[NodeConfiguration], object] = lambda configuration: None
        self._guests = guests
        self._ids = ids
        self._memory = memory
        self._routing = PacketRouting(ids, private_key=private_key)
        self._held = HeldMessages()
        self._failed = failed
        self._clock = clock
        self._session: object = None
        self._recorder = ConfigurationRecorder()

    @property
    def own_num(self) -> int:
        """The number of our node, 0 before the first configuration."""
        return self.configuration.own_num if self.configuration is not None else 0

    def node_entries(self) -> list[bytes]:
        """Return the frames of the other nodes, for a client's configuration."""
        return self._memory.payloads(self.own_num)

    def own_entry(self) -> bytes:
        """Return the frame of our own node's entry, with what it said since."""
        configuration = self.configuration
        if configuration is None:
            return b""
        return self._memory.own_payload(configuration.own_num, configuration.own_entry)

    def wrote(self, packet: mesh_pb2.MeshPacket) -> None:
        """Note that a client takes a node out of the radio's database."""
        try:
            message = admin_pb2.AdminMessage.FromString(packet.decoded.payload)
        except DecodeError:
            return
        if packet.decoded.portnum == _ADMIN and message.remove_by_nodenum:
            self._memory.remove(message.remove_by_nodenum)

    def came(self, session: object, payload: bytes) -> None:
        """Take a frame of a session with the node."""
        try:
            message = mesh_pb2.FromRadio.FromString(payload)
        except DecodeError:
            return  # the session has counted it
        if session is not self._session:
            self._session, self._recorder = session, ConfigurationRecorder()
        configuration = self._recorder.take(message, payload)
        if configuration is not None:
            self._configured(configuration)
        self._pass_on(message, payload)

    def _configured(self, configuration: NodeConfiguration) -> None:
        self.configuration = configuration
        self._memory.learn(configuration.nodes, complete=not configuration.light)
        self.on_configured(configuration)

    def _pass_on(self, message: mesh_pb2.FromRadio, payload: bytes) -> None:
        kind = message.WhichOneof("payload_variant")
        if kind == "packet":
            self._packet_came(message.packet, payload)
        elif kind == "clientNotification":
            self._notified(message, payload)
        elif kind in _PROXIED:
            # A file is for who asked for it, and nobody else.
            recipient = self.proxied.recipient(kind, asked=kind == "xmodemPacket")
            if recipient is not None:
                self._guests.give(recipient, payload)
        elif kind == "log_record":
            self._guests.give_ready(payload)

    def _packet_came(self, packet: mesh_pb2.MeshPacket, payload: bytes) -> None:
        self._memory.hear(packet)
        if is_sealed_for(packet, self.own_num):
            for held in self._held.hold(packet, payload, self._clock()):
                self._pass_packet(held.packet, held.payload)
        else:
            self._pass_packet(packet, payload)

    def _pass_packet(self, packet: mesh_pb2.MeshPacket, payload: bytes) -> None:
        """Give a packet to those whom it concerns."""
        if self._is_dealt_with(packet):
            return
        if packet.decoded.portnum == _TEXT and getattr(packet, "from") != self.own_num:
            self.missed.heard(payload, self._clock())
        self.give(packet, payload)

    def give(self, packet: mesh_pb2.MeshPacket, payload: bytes, *, but: int | None = None) -> None:
        """Give a packet to those whom it concerns, under the ids that each knows."""
        ready = [client for client in self._guests.ready if client != but]
        for client, own_payload in self._routing.deliveries(packet, payload, self.own_num, ready):
            self._guests.give(client, own_payload)

    def _is_dealt_with(self, packet: mesh_pb2.MeshPacket) -> bool:
        """Say whether a packet that failed goes out again, so that its client is not told."""
        data = packet.decoded
        if data.portnum != _ROUTING or getattr(packet, "from") != self.own_num:
            return False
        owner = self._ids.owner(data.request_id)
        if owner is None or owner.client is None:
            return False
        try:
            error = mesh_pb2.Routing.FromString(data.payload).error_reason
        except DecodeError:
            return False
        return bool(error) and self._failed(data.request_id, error)

    def _notified(self, message: mesh_pb2.FromRadio, payload: bytes) -> None:
        """Tell of a packet him who sent it, and everybody of what is about none."""
        about = message.clientNotification.reply_id
        owner = self._ids.owner(about) if about else None
        if owner is None:
            self._guests.give_ready(payload)
        elif owner.client is not None:
            message.clientNotification.reply_id = owner.own_id
            self._guests.give(owner.client, message.SerializeToString())

    # -- Sealed messages -----------------------------------------------------------------------

    def was_opened(
        self, packet: mesh_pb2.MeshPacket, data: mesh_pb2.Data, public_key: bytes
    ) -> None:
        """Give a message that the bot opened as the radio would have."""
        self._held.take(packet)
        shown = opened(packet, data, public_key)
        self._memory.hear(shown)
        self._pass_packet(shown, packet_frame(shown))

    def stays_sealed(self, packet: mesh_pb2.MeshPacket) -> None:
        """Give a message as it came that the bot cannot open, or not yet."""
        held = self._held.take(packet)
        if held is not None:
            self._pass_packet(held.packet, held.payload)

    def tick(self) -> None:
        """Hold nothing back for too long."""
        for held in self._held.pop_due(self._clock()):
            self._pass_packet(held.packet, held.payload)
