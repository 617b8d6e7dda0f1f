"""What the bot knows of one node of the mesh, and how a node's number is written."""

from dataclasses import dataclass, field, fields
from operator import attrgetter

BROADCAST_NUM = 0xFFFFFFFF
"""The number that means everybody, and is no node's."""


def node_id(num: int) -> str:
    """Return the node's id as Meshtastic writes it, e.g. ``!a1b2c3d4``."""
    return f"!{num:08x}"


@dataclass(slots=True)
class KnownNode:
    """One node. ``public_key`` is 32 bytes, or empty while nobody told it.

    ``last_heard`` is wall-clock time in seconds since 1970 (0: never), for people and for after a
    restart; ``heard_s`` is the monotonic time of the same, None before this run heard it.
    ``last_dm`` is when it last sent us a direct message that proved who it is, ``pushed_at`` when
    its key was last given to the radio, ``known_since`` when it was first met (0: before the bot
    was there, or before that was noted), all like ``last_heard``. ``language`` is the one that it
    asked to be answered in, or nothing.
    """

    num: int
    long_name: str = ""
    short_name: str = ""
    hw_model: str = ""
    role: str = ""
    public_key: bytes = b""
    last_heard: int = 0
    snr_db: float | None = None
    hops: int | None = None
    last_dm: int = 0
    pushed_at: int = 0
    known_since: int = 0
    language: str = ""
    heard_s: float | None = field(default=None, kw_only=True)

    def copy(self) -> "KnownNode":
        """Return another record of the same; a third of the time of ``dataclasses.replace``."""
        return KnownNode(*_VALUES(self), heard_s=self.heard_s)

    @property
    def id(self) -> str:
        """The node's id, e.g. ``!a1b2c3d4``."""
        return node_id(self.num)

    @property
    def introduced(self) -> bool:
        """Whether the node ever told its name or key."""
        return bool(self.long_name or self.short_name or self.public_key)

    @property
    def name(self) -> str:
        """The name people gave the node, or its id."""
        return self.long_name or self.short_name or self.id


_VALUES = attrgetter(*(one.name for one in fields(KnownNode) if not one.kw_only))
