"""Writes one frame after another, whichever threads they come from.

Owned by one session; any thread may write. ``_lock`` is held around one bounded write, waited for
with a limit, and nobody is told of anything while it is held.
"""

import threading
from collections.abc import Callable

from meshbot.model.cause import Cause
from meshbot.model.link_error import LinkError

WRITE_TIMEOUT_S = 5.0  # a node that stops reading has a full buffer first
LOCK_TIMEOUT_S = WRITE_TIMEOUT_S + 1.0  # longer than the write that holds it


class FrameWriter:
    """The one way for bytes to a node."""

    def __init__(self, write: Callable[[bytes, float], None]) -> None:
        """``write`` writes all bytes within a limit in seconds, or raises ``OSError``."""
        self._write = write
        self._lock = threading.Lock()
        self._broken = False
        """Whether a write failed: part of a frame may be out, and nothing sane can follow it."""

    def write(
        self,
        data: bytes,
        timeout_s: float = WRITE_TIMEOUT_S,
        lock_timeout_s: float = LOCK_TIMEOUT_S,
    ) -> OSError | None:
        """Write ``data``; return what broke the link, for the caller to report, or None.

        Raises :class:`LinkError` when it was not tried: another write takes too long, or has
        broken the link.
        """
        if not self._lock.acquire(timeout=lock_timeout_s):
            raise LinkError(Cause.SEND_BUSY)
        try:
            if self._broken:
                raise LinkError(Cause.LINK_DOWN)
            try:
                self._write(data, timeout_s)
            except OSError as error:
                self._broken = True
                return error
            return None
        finally:
            self._lock.release()
