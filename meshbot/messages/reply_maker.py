"""Has replies made, by the worker, and cut to what may be sent of them.

Owned by the sender's thread, but for what it gives the worker to do.
"""

import threading
from collections.abc import Callable
from dataclasses import replace

from meshbot.messages.reply_parts import ReplyLimit, shortened
from meshbot.messages.reply_text import MadeReply, ReplyText
from meshbot.messages.sender_settings import SenderSettings
from meshbot.messages.waiting_reply import WaitingReply
from meshbot.text.language import speaking
from meshbot.text.text_split import split_text


class ReplyMaker:
    """Knows how long messages are, and how the worker is reached."""

    def __init__(
        self, post: Callable[[Callable[[], object]], object], settings: SenderSettings
    ) -> None:
        """Name who brings a call to the thread that makes the replies."""
        self._post = post
        self._settings = settings

    def parts(self, text: str) -> list[str]:
        """Cut a text into messages that fit."""
        return split_text(text, self._settings.max_bytes, self._settings.max_parts)

    def make(
        self,
        reply: WaitingReply,
        limit: ReplyLimit | None,
        timeout_s: float,
        stopping: threading.Event,
    ) -> MadeReply | None:
        """Return what a reply says now, within a limit; None if the worker does not come to it."""
        task = ReplyText(lambda: self._made(reply, limit))
        self._post(task.make)
        return task.wait(timeout_s, stopping)

    def _made(self, reply: WaitingReply, limit: ReplyLimit | None) -> MadeReply:
        """Make a reply, and ask how much of it its sender may have; on the worker's thread."""
        with speaking(reply.question.language or None):
            parts = self.parts(reply.make() if reply.make is not None else "")
        if not parts:
            return MadeReply([], 0)
        limit = limit or ReplyLimit(len(parts), self._settings.max_bytes)
        allowed = reply.question.allow(min(len(parts), limit.texts))
        with speaking(reply.question.language or None):
            kept = shortened(parts, replace(limit, texts=allowed))
        return MadeReply(kept, len(parts))
