"""A reply's texts while they are made: wanted on one thread, made on another.

Owned by the sender's thread, which waits for them. The worker's thread makes them, because all that
replies tell is the worker's; it never waits.
"""

import threading
from collections.abc import Callable
from typing import NamedTuple

WAIT_STEP_S = 0.5  # so soon the wait ends with the bot


class MadeReply(NamedTuple):
    """What an answer says now, cut into texts, and how many it would be in full."""

    parts: list[str]
    full_texts: int


class ReplyText:
    """One try to have a reply made."""

    def __init__(self, make: Callable[[], MadeReply]) -> None:
        """Prepare; nothing is made yet."""
        self._make = make
        self._done = threading.Event()
        self._made = MadeReply([], 0)

    def make(self) -> None:
        """Make it; on the worker's thread. An error there leaves it without words."""
        try:
            self._made = self._make()
        finally:
            self._done.set()

    def wait(self, timeout_s: float, stopping: threading.Event) -> MadeReply | None:
        """Return it once it is made, None where that takes too long or the bot stops."""
        steps = max(int(timeout_s / WAIT_STEP_S), 1)
        for _ in range(steps):
            if self._done.wait(WAIT_STEP_S):
                return self._made
            if stopping.is_set():
                break
        return None
