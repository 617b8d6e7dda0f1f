"""A packet as the node heard it: from whom, how well, how old. Pure."""

from dataclasses import dataclass

from meshtastic.protobuf import mesh_pb2

from meshbot.model.known_node import BROADCAST_NUM

_Transport = mesh_pb2.MeshPacket.TransportMechanism

BACKLOG_S = 30.0
"""So long after the handshake a packet may be one the node kept while nobody was connected."""
RX_TIME_RESOLUTION_S = 1.0


@dataclass(frozen=True, slots=True)
class HeardPacket:
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
        """How many hops it took; firmware before 2.3 did not say where a packet started."""
        packet = self.packet
        if packet.hop_start == 0 or packet.hop_start < packet.hop_limit:
            return None
        return packet.hop_start - packet.hop_limit


def came_by_air(packet: mesh_pb2.MeshPacket) -> bool:
    """Say whether a packet was heard, not made by our own node.

    Since 2.7.6 it says which way it came, from 1 (LoRa) to 6 (UDP).
    """
    way = packet.transport_mechanism
    heard = way not in (_Transport.TRANSPORT_INTERNAL, _Transport.TRANSPORT_API)
    return heard or bool(packet.via_mqtt or packet.rx_rssi or packet.rx_snr)


def age_when_received_s(
    packet: mesh_pb2.MeshPacket,
    *,
    ready_ago_s: float | None,
    away_s: float | None,
    wall_s: float,
) -> float:
    """Return how old a packet is known to be; 0 for one that was not kept by the node.

    ``ready_ago_s``: how long before the packet the handshake was done; ``away_s``: how long we had
    been away before that; each None if nobody knows. The node's clock and ours need not agree, but
    it can have kept nothing for longer than we were away.
    """
    if ready_ago_s is None or ready_ago_s >= BACKLOG_S or not packet.rx_time:
        return 0.0
    age_s = wall_s - packet.rx_time - RX_TIME_RESOLUTION_S
    return age_s if away_s is None else min(age_s, away_s + BACKLOG_S)
