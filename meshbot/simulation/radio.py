"""The radio of the simulated node: who is on the mesh, what goes out, what is heard.

It knows what each firmware version seals, opens, hands over and withholds. Owned by the node's loop
thread; its records are read by others under the node's lock.
"""

import random
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from google.protobuf.message import DecodeError
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.mesh import direct_messages
from meshbot.simulation import packets
from meshbot.simulation.air_text import AirText
from meshbot.simulation.config_frames import NodeIdentity
from meshbot.simulation.loop import SelectLoop
from meshbot.simulation.node_db import SimulatedNodeDb
from meshbot.simulation.peer import SimulatedPeer
from meshbot.simulation.settings import UNSET, SimulatedSettings

_Port = portnums_pb2.PortNum
_Error = mesh_pb2.Routing.Error

# Sent under the channel key even to a node whose public key is known.
_NEVER_SEALED = (
    _Port.NODEINFO_APP,
    _Port.POSITION_APP,
    _Port.ROUTING_APP,
    _Port.TRACEROUTE_APP,
)
_DEFAULT_CHANNEL_HASH = 8
_RECORDED = 10_000
# MeshTypes.h: the radio is off.
_ERRNO_DISABLED = 34
_SILENT_MINUTES = 7


class ClientSide(Protocol):
    """Where the radio's words for the client go."""

    def deliver(self, packet: mesh_pb2.MeshPacket) -> None:
        """Take a packet for the client."""

    def report(self, res: int, packet_id: int) -> None:
        """Take what came of queueing a packet, and its id."""

    def notify_about(self, text: str, packet_id: int) -> None:
        """Take words for the client, and the packet they are about."""


