"""What the operator decided about a key."""

from typing import NamedTuple


class KeyDecision(NamedTuple):
    """A decision that waits in the database until the bot has carried it out."""

    id: int
    num: int
    public_key: bytes
    accept: bool
