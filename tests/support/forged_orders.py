"""Orders that were never given, as somebody without the administrator's key can have them heard.

Each is a packet as the node hands it to its client. What the radio's marks are worth by firmware
and by the way a packet came, ``tests/messages/test_sender_proof.py`` has with its sources.
"""

import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.mesh import direct_messages
from meshbot.model.firmware_version import names_the_way, names_the_way_itself
from meshbot.simulation import packets
from meshbot.simulation.peer import SimulatedPeer, private_key_from
from meshbot.simulation.simulated_node import SimulatedNode

ORDER = "/tcp reconnect"
Transport = mesh_pb2.MeshPacket.TransportMechanism
_PortNum = portnums_pb2.PortNum


class Forger:
    """Knows all numbers and public keys, and what was on the air; has no key of anybody else's."""

    def __init__(
        self,
        node: SimulatedNode,
        admin: SimulatedPeer,
        other: SimulatedPeer,
        rng: random.Random,
    ) -> None:
        """Name the node, who may give orders, and who may not."""
        self._node, self._admin, self._other, self._rng = node, admin, other, rng

    def new_id(self) -> int:
        """Return an id that no packet had."""
        return self._rng.randrange(1, 1 << 32)

    def true_order(self, text: str = ORDER) -> mesh_pb2.MeshPacket:
        """Return what the radio makes of an order that the administrator sealed."""
        return self._marked(packet_id=self.new_id(), text=text)

    def sealed_order(self, packet_id: int) -> mesh_pb2.MeshPacket:
        """Return the same as a radio that lacks his key hands it over."""
        return self._sealed(self._admin, packet_id)

    def forgeries(self) -> dict[str, mesh_pb2.MeshPacket]:
        """Return one of each kind."""
        return {name: make() for name, make in self._kinds().items()}

    def repetitions(self, order: mesh_pb2.MeshPacket) -> dict[str, mesh_pb2.MeshPacket]:
        """Return what can be made of a recording of an order, however the radio takes it."""
        later = mesh_pb2.MeshPacket()
        later.CopyFrom(order)
        later.rx_time += self._rng.randrange(1, 10_000_000)
        later.hop_limit, later.hop_start = 7, 7
        later.want_ack = not order.want_ack
        later.rx_snr, later.rx_rssi = -1.5, -99
        undated = mesh_pb2.MeshPacket()
        undated.CopyFrom(order)
        undated.ClearField("rx_time")
        return {
            "as it was": order,
            "later, with another header": later,
            "without a time": undated,
            "sealed, for the bot to open": self.sealed_order(order.id),
        }

    def _kinds(self) -> dict[str, Callable[[], mesh_pb2.MeshPacket]]:
        kinds = {**self._without_proof(), **self._by_other_ways(), **self._misdirected()}
        return {**kinds, **self._sealed_wrongly()}

    def _without_proof(self) -> dict[str, Callable[[], mesh_pb2.MeshPacket]]:
        return {
            "channel key": lambda: self._marked(pki_encrypted=False, public_key=b""),
            "key, no mark": lambda: self._marked(pki_encrypted=False),
            "mark, no key": lambda: self._marked(public_key=b""),
            "mark, wrong key": lambda: self._marked(public_key=self._rng.randbytes(32)),
            "mark, half a key": lambda: self._marked(public_key=self._admin.public_key[:16]),
            "no id": lambda: self._marked(packet_id=0),
        }

    def _by_other_ways(self) -> dict[str, Callable[[], mesh_pb2.MeshPacket]]:
        silent = {"rx_rssi": 0, "rx_snr": 0.0}
        unnamed = {"transport_mechanism": Transport.TRANSPORT_INTERNAL}
        ways: dict[str, dict[str, Any]] = {
            "UDP": {**silent, "transport_mechanism": Transport.TRANSPORT_MULTICAST_UDP},
            "UDP that says nothing": {**silent, **unnamed},
            "MQTT": {"transport_mechanism": Transport.TRANSPORT_MQTT, "via_mqtt": True},
            "MQTT, by its flag": {"via_mqtt": True},
            "MQTT, by its way": {"transport_mechanism": Transport.TRANSPORT_MQTT},
            "the node's own computer": {"transport_mechanism": Transport.TRANSPORT_API},
            "a way to come": {"transport_mechanism": self._rng.randrange(8, 1 << 31)},
        }
        if names_the_way(self._node.firmware):
            ways["no way named"] = unnamed
        if not names_the_way_itself(self._node.firmware):
            ways["UDP that says LoRa"] = {**silent, "transport_mechanism": 1}
        return {name: partial(self._marked, **way) for name, way in ways.items()}

    def _misdirected(self) -> dict[str, Callable[[], mesh_pb2.MeshPacket]]:
        return {
            "to everybody": lambda: self._marked(to=packets.BROADCAST_NUM),
            "on a channel": lambda: self._marked(to=packets.BROADCAST_NUM, channel=1),
            "to another": lambda: self._marked(to=self._other.num),
            "from our node": lambda: self._marked(sender=self._node.num),
            "from nobody": lambda: self._marked(sender=0),
            "from everybody": lambda: self._marked(sender=packets.BROADCAST_NUM),
            "from no admin": lambda: self._marked(
                sender=self._other.num, public_key=self._other.public_key
            ),
            "from an admin with another's key": lambda: self._marked(
                public_key=self._other.public_key
            ),
            "on another port": lambda: self._marked(port=_PortNum.DETECTION_SENSOR_APP),
            "as a sign": lambda: self._marked(emoji=1),
        }

    def _sealed_wrongly(self) -> dict[str, Callable[[], mesh_pb2.MeshPacket]]:
        forger = replace(self._admin, private_key=private_key_from(str(self._rng.random())))
        posing = replace(self._other, num=self._admin.num)

        def changed_id() -> mesh_pb2.MeshPacket:
            packet = self._sealed(self._admin, self.new_id())
            packet.id = self.new_id()
            return packet

        def changed_sender() -> mesh_pb2.MeshPacket:
            packet = self._sealed(self._other, self.new_id())
            packets.set_sender(packet, self._admin.num)
            return packet

        def changed_content() -> mesh_pb2.MeshPacket:
            packet = self._sealed(self._admin, self.new_id())
            content = bytearray(packet.encrypted)
            content[self._rng.randrange(len(content))] ^= 1 << self._rng.randrange(8)
            packet.encrypted = bytes(content)
            return packet

        return {
            "sealed with a key made up": lambda: self._sealed(forger, self.new_id()),
            "sealed with another's key": lambda: self._sealed(posing, self.new_id()),
            "sealed by another": changed_sender,
            "sealed, the id changed": changed_id,
            "sealed, a bit changed": changed_content,
        }

    def _marked(
        self,
        *,
        sender: int | None = None,
        packet_id: int | None = None,
        text: str = ORDER,
        emoji: int = 0,
        port: _PortNum.ValueType = _PortNum.TEXT_MESSAGE_APP,
        **fields: Any,
    ) -> mesh_pb2.MeshPacket:
        """Return a true order but for what is given."""
        packet = packets.packet_from_peer(
            self._admin,
            to=self._node.num,
            packet_id=self.new_id() if packet_id is None else packet_id,
        )
        packet.decoded.CopyFrom(packets.text_data(text.encode(), None))
        packet.decoded.emoji, packet.decoded.portnum = emoji, port
        packet.pki_encrypted, packet.public_key = True, self._admin.public_key
        if names_the_way(self._node.firmware):
            packet.transport_mechanism = Transport.TRANSPORT_LORA
        for name, value in fields.items():
            setattr(packet, name, value)
        packets.set_sender(packet, self._admin.num if sender is None else sender)
        return packet

    def _sealed(self, peer: SimulatedPeer, packet_id: int) -> mesh_pb2.MeshPacket:
        packet = packets.packet_from_peer(peer, to=self._node.num, packet_id=packet_id)
        packet.encrypted = direct_messages.seal(
            direct_messages.message_key(peer.private_key, self._node.public_key),
            packet_id,
            peer.num,
            packets.text_data(ORDER.encode(), None).SerializeToString(),
            self._rng.randbytes(direct_messages.EXTRA_NONCE_BYTES),
        )
        return packet
