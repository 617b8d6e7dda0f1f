"""Which packets our own node made, and who it says there that it is. Pure."""

from google.protobuf.message import DecodeError
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.messages.heard_packet import came_by_air
from meshbot.model.known_node import node_id

_NODE_INFO = portnums_pb2.PortNum.NODEINFO_APP
_INTERNAL = mesh_pb2.MeshPacket.TransportMechanism.TRANSPORT_INTERNAL


def own_user(interface: SupervisedInterface, packet: mesh_pb2.MeshPacket) -> mesh_pb2.User | None:
    """Return who our node says it is, if a packet of its own tells it.

    A stranger's who claims our number came over the air or a network.
    """
    if packet.decoded.portnum != _NODE_INFO or not is_of_own_node(interface, packet):
        return None
    try:
        user = mesh_pb2.User.FromString(packet.decoded.payload)
    except DecodeError:
        return None
    return user if user.id == node_id(interface.own_num) else None


def is_of_own_node(interface: SupervisedInterface, packet: mesh_pb2.MeshPacket) -> bool:
    """Say whether our own node made a packet."""
    own_num = interface.own_num
    if not own_num or getattr(packet, "from") != own_num:
        return False
    return packet.transport_mechanism == _INTERNAL and not came_by_air(packet)
