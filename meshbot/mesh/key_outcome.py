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
    MOVED = "moved"
    """Another node's key, from the number that firmware 2.8 gives it: he has a new number."""
    WEAK = "weak"
    """Others have the private half, heard for the first time."""
    REPEATED = "repeated"
    """Waiting, or refused, already."""
    UNUSABLE = "unusable"
    OVERRULED = "overruled"
    """The radio's, but the operator has refused or replaced it."""
    CONTESTED = "contested"
    """The radio's, but the operator has to decide first."""
    ACCEPTED = "accepted"
    """By the operator."""
    FOLLOWED = "followed"
    """By the operator: the key and what is known of its holder went to his new number."""
    OWN_MOVED = "own moved"
    """Our own node's, which has a new number."""
    REFUSED = "refused"
    """By the operator."""


WAITING = frozenset((KeyOutcome.OFFERED, KeyOutcome.TAKEN, KeyOutcome.MOVED, KeyOutcome.CONTESTED))
"""What leaves a key to the operator."""
