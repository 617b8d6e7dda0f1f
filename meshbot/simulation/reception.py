"""The radio of the simulated node, inwards: what it does with what it hears.

It knows what each firmware version opens, hands over, withholds and refuses. Owned by the node's
loop thread.
"""

import random

from google.protobuf.message import DecodeError
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.mesh import direct_messages
from meshbot.simulation import packets
from meshbot.simulation.loop import SelectLoop
from meshbot.simulation.peer import SimulatedPeer
from meshbot.simulation.radio import ClientSide, SimulatedRadio
from meshbot.simulation.settings import UNSET, SimulatedSettings
from meshbot.simulation.signer import sign
from meshbot.simulation.wire import number_field

_Port = portnums_pb2.PortNum
_Error = mesh_pb2.Routing.Error
_Priority = mesh_pb2.MeshPacket.Priority
_Transport = mesh_pb2.MeshPacket.TransportMechanism
_DEFAULT_CHANNEL_HASH = 8
_SIGNED_FIELD = 22


class SimulatedReception:
    """Hears peers, answers for the node, and hands over to the client what it would get."""

    def __init__(
        self,
        radio: SimulatedRadio,
        settings: SimulatedSettings,
        *,
        rng: random.Random,
        loop: SelectLoop,
        client: ClientSide,
    ) -> None:
        """Hear what answers the packets of this radio."""
        self._radio = radio
        self._mesh = radio.mesh
        self._settings = settings
        self._rng = rng
        self._loop = loop
        self._client = client
        radio.on_answer = self.hear_from

    def hear_text(
        self, peer: SimulatedPeer, packet: mesh_pb2.MeshPacket, *, via_channel: bool
    ) -> None:
        """Hear a text as written; what the client gets of it depends on keys and firmware."""
        self._mesh.meet(peer)
        self._radio.air_time.receive(packet.decoded.ByteSize())
        own_num = self._radio.identity.num
        # The firmware hands its client only what is for it or for everybody.
        if packet.to not in (packets.BROADCAST_NUM, own_num):
            return
        if packet.to == own_num:
            refusal = self._take_open(packet) if via_channel else self._take_sealed(peer, packet)
            tried = via_channel or self._has_key
            if refusal and tried and self._radio.identity.profile.is_2_8:
                # What it tried to open in vain goes no further, and nothing is said of it.
                return
            if packet.want_ack:
                self._answer(peer, packet.id, refusal)
        self._mesh.heard(peer.num)
        self._hand_over(packet)

    @property
    def _has_key(self) -> bool:
        """Whether it has a key of its own, without which it tries to open nothing sealed."""
        return not self._settings.licensed and self._settings.region != UNSET

    def _hand_over(self, packet: mesh_pb2.MeshPacket) -> None:
        if self._radio.identity.profile.tells_transport and not packet.transport_mechanism:
            packet.transport_mechanism = _Transport.TRANSPORT_LORA
        self._client.deliver(packet)

    def _take_open(self, packet: mesh_pb2.MeshPacket) -> _Error.ValueType:
        """Make of a direct text under the channel key what this firmware does; say how it ends."""
        if self._settings.licensed or not self._radio.identity.profile.rejects_open_direct_texts:
            return _Error.NONE
        packet.channel = _DEFAULT_CHANNEL_HASH
        packet.encrypted = self._rng.randbytes(packet.decoded.ByteSize())
        return _Error.NO_CHANNEL

    def _take_sealed(self, peer: SimulatedPeer, packet: mesh_pb2.MeshPacket) -> _Error.ValueType:
        """Open a sealed text, or leave it sealed; say what the sender is told."""
        packet.channel = 0
        key = self._mesh.db.key_of(peer.num)
        if key == peer.public_key and not self._settings.licensed:
            packet.pki_encrypted = True
            packet.public_key = peer.public_key
            return _Error.NONE
        packet.encrypted = direct_messages.seal(
            direct_messages.message_key(peer.private_key, self._radio.identity.public_key),
            packet.id,
            peer.num,
            packet.decoded.SerializeToString(),
            self._rng.randbytes(direct_messages.EXTRA_NONCE_BYTES),
        )
        return _Error.NO_CHANNEL if key else _Error.PKI_UNKNOWN_PUBKEY

    def _answer(self, peer: SimulatedPeer, packet_id: int, error: _Error.ValueType) -> None:
        """Acknowledge or refuse a direct text of a peer (``ReliableRouter::sniffReceived``)."""
        opened = error == _Error.NONE
        self._radio.send_own(
            peer.num,
            packets.routing_data(packet_id, error),
            _Priority.ACK,
            # The acknowledgement of a text wants one itself, from 2.7 on.
            want_ack=opened and self._radio.identity.profile.version >= (2, 7),
        )
        if error == _Error.PKI_UNKNOWN_PUBKEY and self._settings.peers_answer_refusals:
            data = packets.node_info_data(peer.user().SerializeToString())
            self._loop.later(self._settings.ack_delay_s, lambda: self.hear_from(peer, data))

    def hear_from(self, peer: SimulatedPeer, data: mesh_pb2.Data) -> int:
        """Hear what a peer tells this node; return the packet's id."""
        return self.hear_data(peer, data, self._radio.identity.num)

    def hear_data(self, peer: SimulatedPeer, data: mesh_pb2.Data, to: int) -> int:
        """Hear a packet under the channel key."""
        self._radio.air_time.receive(data.ByteSize())
        self._mesh.meet(peer)
        packet = packets.packet_from_peer(
            peer, to=to, packet_id=self._radio.new_id(), rx_time=self._mesh.now()
        )
        packet.decoded.CopyFrom(data)
        is_signed = self._radio.identity.profile.is_2_8 and _is_signed(peer, packet)
        if is_signed and self._mesh.db.key_of(peer.num) not in (b"", peer.public_key):
            return packet.id  # checkXeddsaReceivePolicy: not with the key it has, so dropped
        if data.portnum == _Port.NODEINFO_APP:
            self._mesh.learn_user(peer, data.payload, signed=is_signed)
        if is_signed:
            sign(packet, peer.private_key, as_2_8_0=peer.signs_as_2_8_0)
            packet.MergeFromString(number_field(_SIGNED_FIELD, 1))
        self._mesh.heard(peer.num)
        self._mesh.db.learn_data(peer.num, data)
        self._mesh.replays.note(peer, data, packet.rx_time)
        self._hand_over(packet)
        return packet.id

    def hear_routing(
        self, source: SimulatedPeer | None, request_id: int, error: _Error.ValueType
    ) -> int:
        """Hear an acknowledgement or a failure, from a peer or (None) from the node itself."""
        if source is None:
            return self._radio.tell_of_failure(request_id, error)
        return self.hear_from(source, packets.routing_data(request_id, error))


def _is_signed(peer: SimulatedPeer, packet: mesh_pb2.MeshPacket) -> bool:
    """Say whether a peer signs a packet: all that is for everybody; here its NodeInfos only.

    What announces another key is somebody else's, who cannot sign for it. Older radios drop the
    signature, a field that they do not know.
    """
    data = packet.decoded
    if data.portnum != _Port.NODEINFO_APP or packet.to != packets.BROADCAST_NUM:
        return False
    try:
        user = mesh_pb2.User.FromString(data.payload)
    except DecodeError:
        return False
    return peer.is_2_8 and user.public_key == peer.public_key
