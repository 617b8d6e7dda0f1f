"""A packet as the node heard it: from whom, how well, how old. Pure."""

from typing import NamedTuple

from meshtastic.protobuf import mesh_pb2

from meshbot.model.known_node import BROADCAST_NUM

_Transport = mesh_pb2.MeshPacket.TransportMechanism

BACKLOG_S = 30.0
"""So long after the handshake a packet may be one the node kept while nobody was connected."""


class HeardPacket(NamedTuple):
    """A packet, received at monotonic ``received_s``, when it was ``age_s`` old.

    ``familiar``: something else had been heard from its sender's number before.
    """

    packet: mesh_pb2.MeshPacket
    received_s: float
    age_s: float
    familiar: bool = False

    @property
    def sender(self) -> int:
        """The number the packet says it comes from."""
        return int(getattr(self.packet, "from"))

    @property
    def is_broadcast(self) -> bool:
        """Whether it is for everybody on its channel."""
        return self.packet.to == BROADCAST_NUM

    @property
    def snr_db(self) -> float | None:
        """The signal-to-noise ratio as measured, or None if it was not."""
        return self.packet.rx_snr if self._measured else None

    @property
    def rssi_dbm(self) -> int | None:
        """The signal strength as measured, or None if it was not."""
        return (self.packet.rx_rssi or None) if self._measured else None

    @property
    def _measured(self) -> bool:
        packet = self.packet
        return not packet.via_mqtt and bool(packet.rx_rssi or packet.rx_snr)

    @property
    def hops(self) -> int | None:
        """How many hops it took, as far as that can be known while it is sealed."""
        return self.hops_with(self.packet.decoded)

    def hops_with(self, data: mesh_pb2.Data) -> int | None:
        """Return how many hops it took, given what it holds; None if nobody knows.

        A packet sent for zero hops starts at 0, and so seems one of firmware before 2.3, which did
        not say where it started. Since 2.5 every packet has a bitfield inside, and that tells them
        apart (``getHopsAway`` in the firmware's ``NodeDB.cpp``; set by ``perhapsEncode``).
        """
        packet = self.packet
        if packet.hop_start < packet.hop_limit:
            return None
        if packet.hop_start == 0 and not data.HasField("bitfield"):
            return None
        return packet.hop_start - packet.hop_limit


def came_by_air(packet: mesh_pb2.MeshPacket) -> bool:
    """Say whether a packet was heard, not made by our own node.

    Since 2.7.6 it says which way it came, from 1 (LoRa) to 6 (UDP).
    """
    way = packet.transport_mechanism
    heard = way not in (_Transport.TRANSPORT_INTERNAL, _Transport.TRANSPORT_API)
    return heard or bool(packet.via_mqtt or packet.rx_rssi or packet.rx_snr)
