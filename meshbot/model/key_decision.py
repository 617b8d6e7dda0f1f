"""What the operator decided about a key."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeyDecision:
    """A decision that waits in the database until the bot has carried it out."""

    id: int
    num: int
    public_key: bytes
    accept: bool
