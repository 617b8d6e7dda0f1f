"""A kind of packet: what it says and which way it comes. Pure data."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from meshtastic.protobuf import mesh_pb2

from benchmarks.traffic.occasion import Occasion


class Way(Enum):
    """Whom a packet is for, and what the node could open of it."""

    TO_ALL = auto()
    TO_US = auto()
    """Under the channel's key."""
    SEALED_TO_US = auto()
    """With keys of its own; the node has opened it."""
    OTHER_CHANNEL = auto()
    """To all who know another channel's key: it comes as it was heard."""
    SEALED_TO_OTHERS = auto()
    FROM_OUR_NODE = auto()


@dataclass(frozen=True)
class PacketKind:
    """``content`` makes what is said at an occasion."""

    content: Callable[[Occasion], mesh_pb2.Data]
    way: Way = Way.TO_ALL