class SimulatedRadio:
    """The node's database, the peers in the air around it, and the packets between them."""

    def __init__(
        self,
        identity: NodeIdentity,
        peers: Iterable[SimulatedPeer],
        settings: SimulatedSettings,
        *,
        rng: random.Random,
        loop: SelectLoop,
        client: ClientSide,
    ) -> None:
        """Know all peers and their keys."""
        self.peers = list(peers)
        self.db = SimulatedNodeDb()
        self.unreachable: set[int] = set()
        self.packets_on_air: deque[mesh_pb2.MeshPacket] = deque(maxlen=_RECORDED)
        self.texts_on_air: deque[AirText] = deque(maxlen=_RECORDED)
        self.illegal_on_air: deque[mesh_pb2.MeshPacket] = deque(maxlen=_RECORDED)
        self.sealed_unopened = 0
        self.key_failures = 0
        self.text_listeners: list[Callable[[AirText], None]] = []
        self.identity = identity
        self._settings = settings
        self._rng = rng
        self._loop = loop
        self._clock = loop.clock
        self._deliver = client.deliver
        self._report = client.report
        self._notify = client.notify_about
        self._people = {peer.num: peer for peer in self.peers}
        now = int(time.time())
        for index, peer in enumerate(self.peers):
            self.db.learn_peer(peer, now - 30 - index)

    # -- out --------------------------------------------------------------------------------

    def put_on_air(self, packet: mesh_pb2.MeshPacket) -> None:
        """Send a decoded packet of the client, sealed or not, as its firmware would."""
        data = packet.decoded
        is_direct = packet.to != packets.BROADCAST_NUM
        known_key = self.db.key_of(packet.to)
        has_key = bool(known_key)
        wants_pki = is_direct and data.portnum not in _NEVER_SEALED and not self._settings.licensed
        if self._refuses(packet):
            return
        error = self._sealing_error(packet, known_key if wants_pki else None)
        if error is not None:
            self.key_failures += 1
            self._report(int(error), packet.id)
            self.hear_routing(None, packet.id, error)
            return
        self._report(0, packet.id)
        self.packets_on_air.append(packet)
        if data.portnum == _Port.TEXT_MESSAGE_APP:
            self._note_text(self.air_text(packet, data, pki=wants_pki and has_key))
        if not is_direct:
            return
        peer = self._reached(packet.to)
        if peer is not None and wants_pki and has_key and known_key != peer.public_key:
            # Sealed with a forged key that the radio saw first: its receiver cannot open it.
            peer = None
        if data.portnum == _Port.NODEINFO_APP and data.want_response and peer is not None:
            self._loop.later(
                self._settings.ack_delay_s, lambda: self._answer_node_info(peer, packet.id)
            )
        self._confirm(packet, peer)

    def _sealing_error(
        self, packet: mesh_pb2.MeshPacket, known_key: bytes | None
    ) -> mesh_pb2.Routing.Error.ValueType | None:
        """Return why it cannot seal as the client wants (``perhapsEncode``); None: as it should.

        ``known_key``: the receiver's, empty if the radio has none; None for what is not sealed.
        """
        if known_key is not None and not known_key and self.identity.firmware_tuple >= (2, 7):
            return _Error.PKI_SEND_FAIL_PUBLIC_KEY
        if packet.pki_encrypted and (
            not known_key or (any(packet.public_key) and packet.public_key != known_key)
        ):
            return _Error.PKI_FAILED
        return None

    def put_sealed_on_air(self, packet: mesh_pb2.MeshPacket) -> None:
        """Send what the client sealed itself: the node neither reads nor seals it again."""
        if self._refuses(packet):
            return
        self._report(0, packet.id)
        self.packets_on_air.append(packet)
        if self._settings.licensed:
            # Router::send transmits it as it is, whoever the owner is.
            self.illegal_on_air.append(packet)
        peer = self._reached(packet.to)
        if peer is not None and packet.channel == 0:
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
                # It cannot be acknowledged either: nobody saw what it says.
                peer = None
            else:
                if data.portnum == _Port.TEXT_MESSAGE_APP:
                    self._note_text(self.air_text(packet, data, pki=True, sealed_by_client=True))
        self._confirm(packet, peer)

    def _refuses(self, packet: mesh_pb2.MeshPacket) -> bool:
        """Say whether the radio may not send now, and tell the client (``Router::send``)."""
        if self._settings.duty_cycle_reached:
            error = _Error.DUTY_CYCLE_LIMIT
            self._report(int(error), packet.id)
            self._notify(
                f"Duty cycle limit exceeded. You can send again in {_SILENT_MINUTES} mins",
                packet.id,
            )
            self.hear_routing(None, packet.id, error)
            return True
        if self._settings.region == UNSET or not self._settings.transmits:
            # ``RadioLibInterface::send`` drops it, and nothing more is ever heard of it.
            self._report(_ERRNO_DISABLED, packet.id)
            return True
        return False

    def _confirm(self, packet: mesh_pb2.MeshPacket, peer: SimulatedPeer | None) -> None:
        """Answer a direct packet that wants it: the peer's acknowledgement, or our giving up."""
        if not packet.want_ack or packet.to == packets.BROADCAST_NUM:
            return
        packet_id = packet.id
        if peer is not None:
            self._loop.later(self._settings.ack_delay_s, lambda: self._hear_ack(peer, packet_id))
        else:
            self._loop.later(
                self._settings.retransmit_s,
                lambda: self._hear_failure(packet_id),
            )

    def _hear_ack(self, peer: SimulatedPeer, packet_id: int) -> None:
        self.hear_routing(peer, packet_id, _Error.NONE)

    def _hear_failure(self, packet_id: int) -> None:
        self.hear_routing(None, packet_id, _Error.MAX_RETRANSMIT)

    def _answer_node_info(self, peer: SimulatedPeer, request_id: int) -> None:
        data = packets.node_info_data(peer.user().SerializeToString(), request_id)
        self.hear_data(peer, data, self.identity.num)

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
            at_s=self._clock(),
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

    # -- in ----------------------------------------------------------------------------------

    def hear_text(
        self, peer: SimulatedPeer, packet: mesh_pb2.MeshPacket, *, via_channel: bool
    ) -> None:
        """Hear a text as written; what the client gets of it depends on keys and firmware."""
        self._meet(peer)
        if packet.to == packets.BROADCAST_NUM or (
            # The firmware hands its client only what is for it or for everybody.
            packet.to == self.identity.num
            and self._opens_or_passes_on(peer, packet, via_channel=via_channel)
        ):
            self.db.heard(peer.num)
            self._deliver(packet)

    def _opens_or_passes_on(
        self, peer: SimulatedPeer, packet: mesh_pb2.MeshPacket, *, via_channel: bool
    ) -> bool:
        """Make of a direct text what this firmware does; say whether the client gets it."""
        version = self.identity.firmware_tuple
        if via_channel:
            if version >= (2, 8):
                return False
            if version >= (2, 7):
                packet.channel = _DEFAULT_CHANNEL_HASH
                packet.encrypted = self._rng.randbytes(packet.decoded.ByteSize())
            return True
        if self.db.key_of(peer.num) == peer.public_key:
            packet.channel = 0
            packet.pki_encrypted = True
            packet.public_key = peer.public_key
            return True
        if version >= (2, 8):
            return False
        packet.channel = 0
        packet.encrypted = direct_messages.seal(
            direct_messages.message_key(peer.private_key, self.identity.public_key),
            packet.id,
            peer.num,
            packet.decoded.SerializeToString(),
            self._rng.randbytes(direct_messages.EXTRA_NONCE_BYTES),
        )
        return True

    def hear_data(self, peer: SimulatedPeer, data: mesh_pb2.Data, to: int) -> int:
        """Hear a packet under the channel key."""
        self._meet(peer)
        if data.portnum == _Port.NODEINFO_APP:
            self._learn_from(peer, data.payload)
        packet = packets.packet_from_peer(peer, to=to, packet_id=self.new_id())
        packet.decoded.CopyFrom(data)
        self.db.heard(peer.num)
        self._deliver(packet)
        return packet.id

    def hear_routing(
        self,
        source: SimulatedPeer | None,
        request_id: int,
        error: mesh_pb2.Routing.Error.ValueType,
    ) -> int:
        """Hear an acknowledgement or a failure, from a peer or (None) from the node itself."""
        data = packets.routing_data(request_id, error)
        if source is not None:
            return self.hear_data(source, data, self.identity.num)
        packet = packets.packet_from_node(self.identity.num, data, self.new_id())
        self._deliver(packet)
        return packet.id

    def _learn_from(self, peer: SimulatedPeer, payload: bytes) -> None:
        try:
            user = mesh_pb2.User.FromString(payload)
        except DecodeError:
            return
        self.db.learn_user(peer.num, user, int(time.time()))

    def learn(self, peer: SimulatedPeer) -> None:
        """Know a peer and its key."""
        self._meet(peer)
        self.db.learn_peer(peer, int(time.time()))

    def _meet(self, peer: SimulatedPeer) -> None:
        """Make somebody heard for the first time part of the mesh, so that answers reach them."""
        if peer.num not in self._people:
            self._people[peer.num] = peer
            self.peers.append(peer)

    def _reached(self, num: int) -> SimulatedPeer | None:
        return None if num in self.unreachable else self._people.get(num)

    def new_id(self) -> int:
        """Return a random packet id."""
        return self._rng.randrange(1, 0xFFFFFFFF)
