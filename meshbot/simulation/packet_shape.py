"""What a packet heard looks like beside its content, where it is not as usual. Pure data."""

from typing import TypedDict

from meshtastic.protobuf import mesh_pb2

_Transport = mesh_pb2.MeshPacket.TransportMechanism


class PacketShape(TypedDict, total=False):
    """Fields of a packet heard; what is left out, or None, is as a peer usually sends it."""

    hop_start: int | None
    hop_limit: int | None
    # None: the packet has none, as from firmware before 2.5.
    bitfield: int | None
    # 0: the node does not know the time.
    rx_time: int | None
    transport: _Transport.ValueType | None


def apply_shape(packet: mesh_pb2.MeshPacket, shape: PacketShape) -> None:
    """Give a decoded packet its shape."""
    for name, value in (
        ("hop_start", shape.get("hop_start")),
        ("hop_limit", shape.get("hop_limit")),
        ("rx_time", shape.get("rx_time")),
    ):
        if value is not None:
            setattr(packet, name, value)
    bitfield = shape.get("bitfield")
    if bitfield is not None:
        packet.decoded.bitfield = bitfield
    transport = shape.get("transport")
    if transport is not None:
        packet.transport_mechanism = transport
        packet.via_mqtt = transport == _Transport.TRANSPORT_MQTT
