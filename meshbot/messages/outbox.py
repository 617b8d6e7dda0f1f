"""What waits to be sent, between the threads that queue it and the one that sends.

Owns the replies and the requests. Any thread may queue; the sender's thread takes. ``_changed``
guards everything here and is a leaf.
"""

import threading
from collections import deque
from typing import NamedTuple

from meshbot.messages.outgoing_request import OutgoingRequest
from meshbot.messages.reply_queue import ReplyQueue
from meshbot.messages.sender_rank import SenderRank
from meshbot.messages.waiting_reply import WaitingReply

MAX_WAITING_REQUESTS = 100


class Turn(NamedTuple):
    """A reply that may be next. ``had_s``: how much of the air its sender had lately."""

    reply: WaitingReply
    next_bytes: int
    had_s: float


class Outbox:
    """A fair queue of replies, and beside it one of requests. Nothing blocks but the two waits."""

    def __init__(self) -> None:
        """Nothing waits."""
        self._changed = threading.Condition()
        self._replies = ReplyQueue()
        self._requests: deque[OutgoingRequest] = deque()
        self._is_news = False
        """Whether something was queued since the sender looked."""
        self._closed = False

    # -- For any thread --------------------------------------------------------------------------

    def put(self, reply: WaitingReply, *, again: bool = False) -> WaitingReply | None:
        """Queue a reply; return the one that finds no room for that.

        ``again``: it was with the node already, so it has its place.
        """
        with self._changed:
            dropped = None
            if again:
                self._replies.put_back(reply)
            else:
                dropped = self._replies.put(reply)
            self._tell()
        return dropped

    def holds(self, asker: tuple[int, bool], command: str) -> bool:
        """Say whether an answer to the same command of the same sender waits already."""
        with self._changed:
            return self._replies.holds(asker, command)

    def length(self) -> int:
        """Return how many replies wait."""
        with self._changed:
            return len(self._replies)

    def put_request(self, request: OutgoingRequest) -> bool:
        """Queue a request; return whether there was room."""
        with self._changed:
            has_room = len(self._requests) < MAX_WAITING_REQUESTS
            if has_room:
                self._requests.append(request)
                self._tell()
        return has_room

    def waiting_replies(self) -> int:
        """Return how many replies wait."""
        with self._changed:
            return len(self._replies)

    def is_full(self) -> bool:
        """Say whether a request would find no room."""
        with self._changed:
            return len(self._requests) >= MAX_WAITING_REQUESTS

    def close(self) -> None:
        """Let nobody wait here any more."""
        with self._changed:
            self._closed = True
            self._tell()

    def _tell(self) -> None:
        self._is_news = True
        self._changed.notify_all()

    # -- For the sender's thread -----------------------------------------------------------------

    def wait_for_work(self) -> None:
        """Return once something waits, or at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._requests or len(self._replies))

    def wait_for_news(self, timeout_s: float) -> None:
        """Return once something was queued since :meth:`turns`, or at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._is_news, timeout_s)

    def pop_request(self) -> OutgoingRequest | None:
        """Take the next request, if there is one."""
        with self._changed:
            return self._requests.popleft() if self._requests else None

    def has_replies(self) -> bool:
        """Say whether a reply waits."""
        with self._changed:
            return bool(len(self._replies))

    def askers(self, rank: SenderRank) -> int:
        """Return how many senders of that rank and above wait for a reply."""
        with self._changed:
            return self._replies.askers(rank)

    def turns(self, now_s: float) -> list[Turn]:
        """Return the first reply of each sender, the next to go first."""
        with self._changed:
            self._is_news = False
            replies = self._replies
            return [
                Turn(reply, replies.next_bytes(reply), replies.air_used_s(reply.asker.key, now_s))
                for reply in replies.ranked(now_s)
            ]

    def text_went(self, reply: WaitingReply, air_s: float, now_s: float) -> None:
        """Note that a text of a reply went out, and took so long on the air."""
        with self._changed:
            self._replies.text_went(reply, air_s, now_s)

    def add_use(self, asker: tuple[int, bool], air_s: float, now_s: float) -> None:
        """Note that a text that went out long ago took so much more of the air."""
        with self._changed:
            self._replies.add_use(asker, air_s, now_s)

    def note_length(self, name: str, texts: int, first_bytes: int) -> None:
        """Note how long an answer is in full, for others of that name."""
        with self._changed:
            self._replies.note_length(name, texts, first_bytes)

    def remove(self, reply: WaitingReply) -> None:
        """Have a reply wait no longer."""
        with self._changed:
            self._replies.remove(reply)

    def pop_old(self, queued_before_s: float) -> list[WaitingReply]:
        """Take what was queued before that time."""
        with self._changed:
            return self._replies.pop_old(queued_before_s)
