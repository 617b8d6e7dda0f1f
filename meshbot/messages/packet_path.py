"""Which way a packet came, as far as that bounds who can have made it up. Pure.

A network (MQTT, or the nodes of a local network by UDP) brings packets of the whole world, and says
so: the gateway that takes one from there marks it (``via_mqtt``, kept from hop to hop), and since
2.7.6 our own node says how it came. Radio over several hops reaches as far as the mesh; radio over
none takes somebody nearby. How many hops a packet says it took is its sender's word, so the last
two are no proof, but a limit for each keeps the others' room free.
"""

import enum

from meshtastic.protobuf import mesh_pb2

from meshbot.messages.heard_packet import HeardPacket

_Transport = mesh_pb2.MeshPacket.TransportMechanism
_BY_NETWORK = (_Transport.TRANSPORT_MQTT, _Transport.TRANSPORT_MULTICAST_UDP)


class PacketPath(enum.Enum):
    """Ways, each with limits of its own."""

    DIRECT = "direct"
    HOPS = "hops"
    """By radio over others, or over nobody knows how many."""
    NETWORK = "network"


def path_of(heard: HeardPacket) -> PacketPath:
    """Return which way a packet came."""
    packet = heard.packet
    if packet.via_mqtt or packet.transport_mechanism in _BY_NETWORK:
        return PacketPath.NETWORK
    return PacketPath.DIRECT if heard.hops == 0 else PacketPath.HOPS
