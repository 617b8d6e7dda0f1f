"""One thing that a client wants to have given to the node."""

import enum
from dataclasses import dataclass

from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.sharing.guest_packet import GuestPacket

_Port = portnums_pb2.PortNum
SPACED_PORTS_S: dict[int, float] = {
    _Port.TRACEROUTE_APP: 30.0,
    _Port.POSITION_APP: 10.0,
    _Port.WAYPOINT_APP: 10.0,
    _Port.ALERT_APP: 10.0,
    _Port.TELEMETRY_APP: 10.0,
}
"""What a node refuses without a word to the client (``PhoneAPI::handleToRadioPacket``).

That of 2.7 and 2.8, and 2.5 is more generous: 5 s for a position, none for the last three.
"""


class Lane(enum.IntEnum):
    """In which row a thing stands, beside the numbers of the spaced ports."""

    FRAME = -1
    """No packet: for the node's MQTT client or its files."""
    OWN = -2
    """For the node itself, which obeys or answers."""
    TEXT = -3
    OTHER = -4


@dataclass(slots=True, eq=False)
class GuestTask:
    """A packet of a client, or a frame; owned by the queue, or by who took it from there."""

    client: int
    queued_s: float
    lane: int
    packet: GuestPacket | None = None
    frame: mesh_pb2.ToRadio | None = None
    tries: int = 0
    """How often the node was given it in vain."""
    not_before_s: float = 0.0
    is_new_id_needed: bool = False
    """Whether the node has seen the id, and would ignore it."""
    cost_s: float = 0.0
    """How long it is on the air."""


def lane_of(packet: mesh_pb2.MeshPacket, own_num: int) -> int:
    """Return in which row a packet stands."""
    port = 0
    if packet.WhichOneof("payload_variant") == "decoded":
        port = packet.decoded.portnum
    if port == _Port.TEXT_MESSAGE_APP:
        return Lane.TEXT
    if port in SPACED_PORTS_S:
        return port
    return Lane.OWN if own_num and packet.to == own_num else Lane.OTHER
