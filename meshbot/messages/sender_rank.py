"""How well the bot knows who asks it something: who is answered first when there is much to do.

A proof alone is worth little, as anybody can make a key and a number; nor is a number alone, which
anybody can write into a packet. Both together, and an hour that has passed, cost a forger more; a
week that has passed costs him most.
"""

import enum

from meshbot.model.known_node import KnownNode

LONG_KNOWN_S = 3_600.0
ESTABLISHED_S = 7 * 86_400.0


class SenderRank(enum.IntEnum):
    """Who is answered first; the lower the number, the sooner."""

    ESTABLISHED = 0
    """Proved who he is, and was met more than a week ago, or before the bot was first started; or
    an admin who proved it."""
    REGULAR = 1
    """Proved who he is, and was met more than an hour ago."""
    KNOWN = 2
    """His number has had a name or a key for more than an hour. That he sent this is not proved."""
    NEWCOMER = 3
    """Proved who he is, with a number first met less than an hour ago."""
    STRANGER = 4
    """Anybody else, made-up numbers included."""


def rank_of(node: KnownNode | None, *, proven: bool, is_admin: bool, wall_s: float) -> SenderRank:
    """Return the rank of a sender, of whom ``node`` is known, at wall-clock time ``wall_s``."""
    if proven:
        if is_admin or _is_known_for(ESTABLISHED_S, node, wall_s):
            return SenderRank.ESTABLISHED
        is_regular = _is_known_for(LONG_KNOWN_S, node, wall_s)
        return SenderRank.REGULAR if is_regular else SenderRank.NEWCOMER
    if node is not None and node.introduced and _is_known_for(LONG_KNOWN_S, node, wall_s):
        return SenderRank.KNOWN
    return SenderRank.STRANGER


def _is_known_for(seconds: float, node: KnownNode | None, wall_s: float) -> bool:
    """Say whether a node was met longer ago than that, or before that was noted.

    A time to come was noted by a clock that was wrong, in another run most likely: it must not
    keep anybody out for years.
    """
    if node is None:
        return False
    return not node.known_since or not 0 <= wall_s - node.known_since < seconds
