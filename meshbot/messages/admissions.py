"""Who asks the bot something, and how much of it is answered. Owned by the worker thread."""

import time
from collections.abc import Callable
from typing import Protocol

from meshbot.messages.asker import Asker
from meshbot.messages.flood_guard import Admission, FloodGuard
from meshbot.messages.sender_rank import rank_of
from meshbot.messages.text_allowance import TextAllowance
from meshbot.model.known_node import KnownNode


class KnownNodes(Protocol):
    """What is known of those who write."""

    def node(self, num: int) -> KnownNode | None:
        """Return a copy of what is known of node ``num``."""


class Admissions:
    """Ranks senders, and lets their commands in as the flood limit allows."""

    def __init__(
        self,
        nodes: KnownNodes,
        flood: FloodGuard,
        *,
        is_admin: Callable[[int], bool],
        clocks: tuple[Callable[[], float], Callable[[], float]] = (time.monotonic, time.time),
    ) -> None:
        """Name who knows the senders, and who of them may give orders.

        ``clocks``: the monotonic one, and the wall's.
        """
        self._nodes = nodes
        self._flood = flood
        self._is_admin = is_admin
        self._clock, self._wall_clock = clocks

    def asker(self, num: int, *, proven: bool) -> Asker:
        """Return a sender with his rank now; ``proven``: he proved that he is ``num``."""
        rank = rank_of(
            self._nodes.node(num),
            proven=proven,
            is_admin=proven and self._is_admin(num),
            wall_s=self._wall_clock(),
        )
        return Asker(num, proven, rank)

    def admit(self, asker: Asker) -> Admission:
        """Return what to do with a command that was heard now."""
        return self._flood.admit(asker.num, self._clock(), proven=asker.proven)

    def allowance(self, asker: Asker) -> TextAllowance:
        """Return what says how many texts the answer to a command let in may be."""
        return TextAllowance(self._flood, asker, self._clock)
