"""What our own node says of itself in packets. Pure.

Firmware 2.5 to 2.8 gives its client its telemetry once a minute (``DeviceTelemetry.cpp``). While no
client is there it keeps one, which may be hours old when it comes with the burst after the
handshake; what comes so soon is left out.
"""

from google.protobuf.message import DecodeError
from meshtastic.protobuf import mesh_pb2, portnums_pb2, telemetry_pb2

from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.messages.heard_packet import BACKLOG_S, came_by_air
from meshbot.model.known_node import node_id

_TELEMETRY = portnums_pb2.PortNum.TELEMETRY_APP
_NODE_INFO = portnums_pb2.PortNum.NODEINFO_APP
_INTERNAL = mesh_pb2.MeshPacket.TransportMechanism.TRANSPORT_INTERNAL


def own_metrics(
    interface: SupervisedInterface, packet: mesh_pb2.MeshPacket, received_s: float
) -> telemetry_pb2.DeviceMetrics | None:
    """Return how our node is, if a packet received at ``received_s`` tells it, and tells it now."""
    if packet.decoded.portnum != _TELEMETRY or not _is_of(interface, packet):
        return None
    if interface.ready_s is None or received_s - interface.ready_s < BACKLOG_S:
        return None
    try:
        telemetry = telemetry_pb2.Telemetry.FromString(packet.decoded.payload)
    except DecodeError:
        return None  # the interface has counted it already
    return telemetry.device_metrics if telemetry.HasField("device_metrics") else None


def own_user(interface: SupervisedInterface, packet: mesh_pb2.MeshPacket) -> mesh_pb2.User | None:
    """Return who our node says it is, if a packet of its own tells it.

    A stranger's who claims our number came over the air or a network.
    """
    if packet.decoded.portnum != _NODE_INFO or not _is_of(interface, packet):
        return None
    try:
        user = mesh_pb2.User.FromString(packet.decoded.payload)
    except DecodeError:
        return None
    return user if user.id == node_id(interface.own_num) else None


def _is_of(interface: SupervisedInterface, packet: mesh_pb2.MeshPacket) -> bool:
    """Say whether our own node made a packet."""
    if came_by_air(packet) or packet.transport_mechanism != _INTERNAL:
        return False
    return bool(interface.own_num) and getattr(packet, "from") == interface.own_num
