"""The last messages and what became of them, for the live page.

Told by the worker and by the sender, read by the thread that serves the page. ``_lock`` guards the
messages and is a leaf.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from meshbot.model.message_notes import MessageNotes
from meshbot.status.page.live_view import Fate
from meshbot.text.foreign_text import printable

KEPT = 50
MAX_CHARS = 300


@dataclass(frozen=True, slots=True)
class NotedMessage:
    """One message. ``packet_id`` 0: nothing more is to be heard of it."""

    at_s: int
    node: int
    text: str
    fate: Fate
    why: str = ""
    packet_id: int = 0


class MessageRing(MessageNotes):
    """Keeps so many, and drops the oldest."""

    def __init__(self, wall_clock: Callable[[], float] = time.time) -> None:
        """Begin without any."""
        self._wall_clock = wall_clock
        self._lock = threading.Lock()
        self._messages: deque[NotedMessage] = deque(maxlen=KEPT)

    def latest(self) -> list[NotedMessage]:
        """Return what is kept, latest first."""
        with self._lock:
            return list(reversed(self._messages))

    def heard(self, sender: int, text: str) -> None:
        """Note that a command was heard that is dealt with."""
        self._add(sender, text, Fate.HEARD)

    def sent(self, packet_id: int, to: int, text: str) -> None:
        """Note that the node has a text of ours."""
        self._add(to, text, Fate.SENT, packet_id=packet_id)

    def delivered(self, packet_id: int) -> None:
        """Note that the one whom a text was for confirmed it."""
        self._settle(packet_id, Fate.DELIVERED, "")

    def failed(self, packet_id: int, why: str) -> None:
        """Note that a text that the node had did not arrive."""
        self._settle(packet_id, Fate.FAILED, why)

    def refused(self, to: int, text: str, why: str) -> None:
        """Note that the node would not send a text."""
        self._add(to, text, Fate.FAILED, why)

    def dropped(self, to: int, why: str) -> None:
        """Note that a reply was given up before the node had it."""
        self._add(to, "", Fate.DROPPED, why)

    def _add(self, node: int, text: str, fate: Fate, why: str = "", packet_id: int = 0) -> None:
        shown = "\n".join(printable(line) for line in text[:MAX_CHARS].splitlines())
        message = NotedMessage(int(self._wall_clock()), node, shown, fate, why, packet_id)
        with self._lock:
            self._messages.append(message)

    def _settle(self, packet_id: int, fate: Fate, why: str) -> None:
        with self._lock:
            for place, message in enumerate(self._messages):
                if message.packet_id == packet_id and packet_id:
                    self._messages[place] = replace(message, fate=fate, why=why)
