"""What became of a key."""

import enum


class KeyOutcome(enum.Enum):
    """What became of a key that was offered, or that the operator decided about."""

    KNOWN = "known"
    PINNED = "pinned"
    ADOPTED = "adopted"
    """The radio's, in the place of the pinned one."""
    OFFERED = "offered"
    """Another key than the pinned one, heard for the first time."""
    TAKEN = "taken"
    """Another node's key, heard for the first time from this one."""
    REPEATED = "repeated"
    """Waiting, or refused, already."""
    UNUSABLE = "unusable"
    OVERRULED = "overruled"
    """The radio's, but the operator has refused or replaced it."""
    CONTESTED = "contested"
    """The radio's, but the operator has to decide first."""
    ACCEPTED = "accepted"
    """By the operator."""
    REFUSED = "refused"
    """By the operator."""
