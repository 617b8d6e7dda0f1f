"""The radio of the simulated node, outwards: what goes on the air, and what becomes of it.

It knows what each firmware version seals, refuses and repeats. Owned by the node's loop thread; its
records are read by others under the node's lock.
"""

import random
from collections import deque
from collections.abc import Callable
from typing import Protocol

from google.protobuf.message import DecodeError
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.mesh import direct_messages
from meshbot.simulation import packets
from meshbot.simulation.air_echo import SIGNATURE_FIELD_BYTES, air_echo, on_air
from meshbot.simulation.air_queue import AirQueue
from meshbot.simulation.air_text import AirText
from meshbot.simulation.air_time import SimulatedAirTime
from meshbot.simulation.loop import SelectLoop
from meshbot.simulation.mesh import SimulatedMesh
from meshbot.simulation.node_identity import NodeIdentity
from meshbot.simulation.peer import SimulatedPeer
from meshbot.simulation.peer_answers import answer_of
from meshbot.simulation.settings import UNSET, SimulatedSettings

_Port = portnums_pb2.PortNum
_Error = mesh_pb2.Routing.Error
_Priority = mesh_pb2.MeshPacket.Priority

# Sent under the channel key even to a node whose public key is known.
_NEVER_SEALED = (
    _Port.NODEINFO_APP,
    _Port.POSITION_APP,
    _Port.ROUTING_APP,
    _Port.TRACEROUTE_APP,
)
_RECORDED = 10_000
# MeshTypes.h: the queue is full, the radio is off.
_ERRNO_UNKNOWN = 32
_ERRNO_DISABLED = 34
_SILENT_MINUTES = 7
_TRANSMISSIONS = 3
_MOST_HOPS = 7
# MAX_LORA_PAYLOAD_LEN, the header, and what sealing adds.
_MOST_BYTES = 255
_HEADER_BYTES = 16
_SEAL_BYTES = 12


class ClientSide(Protocol):
    """Where the radio's words for the client go."""

    def deliver(self, packet: mesh_pb2.MeshPacket) -> None:
        """Take a packet for the client."""

    def report(self, res: int, packet_id: int) -> None:
        """Take what came of queueing a packet, and its id."""

    def notify_about(self, text: str, packet_id: int) -> None:
        """Take words for the client, and the packet they are about."""


