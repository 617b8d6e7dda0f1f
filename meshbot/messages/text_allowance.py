"""How many texts one reply may take from its sender's share."""

import time
from collections.abc import Callable

from meshbot.messages.asker import Asker
from meshbot.messages.flood_guard import FloodGuard


class TextAllowance:
    """Takes what a reply needs from the bucket of who asked, once, however often it is made.

    Owned by the worker thread. The first text was taken when the command was let in.
    """

    def __init__(
        self, flood: FloodGuard, asker: Asker, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Belong to one reply."""
        self._flood = flood
        self._asker = asker
        self._clock = clock
        self._taken = 1

    def __call__(self, wanted: int) -> int:
        """Return how many of ``wanted`` texts the reply may have: one at least."""
        if wanted > self._taken:
            further = wanted - self._taken
            asker = self._asker
            self._taken += self._flood.take(asker.num, further, self._clock(), proven=asker.proven)
        return min(wanted, self._taken)
