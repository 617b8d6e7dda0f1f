"""Whose turn it is: the replies that wait, in a fair order. Pure: told the time, no threads.

The rules:

1. One text at a time. A sender's own texts stay in order; others have their turn in between.
2. Senders of a higher rank come first. But after three turns in a row in which they did, while
   others waited, one turn is a lower rank's, the one most often passed over.
3. Within a rank: who used the least air in the last hour. A minute of waiting makes up for a
   second on the air, so that nobody waits for ever. Waiting begins anew with each text: who asked
   for many things long ago does not come before one who has had nothing yet.
4. Among strangers an answer of one text comes before longer ones: made-up numbers ask for those.
5. There is room for so many replies, and for so many of one sender. In a full queue the newcomer
   takes the place of somebody of the lowest rank, of those with the most replies waiting there, and
   of those with the longest; if that is he himself, he finds no room. What was begun is dropped
   last.
"""

from collections import OrderedDict, deque

from meshbot.messages.air_use import AirUse
from meshbot.messages.sender_rank import SenderRank
from meshbot.messages.waiting_reply import WaitingReply

MAX_WAITING = 100
MAX_WAITING_PER_ASKER = 6
TURNS_IN_A_ROW = 3
WAITED_PER_AIR = 60.0
DEAR_TEXT_S = 2.0
"""So much air is each further text of a stranger's answer counted as."""
MAX_NAMES = 50
USUAL_BYTES = 60
"""How long an answer is taken to be before one of its kind was made."""

_Key = tuple[int, bool]


