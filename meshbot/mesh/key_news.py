"""What there is to tell about a key."""

from dataclasses import dataclass

from meshbot.mesh.key_outcome import KeyOutcome
from meshbot.model.known_node import KnownNode


@dataclass(frozen=True, slots=True)
class KeyNews:
    """A key that was offered or decided about, and what became of it."""

    node: KnownNode
    """A copy of the entry, as it is now."""
    key: bytes
    outcome: KeyOutcome
    known_key: bytes
    """The node's key before."""
    holder: KnownNode | None = None
    """A copy of the entry of another node that has the key or, where it was accepted, had it."""
    held: bool = False
    """Whether its holder showed that the node's number is his."""

    @property
    def learned(self) -> bool:
        """Whether it became the node's key without the operator."""
        return self.outcome in (KeyOutcome.PINNED, KeyOutcome.ADOPTED, KeyOutcome.OWN_MOVED)

    @property
    def changed(self) -> tuple[int, ...]:
        """The numbers of the nodes whose key, or keys put aside, were changed by a decision."""
        return (self.node.num, *((self.holder.num,) if self.holder is not None else ()))
