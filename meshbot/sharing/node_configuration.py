"""What a node says of itself to a client that asks for its configuration. Pure.

The parts are the node's own frames, byte for byte, also those of kinds that our copy of the
protocol does not know. Only the other nodes, the number at the end, and for who is not to know it
the private key are others'. The order, from 2.5 to 2.8 (``PhoneAPI.cpp``): everything about the
node itself, the other nodes, the files, the end.

- 69420 leaves the other nodes out.
- 69421 gives the node's own entry, the other nodes and the end, from 2.6.8 on; to older firmware it
  is a number like any other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from google.protobuf.message import DecodeError
from meshtastic.protobuf import mesh_pb2

from meshbot.link.supervised_interface import ONLY_CONFIG_ID, ONLY_NODES_ID
from meshbot.model.firmware_version import version_of
from meshbot.model.known_node import node_id
from meshbot.sharing.private_key_blank import blank_private_key

MAX_FRAME_BYTES = 512
_FIRST_TO_KNOW_ONLY_NODES = (2, 6, 8)


@dataclass(frozen=True, eq=False)
class NodeConfiguration:
    """One complete configuration, as a node sent it in one session."""

    own_num: int
    parts: tuple[bytes, ...] = field(repr=False)
    """The frames, without the other nodes and the end. The node's keys are in there."""
    own_at: int | None
    """Which of them is the node's own entry of its database."""
    nodes_at: int
    """Before which of them the other nodes stand."""
    light: bool
    """Whether the other nodes were not asked for."""
    nodes: tuple[mesh_pb2.NodeInfo, ...] = field(default=(), repr=False)
    """The other nodes as the radio told them, in its order."""
    firmware_version: str = ""
    """Such as ``2.7.26.54e0d8d``; empty if it was not told, as by a locked node."""
    pio_env: str = ""
    """For which board the firmware was built."""
    short_name: str = ""

    @property
    def id(self) -> str:
        """The node's id, e.g. ``!a1b2c3d4``."""
        return node_id(self.own_num)

    @property
    def firmware(self) -> tuple[int, ...]:
        """The three numbers of an official version, nothing of any other."""
        return version_of(self.firmware_version) or ()

    @property
    def knows_only_nodes(self) -> bool:
        """Whether the node understands 69421; of a fork that is assumed."""
        return not self.firmware or self.firmware >= _FIRST_TO_KNOW_ONLY_NODES

    @cached_property
    def private_key(self) -> bytes:
        """The node's private key, empty where it withholds it. In memory only: never log it."""
        messages = map(mesh_pb2.FromRadio.FromString, self.parts)
        keys = (message.config.security.private_key for message in messages)
        return next(filter(None, keys), b"")

    @property
    def own_entry(self) -> bytes:
        """The frame with the node's own entry of its database; empty if it sent none."""
        return self.parts[self.own_at] if self.own_at is not None else b""

    def frames(
        self, config_id: int, nodes: Sequence[bytes], *, private_key: bool, own_entry: bytes = b""
    ) -> list[bytes]:
        """Return what the node would answer to ``want_config_id``: the payloads of ``FromRadio``.

        ``nodes``: the other nodes' entries. ``private_key``: whether the node's private key is
        told. ``own_entry``: what is said instead of the node's own entry, which ages.
        """
        end = mesh_pb2.FromRadio(config_complete_id=config_id).SerializeToString()
        own_entry = own_entry or self.own_entry
        if config_id == ONLY_NODES_ID and self.knows_only_nodes:
            return [*((own_entry,) if own_entry else ()), *nodes, end]
        parts = list(self.parts if private_key else self._parts_without_private_key)
        if self.own_at is not None:
            parts[self.own_at] = own_entry
        if config_id != ONLY_CONFIG_ID:
            parts[self.nodes_at : self.nodes_at] = nodes
        return [*parts, end]

    @cached_property
    def _parts_without_private_key(self) -> tuple[bytes, ...]:
        return tuple(_without_private_key(part) for part in self.parts)


def _without_private_key(part: bytes) -> bytes:
    """Return a frame without the private key in it; whatever else is in there stays."""
    try:
        message = mesh_pb2.FromRadio.FromString(part)
    except DecodeError:  # not one of the frames that were parsed when they came
        return b""
    blank = blank_private_key(message)
    return part if blank is message else blank.SerializeToString()
