"""A client's packet on its way to the node."""

from dataclasses import dataclass, field

from meshtastic.protobuf import mesh_pb2


@dataclass(slots=True, eq=False)
class GuestPacket:
    """One packet, owned by one thread after the other."""

    client: int
    """The number of the client that sent it."""
    packet: mesh_pb2.MeshPacket
    """As the node is to be given it: ``from`` is 0, ``id`` is unique among all clients'."""
    own_id: int
    """The id under which the client knows it."""
    queued_s: float
    """When it came, on the monotonic clock."""
    writes: bool = False
    """Whether it changes the node's settings, so that its configuration must be asked for again."""
    sealed: bool = field(default=False, kw_only=True)
    """Whether we sealed it, as the radio lacks the key."""
