"""A reply's text while it is made: wanted on one thread, made on another.

Owned by the sender's thread, which waits for it. The worker's thread makes it, because all that
replies tell is the worker's; it never waits.
"""

import threading
from collections.abc import Callable

WAIT_STEP_S = 0.5  # so soon the wait ends with the bot


class ReplyText:
    """One try to have a reply made."""

    def __init__(self, make: Callable[[], str]) -> None:
        """Prepare; nothing is made yet."""
        self._make = make
        self._done = threading.Event()
        self._text: str | None = None

    def make(self) -> None:
        """Make it; on the worker's thread. An error there leaves it without words."""
        try:
            self._text = self._make()
        finally:
            self._done.set()

    def wait(self, timeout_s: float, stopping: threading.Event) -> str | None:
        """Return it once it is made, None where that takes too long or the bot stops."""
        steps = max(int(timeout_s / WAIT_STEP_S), 1)
        for _ in range(steps):
            if self._done.wait(WAIT_STEP_S):
                return self._text or ""
            if stopping.is_set():
                break
        return None
