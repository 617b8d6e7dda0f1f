"""Seals a client's direct packet for a peer whose key the radio lacks, as the bot's own are.

Any thread; ``_lock`` guards which nodes' keys the radio was seen to lack, and is a leaf.
"""

import secrets
import threading
import weakref
from collections.abc import Callable

from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.link.node_facts import firmware_of, may_seal
from meshbot.link.outgoing_packets import OK_TO_MQTT_BIT
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.mesh import direct_messages
from meshbot.mesh.sealed_messages import SealedMessages
from meshbot.messages.key_book import KeyBook
from meshbot.model.firmware_version import refuses_without_key
from meshbot.model.known_node import BROADCAST_NUM
from meshbot.model.lora_airtime import MOST_BYTES, PACKET_HEADER_BYTES, SEAL_BYTES

MOST_LACKING = 1_000
WANT_RESPONSE_BIT = 0x2
_Port = portnums_pb2.PortNum
_NEVER_SEALED = frozenset(
    (
        _Port.TRACEROUTE_APP,
        _Port.NODEINFO_APP,
        _Port.ROUTING_APP,
        _Port.POSITION_APP,
        _Port.KEY_VERIFICATION_APP,
        _Port.SERIAL_APP,
    )
)
"""``wouldEncryptWithPKC`` of the firmware's Router.cpp; the serial module has its own channel."""


class GuestSeal:
    """Keys, and who seals with them."""

    def __init__(
        self,
        keys: KeyBook,
        sealer: SealedMessages,
        lacks_key: Callable[[int], bool] = lambda _num: False,
    ) -> None:
        """``lacks_key``, for any thread: whether the radio is known to lack a node's key."""
        self._keys = keys
        self._sealer = sealer
        self._lacks_key = lacks_key
        self._lock = threading.Lock()
        self._lacking: set[int] = set()
        self._session: weakref.ref[SupervisedInterface] | None = None

    def label(self, num: int) -> str:
        """Return how a log line names a node."""
        return self._keys.label(num)

    def can_seal(self, interface: SupervisedInterface | None, packet: mesh_pb2.MeshPacket) -> bool:
        """Say whether we can seal a packet ourselves, and the radio would have."""
        if interface is None or packet.WhichOneof("payload_variant") != "decoded":
            return False
        if packet.to in (BROADCAST_NUM, interface.own_num) or not packet.to:
            return False
        if packet.decoded.portnum in _NEVER_SEALED or not may_seal(interface.own_user):
            return False
        key = self._keys.public_key(packet.to)
        is_same = not packet.public_key or packet.public_key == key
        return bool(key) and is_same and bool(interface.own_private_key)

    def note_lacking(self, interface: SupervisedInterface, num: int) -> None:
        """Note that the radio said in this session that it lacks a node's key."""
        with self._lock:
            self._enter(interface)
            if len(self._lacking) >= MOST_LACKING:
                self._lacking.clear()
            self._lacking.add(num)

    def is_lacking(self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket) -> bool:
        """Say whether the radio lacks the key for a packet, or may lack it and not say so.

        Firmware that sends such a packet under the channel's key is given none to seal: it evicts
        nodes without a word. What a client wants on another channel than the first, unsealed, that
        seals in no case.
        """
        with self._lock:
            self._enter(interface)
            noted = packet.to in self._lacking
        if noted:
            return True
        would_seal = packet.pki_encrypted or packet.channel == 0
        is_silent = not refuses_without_key(firmware_of(interface))
        return would_seal and (is_silent or self._lacks_key(packet.to))

    def sealed(
        self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket
    ) -> mesh_pb2.MeshPacket:
        """Return a packet sealed, under its own id.

        Raises ``CannotOpen`` if a key cannot be used. The bitfield is what the firmware puts into
        each packet of its own, but not into one that it finds sealed.
        """
        data = mesh_pb2.Data()
        data.CopyFrom(packet.decoded)
        data.bitfield |= OK_TO_MQTT_BIT if interface.ok_to_mqtt else 0
        data.bitfield |= WANT_RESPONSE_BIT if data.want_response else 0
        sealed = direct_messages.seal(
            self._sealer.message_key(interface.own_private_key, self._keys.public_key(packet.to)),
            packet.id,
            interface.own_num,
            data.SerializeToString(),
            secrets.token_bytes(direct_messages.EXTRA_NONCE_BYTES),
        )
        out = mesh_pb2.MeshPacket()
        out.CopyFrom(packet)
        out.ClearField("public_key")
        out.channel = 0
        out.pki_encrypted = True
        out.encrypted = sealed
        return out

    @staticmethod
    def is_too_large(packet: mesh_pb2.MeshPacket) -> bool:
        """Say whether no radio could transmit a packet once it is sealed."""
        size = PACKET_HEADER_BYTES + packet.decoded.ByteSize() + SEAL_BYTES
        return size > MOST_BYTES

    def _enter(self, interface: SupervisedInterface) -> None:
        if self._session is None or self._session() is not interface:
            self._session = weakref.ref(interface)
            self._lacking.clear()
