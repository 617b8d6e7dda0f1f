"""What is written to the store in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from meshbot.model.known_node import KnownNode
from meshbot.model.other_key import OtherKey


@dataclass(frozen=True, slots=True)
class StoreBatch:
    """Copies of nodes, the other keys of nodes by number, ids of decisions carried out."""

    nodes: Sequence[KnownNode]
    other_keys: Mapping[int, Sequence[OtherKey]]
    """Of each node named, all there are."""
    carried_out: Sequence[int] = ()
    forgotten: Sequence[int] = ()
    """Numbers of nodes that are deleted before the others are written."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.nodes or self.other_keys or self.carried_out or self.forgotten)