class SimulatedRadio:
    """Takes packets of the client and of the node itself, and hears whether they arrive."""

    def __init__(
        self,
        identity: NodeIdentity,
        mesh: SimulatedMesh,
        settings: SimulatedSettings,
        *,
        rng: random.Random,
        loop: SelectLoop,
        client: ClientSide,
    ) -> None:
        """Belong to a node on this mesh."""
        self.identity = identity
        self.mesh = mesh
        self.queue = AirQueue(loop, settings)
        self.air_time = SimulatedAirTime(settings, loop.clock)
        self.packets_on_air: deque[mesh_pb2.MeshPacket] = deque(maxlen=_RECORDED)
        self.own_packets_on_air: deque[mesh_pb2.MeshPacket] = deque(maxlen=_RECORDED)
        self.texts_on_air: deque[AirText] = deque(maxlen=_RECORDED)
        self.illegal_on_air: deque[mesh_pb2.MeshPacket] = deque(maxlen=_RECORDED)
        self.sealed_unopened = 0
        self.hopless_dropped = 0
        self.key_failures = 0
        self.text_listeners: list[Callable[[AirText], None]] = []
        # Who hears the acknowledgements and answers of peers: the node's reception.
        self.on_answer: Callable[[SimulatedPeer, mesh_pb2.Data], object] = lambda peer, data: None
        self._settings = settings
        self._rng = rng
        self._loop = loop
        self._client = client

    def new_id(self) -> int:
        """Return a random packet id."""
        return self._rng.randrange(1, 0xFFFFFFFF)

    # -- packets of the client --------------------------------------------------------------

    def put_on_air(self, packet: mesh_pb2.MeshPacket) -> None:
        """Send a decoded packet of the client, sealed or not, as its firmware would."""
        self._complete(packet)
        if self._has_used_up_air_time(packet.id):
            return
        wants_key = (
            packet.to != packets.BROADCAST_NUM
            and packet.decoded.portnum not in _NEVER_SEALED
            and not self._settings.licensed
        )
        key = self.mesh.db.key_of(packet.to) if wants_key else b""
        error = self._sealing_error(packet, key if wants_key else None)
        if error is not None:
            self.key_failures += 1
            self._fail(packet.id, error)
            return
        overhead = _HEADER_BYTES + (_SEAL_BYTES if key else 0)
        if on_air(packet.decoded).ByteSize() + overhead > _MOST_BYTES:
            self._fail(packet.id, _Error.TOO_LARGE)
            return
        size = self._air_bytes(packet, sealed=bool(key))
        self._enqueue(packet.id, lambda: self._send(packet, key), size)

    def _sealing_error(
        self, packet: mesh_pb2.MeshPacket, known_key: bytes | None
    ) -> mesh_pb2.Routing.Error.ValueType | None:
        """Return why it cannot seal as the client wants (``perhapsEncode``); None: as it should.

        ``known_key``: the receiver's, empty if the radio has none; None for what is not sealed.
        """
        if known_key == b"" and self.identity.profile.refuses_without_key:
            return _Error.PKI_SEND_FAIL_PUBLIC_KEY
        if packet.pki_encrypted and (
            not known_key or (any(packet.public_key) and packet.public_key != known_key)
        ):
            return _Error.PKI_FAILED
        return None

    def put_sealed_on_air(self, packet: mesh_pb2.MeshPacket) -> None:
        """Send what the client sealed itself: the node neither reads nor seals it again."""
        self._complete(packet)
        if not self._has_used_up_air_time(packet.id):
            size = self._air_bytes(packet, sealed=True)
            self._enqueue(packet.id, lambda: self._send_sealed(packet), size)

    def _complete(self, packet: mesh_pb2.MeshPacket) -> None:
        packet.rx_time = self.mesh.now()
        if packet.want_ack and not packet.hop_limit:
            # Router::sendLocal: who wants an acknowledgement has no preference.
            packet.hop_limit = min(_MOST_HOPS, self._settings.hop_limit)

    def _has_used_up_air_time(self, packet_id: int) -> bool:
        """Say whether the region allows no more, and tell the client (``Router::send``)."""
        if not self._may_not_transmit:
            return False
        self._client.report(int(_Error.DUTY_CYCLE_LIMIT), packet_id)
        self._tell_of_silence(packet_id)
        return True

    @property
    def _may_not_transmit(self) -> bool:
        return self._settings.duty_cycle_reached or self.air_time.is_used_up

    def _tell_of_silence(self, packet_id: int) -> None:
        real = self.air_time.is_used_up
        minutes = self.air_time.silent_minutes if real else _SILENT_MINUTES
        words = f"Duty cycle limit exceeded. You can send again in {minutes} mins"
        self._client.notify_about(words, packet_id)
        self.tell_of_failure(packet_id, _Error.DUTY_CYCLE_LIMIT)

    def _enqueue(self, packet_id: int, send: Callable[[], None], size: int) -> None:
        if self._settings.region == UNSET or not self._settings.transmits:
            # ``RadioLibInterface::send`` drops it, and nothing more is ever heard of it.
            self._client.report(_ERRNO_DISABLED, packet_id)
        elif self.queue.put(send, self.air_time.time_s(size)):
            self._client.report(0, packet_id)
            self.queue.go_on()
        else:
            self._client.report(_ERRNO_UNKNOWN, packet_id)

    def _fail(self, packet_id: int, error: _Error.ValueType) -> None:
        self._client.report(int(error), packet_id)
        self.tell_of_failure(packet_id, error)

    def tell_of_failure(self, packet_id: int, error: _Error.ValueType) -> int:
        """Tell the client how a packet ended, as its own node; return the id of that."""
        return self.tell(packets.routing_data(packet_id, error), _Priority.ACK)

    def tell(
        self,
        data: mesh_pb2.Data,
        priority: _Priority.ValueType,
        *,
        to: int | None = None,
        hop_limit: int = 0,
        packet_id: int | None = None,
    ) -> int:
        """Tell the client something as its own node; return the packet's id."""
        packet = packets.packet_from_node(
            self.identity.num,
            data,
            self.new_id() if packet_id is None else packet_id,
            to=to,
            rx_time=self.mesh.now(),
            priority=priority,
            hop_limit=hop_limit,
        )
        self._client.deliver(packet)
        return packet.id

    def _air_bytes(self, packet: mesh_pb2.MeshPacket, *, sealed: bool) -> int:
        """Return how many bytes a packet is on the air, header, seal and signature included."""
        if packet.WhichOneof("payload_variant") == "encrypted":
            return _HEADER_BYTES + len(packet.encrypted)
        size = _HEADER_BYTES + on_air(packet.decoded).ByteSize() + (_SEAL_BYTES if sealed else 0)
        signs = self.identity.profile.is_2_8 and packet.to == packets.BROADCAST_NUM
        if signs and size + SIGNATURE_FIELD_BYTES <= _MOST_BYTES:
            size += SIGNATURE_FIELD_BYTES
        return size

    def _transmit(self, packet: mesh_pb2.MeshPacket, *, sealed: bool, of_client: bool) -> None:
        """Count a transmission; what the client sealed itself is a text for all that is known."""
        is_text = packet.decoded.portnum == _Port.TEXT_MESSAGE_APP or packet.HasField("encrypted")
        size = self._air_bytes(packet, sealed=sealed)
        self.air_time.transmit(size, is_clients_text=of_client and is_text)

    def _repeat(self, packet: mesh_pb2.MeshPacket, *, sealed: bool) -> None:
        """Transmit a packet of the client again, which nobody has confirmed."""
        if self._may_not_transmit:
            return
        self._transmit(packet, sealed=sealed, of_client=True)
        self._show(packet, sealed=sealed)

    def _send(self, packet: mesh_pb2.MeshPacket, key: bytes) -> None:
        data = packet.decoded
        self.packets_on_air.append(packet)
        self._transmit(packet, sealed=bool(key), of_client=True)
        if data.portnum == _Port.TEXT_MESSAGE_APP:
            self._note_text(self.air_text(packet, data, pki=bool(key)))
        self._show(packet, sealed=bool(key))
        if packet.to == packets.BROADCAST_NUM:
            self._confirm(packet, None, sealed=False)
            return
        peer = self.mesh.reached(packet.to, packet.hop_limit)
        if peer is not None and key and key != peer.public_key:
            # Sealed with a forged key that the radio saw first: its receiver cannot open it.
            peer = None
        answer = answer_of(peer, data, packet.id, self._rng) if peer is not None else None
        if peer is not None and answer is not None:
            # ReliableRouter::sniffReceived: an answer acknowledges what it answers.
            self._answer_later(peer, answer)
            return
        self._confirm(packet, peer, sealed=bool(key))

    def _send_sealed(self, packet: mesh_pb2.MeshPacket) -> None:
        self.packets_on_air.append(packet)
        self._transmit(packet, sealed=True, of_client=True)
        if self._settings.licensed:
            # Router::send transmits it as it is, whoever the owner is.
            self.illegal_on_air.append(packet)
        self._show(packet, sealed=True)
        peer = self.mesh.reached(packet.to, packet.hop_limit)
        if peer is not None and packet.channel == 0:
            data = self._opened_by(peer, packet)
            if data is None:
                # It cannot be acknowledged either: nobody saw what it says.
                peer = None
            elif data.portnum == _Port.TEXT_MESSAGE_APP:
                self._note_text(self.air_text(packet, data, pki=True, sealed_by_client=True))
        self._confirm(packet, peer, sealed=True)

    def _opened_by(self, peer: SimulatedPeer, packet: mesh_pb2.MeshPacket) -> mesh_pb2.Data | None:
        try:
            plaintext = direct_messages.open_sealed(
                direct_messages.message_key(peer.private_key, self.identity.public_key),
                packet.id,
                self.identity.num,
                packet.encrypted,
            )
            data = mesh_pb2.Data.FromString(plaintext)
        except (direct_messages.CannotOpen, DecodeError):
            self.sealed_unopened += 1
            return None
        if not packet.hop_limit and not data.HasField("bitfield"):
            # 2.8 takes it for a packet of firmware from before 2.3 (classifyHopStart).
            self.hopless_dropped += 1
            return None
        return data

    # -- packets of the node itself ---------------------------------------------------------

    def send_own(
        self,
        to: int,
        data: mesh_pb2.Data,
        priority: _Priority.ValueType,
        *,
        want_ack: bool = False,
        tells_client: bool = False,
        copies_client: bool = False,
    ) -> None:
        """Send something by itself.

        The client hears of its queueing where a module sent it (``sendToMesh``), and gets a copy
        of some; not where the router did.
        """
        hops = 0 if priority == _Priority.ACK else self._settings.hop_limit
        packet = packets.packet_from_node(
            self.identity.num,
            data,
            self.new_id(),
            to=to,
            rx_time=self.mesh.now(),
            priority=priority,
            hop_limit=hops,
        )
        packet.want_ack = want_ack
        if self._settings.region == UNSET or not self._settings.transmits:
            return
        if self._may_not_transmit:
            self._tell_of_silence(packet.id)
            return
        air_s = self.air_time.time_s(self._air_bytes(packet, sealed=False))
        if not self.queue.put(lambda: self._send_packet_of_its_own(packet, copies_client), air_s):
            return
        if tells_client:
            self._client.report(0, packet.id)
        self.queue.go_on()

    def _send_packet_of_its_own(self, packet: mesh_pb2.MeshPacket, copies_client: bool) -> None:
        self.own_packets_on_air.append(packet)
        self._transmit(packet, sealed=False, of_client=False)
        if self.identity.profile.is_native:
            self._client.report(0, packet.id)
        if copies_client:
            copy = mesh_pb2.MeshPacket()
            copy.CopyFrom(packet)
            copy.decoded.CopyFrom(on_air(packet.decoded))
            copy.hop_start = copy.hop_limit
            self._client.deliver(copy)
        self._show_content(packet, sealed=False)
        if packet.want_ack and (
            self._settings.loses_own_acks or self.mesh.reached(packet.to, _MOST_HOPS) is None
        ):
            self._give_up_later(packet.id)

    # -- what becomes of it -----------------------------------------------------------------

    def _show(self, packet: mesh_pb2.MeshPacket, *, sealed: bool) -> None:
        """Show the client what goes out, where the radio is a simulated one."""
        if self.identity.profile.is_native:
            self._client.report(0, packet.id)
            self._show_content(packet, sealed=sealed)

    def _show_content(self, packet: mesh_pb2.MeshPacket, *, sealed: bool) -> None:
        if self.identity.profile.is_native:
            self._client.deliver(air_echo(packet, self.identity, self._rng, sealed=sealed))

    def _confirm(
        self, packet: mesh_pb2.MeshPacket, peer: SimulatedPeer | None, *, sealed: bool
    ) -> None:
        """Answer a packet that wants it: an acknowledgement, or our giving up."""
        if not packet.want_ack:
            return
        if self._settings.hears_relays and packet.hop_limit:
            # ReliableRouter: "Generate implicit ack", from the node to itself, after which it tries
            # no more: of a direct packet that gets no further, nothing else is ever heard.
            self._loop.later(
                self._settings.ack_delay_s / 2,
                lambda: self.tell_of_failure(packet.id, _Error.NONE),
            )
            if peer is None:
                return
        if peer is not None:
            self._answer_later(peer, packets.routing_data(packet.id, _Error.NONE))
            return
        between_s = self._settings.retransmit_s / _TRANSMISSIONS
        for turn in range(1, _TRANSMISSIONS):
            self._loop.later(turn * between_s, lambda: self._repeat(packet, sealed=sealed))
        self._give_up_later(packet.id)

    def _give_up_later(self, packet_id: int) -> None:
        self._loop.later(
            self._settings.retransmit_s,
            lambda: self.tell_of_failure(packet_id, _Error.MAX_RETRANSMIT),
        )

    def _answer_later(self, peer: SimulatedPeer, data: mesh_pb2.Data) -> None:
        self._loop.later(self._settings.ack_delay_s, lambda: self.on_answer(peer, data))

    def air_text(
        self,
        packet: mesh_pb2.MeshPacket,
        data: mesh_pb2.Data,
        *,
        pki: bool,
        sealed_by_client: bool = False,
    ) -> AirText:
        """Describe a text of the client."""
        return AirText(
            to=packet.to,
            text=data.payload.decode("utf-8", "replace"),
            packet_id=packet.id,
            at_s=self._loop.clock(),
            want_ack=packet.want_ack,
            reply_id=data.reply_id,
            channel=packet.channel,
            sealed_by_client=sealed_by_client,
            pki=pki,
        )

    def _note_text(self, text: AirText) -> None:
        self.texts_on_air.append(text)
        for listener in self.text_listeners:
            listener(text)