class ReplyQueue:
    """The replies by sender. Owned by whoever holds its lock."""

    def __init__(self) -> None:
        """Nothing waits."""
        self._lanes: OrderedDict[_Key, deque[WaitingReply]] = OrderedDict()
        self._use = AirUse()
        self._lengths: OrderedDict[str, tuple[int, int]] = OrderedDict()
        """Of answers by name: how many texts, and how many bytes the first of them has."""
        self._in_a_row = 0
        """Turns in a row that went to the highest rank there was, though others waited."""
        self._passed_over = dict.fromkeys(SenderRank, 0)
        """Turns in which a rank waited and another had it, since its own last one."""

    def __len__(self) -> int:
        """Count the replies."""
        return sum(len(lane) for lane in self._lanes.values())

    def askers(self, rank: SenderRank) -> int:
        """Return how many senders of that rank and above wait."""
        return sum(lane[0].asker.rank <= rank for lane in self._lanes.values())

    def holds(self, asker: _Key, command: str) -> bool:
        """Say whether an answer to the same command of the same sender waits already."""
        waiting = [reply for reply in self._lanes.get(asker, ()) if not reply.leaving]
        return bool(command) and any(reply.question.command == command for reply in waiting)

    def put(self, reply: WaitingReply) -> WaitingReply | None:
        """Queue a reply; return the one that finds no room for that, itself or another."""
        lane = self._lanes.get(reply.asker.key, deque())
        if len(lane) >= MAX_WAITING_PER_ASKER:
            return reply
        dropped = self._least_of_all(reply) if len(self) >= MAX_WAITING else None
        if dropped is reply:
            return reply
        if dropped is not None:
            self.remove(dropped)
        self._lanes.setdefault(reply.asker.key, deque()).append(reply)
        return dropped

    def put_back(self, reply: WaitingReply) -> None:
        """Queue what was sent already and has to go again: before what else its sender has."""
        self._lanes.setdefault(reply.asker.key, deque()).appendleft(reply)

    def _least_of_all(self, newcomer: WaitingReply) -> WaitingReply:
        """Return the reply that a full queue can best do without."""
        lasts = [*(lane[-1] for lane in self._lanes.values()), newcomer]
        lowest = max(last.asker.rank for last in lasts)
        return max(
            (last for last in lasts if last.asker.rank == lowest),
            key=lambda last: (
                not last.begun,
                self._count_with(last, newcomer),
                self._texts_of(last),
                last.queued_s,
            ),
        )

    def _count_with(self, last: WaitingReply, newcomer: WaitingReply) -> int:
        key = last.asker.key
        return len(self._lanes.get(key, ())) + (key == newcomer.asker.key)

    def remove(self, reply: WaitingReply) -> None:
        """Have a reply wait no longer; without effect if it does not."""
        lane = self._lanes.get(reply.asker.key)
        if lane is None or reply not in lane:
            return
        lane.remove(reply)
        if not lane:
            del self._lanes[reply.asker.key]

    def pop_old(self, queued_before_s: float) -> list[WaitingReply]:
        """Remove and return what was queued before that time."""
        old = [
            reply
            for lane in self._lanes.values()
            for reply in lane
            if reply.queued_s < queued_before_s
        ]
        for reply in old:
            self.remove(reply)
        return old

    # -- Whose turn it is ------------------------------------------------------------------------

    def ranked(self, now_s: float) -> list[WaitingReply]:
        """Return the first reply of each sender, in the order in which they may go."""
        heads = [lane[0] for lane in self._lanes.values()]
        favoured = self._favoured(heads)
        return sorted(
            heads,
            key=lambda head: (
                head.asker.rank != favoured,
                head.asker.rank,
                self._burden_s(head, now_s),
            ),
        )

    def _favoured(self, heads: list[WaitingReply]) -> SenderRank | None:
        """Return the lower rank whose turn it is in spite of that, if it is one's."""
        if self._in_a_row < TURNS_IN_A_ROW:
            return None
        lower = sorted({head.asker.rank for head in heads})[1:]
        return max(lower, key=lambda rank: self._passed_over[rank], default=None)

    def _burden_s(self, head: WaitingReply, now_s: float) -> float:
        """Return what speaks against a reply being next within its rank, in seconds on the air."""
        asker = head.asker
        used_s = self._use.of(asker.key, now_s)
        waited_s = now_s - max(head.queued_s, self._use.last_s(asker.key))
        further = self._texts_of(head) - 1 if asker.rank is SenderRank.STRANGER else 0
        return used_s + further * DEAR_TEXT_S - waited_s / WAITED_PER_AIR

    def text_went(self, reply: WaitingReply, air_s: float, now_s: float) -> None:
        """Note that a text of a reply that waits went out, and took so long on the air."""
        self._use.add(reply.asker.key, air_s, now_s)
        rank = reply.asker.rank
        waiting = {lane[0].asker.rank for lane in self._lanes.values()} | {rank}
        others = waiting - {rank}
        self._passed_over[rank] = 0
        for other in others:
            self._passed_over[other] += 1
        was_highest = bool(others) and rank == min(waiting)
        self._in_a_row = self._in_a_row + 1 if was_highest else 0

    def add_use(self, asker: _Key, air_s: float, now_s: float) -> None:
        """Note that a sender was given so much of the air."""
        self._use.add(asker, air_s, now_s)

    def air_used_s(self, asker: _Key, now_s: float) -> float:
        """Return how much of the air a sender was given lately."""
        return self._use.of(asker, now_s)

    # -- How long answers are --------------------------------------------------------------------

    def note_length(self, name: str, texts: int, first_bytes: int) -> None:
        """Note how long an answer is in full, for others of that name."""
        self._lengths[name] = (texts, first_bytes)
        self._lengths.move_to_end(name)
        if len(self._lengths) > MAX_NAMES:
            self._lengths.popitem(last=False)

    def next_bytes(self, reply: WaitingReply) -> int:
        """Return how long the next text of a reply is, or most likely will be."""
        if reply.texts:
            return len(reply.texts[0].text.encode("utf-8"))
        return self._lengths.get(reply.question.name, (1, USUAL_BYTES))[1]

    def _texts_of(self, reply: WaitingReply) -> int:
        """Return how many texts a reply still is, or most likely will be."""
        return len(reply.texts) or self._lengths.get(reply.question.name, (1, USUAL_BYTES))[0]
