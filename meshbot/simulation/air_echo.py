"""What a node with a simulated radio shows its client of each packet it transmits. Pure functions.

``SimRadio::startSend`` of the firmware built for Linux: a packet on port 69 with what went out.
"""

import random

from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.simulation.node_identity import NodeIdentity
from meshbot.simulation.packets import BROADCAST_NUM, set_sender
from meshbot.simulation.wire import bytes_field

_Port = portnums_pb2.PortNum
_Priority = mesh_pb2.MeshPacket.Priority
_SIGNATURE_FIELD = 10
_SIGNATURE_BYTES = 64
SIGNATURE_FIELD_BYTES = 2 + _SIGNATURE_BYTES
_BITFIELD_WANT_RESPONSE = 2
# Of a packet that is encrypted, the port number written over it becomes its length.
_SEALED_BYTES = 69


def air_echo(
    packet: mesh_pb2.MeshPacket, identity: NodeIdentity, rng: random.Random, *, sealed: bool
) -> mesh_pb2.MeshPacket:
    """Build what the client is shown of a packet of ours."""
    echo = mesh_pb2.MeshPacket(
        to=packet.to,
        id=packet.id,
        rx_time=packet.rx_time,
        hop_limit=packet.hop_limit,
        hop_start=packet.hop_limit,
        want_ack=packet.want_ack and packet.to != BROADCAST_NUM,
        priority=packet.priority or _usual_priority(packet),
        relay_node=identity.num & 0xFF if identity.profile.version >= (2, 7) else 0,
        pki_encrypted=sealed,
    )
    set_sender(echo, identity.num)
    if sealed:
        echo.encrypted = rng.randbytes(_SEALED_BYTES)
        return echo
    echo.decoded.CopyFrom(on_air(packet.decoded))
    echo.decoded.portnum = _Port.SIMULATOR_APP
    echo.decoded.payload = mesh_pb2.Compressed(
        portnum=packet.decoded.portnum, data=packet.decoded.payload
    ).SerializeToString()
    if identity.profile.is_2_8 and packet.to == BROADCAST_NUM:
        signature = rng.randbytes(_SIGNATURE_BYTES)
        echo.decoded.MergeFromString(bytes_field(_SIGNATURE_FIELD, signature))
    return echo


def on_air(data: mesh_pb2.Data) -> mesh_pb2.Data:
    """Return the content as ``perhapsEncode`` sends it: always with a bitfield."""
    sent = mesh_pb2.Data()
    sent.CopyFrom(data)
    sent.bitfield |= _BITFIELD_WANT_RESPONSE if data.want_response else 0
    return sent


def _usual_priority(packet: mesh_pb2.MeshPacket) -> _Priority.ValueType:
    """Return what ``fixPriority`` gives a packet that has none."""
    if packet.decoded.portnum == _Port.TEXT_MESSAGE_APP:
        return _Priority.HIGH
    if packet.decoded.portnum == _Port.ROUTING_APP:
        return _Priority.ACK
    return _Priority.RELIABLE if packet.want_ack else _Priority.DEFAULT
