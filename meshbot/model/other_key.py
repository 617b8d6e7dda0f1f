"""A key that is not, or not any more, believed of a node."""

from dataclasses import dataclass

from meshbot.model.key_source import KeySource
from meshbot.model.weak_keys import is_weak_key

CONTESTED = "contested"
ACCEPTED = "accepted"
HELD = "held"
UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True)
class OtherKey:
    """The key, whose it would be, and what became of it. Times are wall-clock seconds."""

    num: int
    public_key: bytes
    offered_at: int = 0
    """When it was last offered and waits for the operator, 0 if it does not."""
    refused_at: int = 0
    """When the operator refused it, 0 if he did not."""
    replaced_at: int = 0
    """When it ceased to be the node's key, 0 if it never was."""
    replaced_by: str = ""
    """The :class:`KeySource` that replaced it; of a key that never was the node's, empty, or
    ``CONTESTED`` if the radio opened a message with it against the pinned one, or ``HELD`` if its
    holder was seen to use the number that it gives: he signed a NodeInfo, or sealed a message; of
    the pinned one itself ``ACCEPTED``, where nothing else tells that the operator decided, or
    ``UNCONFIRMED`` if it is the first since another one was taken away."""

    @property
    def waiting(self) -> bool:
        """Whether the operator has yet to decide on it; there is no choice about a weak one."""
        return bool(self.offered_at) and not self.weak

    @property
    def weak(self) -> bool:
        """Whether others than the node's owner have its private half."""
        return is_weak_key(self.public_key)

    @property
    def held(self) -> bool:
        """Whether its holder showed that the node's number is his."""
        return self.replaced_by == HELD

    @property
    def contested(self) -> bool:
        """Whether the radio has used it against the pinned key."""
        return self.replaced_by == CONTESTED

    @property
    def accepted(self) -> bool:
        """Whether it is the pinned key, kept here only to remember that the operator wants it."""
        return self.replaced_by == ACCEPTED

    @property
    def unconfirmed(self) -> bool:
        """Whether it was pinned as a first key where another one had been before."""
        return self.replaced_by == UNCONFIRMED

    @property
    def of_pinned(self) -> bool:
        """Whether it is kept here only to remember something of the pinned key."""
        return self.accepted or self.unconfirmed

    @property
    def put_aside(self) -> bool:
        """Whether the operator decided against it: he refused it, or believes another one."""
        return bool(self.refused_at) or self.replaced_by == KeySource.OPERATOR.value
