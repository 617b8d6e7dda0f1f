"""Puts what is said into a Data. Pure functions."""

from google.protobuf.message import Message
from meshtastic.protobuf import mesh_pb2, portnums_pb2

Port = portnums_pb2.PortNum
BITFIELD = 1
"""Whoever says it lets it be passed on to MQTT; since 2.5 each packet tells."""


def data_of(port: int, content: Message | bytes, request_id: int = 0) -> mesh_pb2.Data:
    """Return the content of a packet; ``port`` may be one that has no name."""
    data = mesh_pb2.Data(
        payload=content if isinstance(content, bytes) else content.SerializeToString(),
        request_id=request_id,
        bitfield=BITFIELD,
    )
    data.portnum = port  # type: ignore[assignment]  # protobuf keeps any number
    return data
