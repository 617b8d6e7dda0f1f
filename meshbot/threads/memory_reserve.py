"""Notices that memory is about to run out while there is still some to end things in order with.

Python raises ``MemoryError`` when the system refuses memory, but libraries written in C need not
look: protobuf's (upb, 7.36) writes through a null pointer, and the program is gone without a word.
So a thread asks for a few megabytes that it does not need, and gives them back unused, before it
works on. That matters where the address space is limited (``ulimit -v``, ``LimitAS=``) or memory is
not promised twice (``vm.overcommit_memory=2``); elsewhere the system ends programs itself.
"""

import math
import mmap

RESERVE_BYTES = 8 << 20
CHECK_EVERY_S = 0.1
"""In that time no thread takes a quarter of it; and asking costs 5 to 25 µs."""


class MemoryReserve:
    """What one thread asks for; owned by that thread, and told the time."""

    def __init__(self) -> None:
        """Nothing was asked for yet."""
        self._checked_s = -math.inf

    def require(self, now_s: float) -> None:
        """Raise ``MemoryError`` if the reserve cannot be had at monotonic ``now_s``."""
        if now_s - self._checked_s < CHECK_EVERY_S:
            return
        try:
            mmap.mmap(-1, RESERVE_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
        except OSError:
            raise MemoryError from None
        self._checked_s = now_s
