"""The nodes that clients are told of: the radio's own, and those it forgot.

The radio's database is small and evicts; what it told once stays known here, and so do the nodes
that the bot has met. Owned by one thread, which alone enters; the book may be used by others too.

Numbers cost nothing, so of nodes that are not the radio's there is room for few: a quarter for
whoever came lately, the rest for those who introduced themselves and have been known for a day, or
proved who they are. Of the radio's there are as many as it says, which is not more than its own
flash holds.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from meshtastic.protobuf import mesh_pb2

from meshbot.model.known_node import BROADCAST_NUM, KnownNode
from meshbot.sharing.configuration_recorder import MAX_NODES
from meshbot.sharing.node_entry import NodeEntry, is_live

MAX_SHARED_NODES = 1_000
"""An ESP32 has 250 at most; the apps were made for some hundred. So many take 2 MB, and telling
them 26 ms the first time, then 5 (250: 5 and 1)."""
LATE_SHARE = 4
SLACK_SHARE = 8
"""So much over it is let in before somebody must go: choosing looks at all."""
SETTLED_S = 86_400
BOOK_FRESH_S = 30.0
"""For so long the book is not asked again who was heard last: that looks at all its nodes."""


class NodeBook(Protocol):
    """What the bot knows of the nodes: the node table. Any thread may call it."""

    def node(self, num: int) -> KnownNode | None:
        """Return a copy of what is known of node ``num``, with the key that is believed."""

    def recently_heard(self, limit: int) -> list[KnownNode]:
        """Return copies of the nodes heard last, latest first."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A node that is not the radio's, and how much it matters."""

    num: int
    known: KnownNode | None
    heard: tuple[bool, int]
    settled: bool


class NodeMemory:
    """Learns from the radio and from packets; tells clients."""

    def __init__(
        self,
        book: NodeBook,
        *,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
        most: int = MAX_SHARED_NODES,
    ) -> None:
        """Know nobody yet. ``clock`` is monotonic, both are in seconds.

        ``most``: up to how many nodes others than the radio's are added.
        """
        self._book = book
        self._clock = clock
        self._wall_clock = wall_clock
        self._most = most
        self._entries: dict[int, NodeEntry] = {}
        self._radio: dict[int, None] = {}
        """The numbers in the radio's database, in its order."""
        self._removed: OrderedDict[int, None] = OrderedDict()
        """Whom somebody took out of the radio's database, until they are heard again."""
        self._node_time = 0
        """The time by the radio's clock, when it last heard somebody."""
        self._book_heard: list[KnownNode] = []
        self._book_entries: dict[int, NodeEntry] = {}
        """Of those, for the frames that were made of them."""
        self._book_until_s: float | None = None

    # -- Learning ------------------------------------------------------------------------------

    def learn(self, nodes: Iterable[mesh_pb2.NodeInfo], *, complete: bool) -> None:
        """Take entries of the radio's database; ``complete``: it has no others."""
        told = {info.num: info for info in nodes if _is_node(info.num)}
        if complete:
            self._radio = {}
        now = self._now()
        for num, info in told.items():
            if num not in self._radio and len(self._radio) >= MAX_NODES:
                continue
            self._radio[num] = None
            self._removed.pop(num, None)
            self._entry(num).take(info, now)
        self._make_room()

    def hear(self, packet: mesh_pb2.MeshPacket) -> None:
        """Take a packet as the radio gave it to the bot."""
        num = getattr(packet, "from")
        if not _is_node(num) or not packet.HasField("decoded"):
            return  # what the radio cannot open tells it of nobody either
        self._removed.pop(num, None)
        if packet.rx_time and is_live(packet):
            self._node_time = packet.rx_time
        self._entry(num).hear(packet, self._wall_time())
        self._make_room()

    def remove(self, num: int) -> None:
        """Forget a node that somebody takes out of the radio's database, until it is heard."""
        self._entries.pop(num, None)
        self._radio.pop(num, None)
        self._removed[num] = None
        if len(self._removed) > self._most:
            self._removed.popitem(last=False)

    def _entry(self, num: int) -> NodeEntry:
        entry = self._entries.get(num)
        if entry is None:
            entry = self._entries[num] = NodeEntry(num)
        return entry

    def _now(self) -> int:
        """Return the time, by the clock that is ahead: the other was not set yet."""
        return max(self._node_time, self._wall_time())

    def _wall_time(self) -> int:
        """Return our own time, as the protocol has room for it."""
        return min(max(int(self._wall_clock()), 0), 0xFFFFFFFF)

    # -- Telling -------------------------------------------------------------------------------

    def payloads(self, own_num: int) -> list[bytes]:
        """Return a frame for each node but ``own_num``: the radio's first, then by when heard."""
        told = [
            self._entries[num].payload(self._book.node(num))
            for num in self._radio
            if num != own_num
        ]
        others = [
            one
            for one in self._own_candidates() + self._candidates_of_book()
            if one.num != own_num and one.num not in self._removed
        ]
        chosen = _choose(others, max(0, self._most - len(told)))
        chosen.sort(key=lambda one: one.heard[1], reverse=True)
        told += [
            (self._entries.get(one.num) or self._book_entries[one.num]).payload(one.known)
            for one in chosen
        ]
        return [payload for payload in told if payload]

    def own_payload(self, own_num: int, payload: bytes) -> bytes:
        """Return the frame of our own node's entry with what it said since it was recorded.

        To an app, a node that nobody heard for two hours is off the air.
        """
        entry = self._entries.get(own_num)
        return entry.own_payload(payload) if entry is not None and payload else payload

    # -- Whom there is room for ----------------------------------------------------------------

    def _make_room(self) -> None:
        surplus = len(self._entries) - len(self._radio) - self._most
        if surplus <= self._most // SLACK_SHARE:
            return
        others = self._own_candidates()
        kept = {one.num for one in _choose(others, self._most)}
        for one in others:
            if one.num not in kept:
                del self._entries[one.num]

    def _own_candidates(self) -> list[_Candidate]:
        """Return the nodes heard, or told of once, that are not the radio's."""
        return [
            self._candidate(num, self._book.node(num), entry.last_heard)
            for num, entry in self._entries.items()
            if num not in self._radio
        ]

    def _candidates_of_book(self) -> list[_Candidate]:
        """Return the nodes of which only the book knows, and more than a number."""
        now_s = self._clock()
        if self._book_until_s is None or now_s >= self._book_until_s:
            self._book_until_s = now_s + BOOK_FRESH_S
            self._book_heard = self._book.recently_heard(self._most)
            before = self._book_entries
            self._book_entries = {
                known.num: before.get(known.num) or NodeEntry(known.num)
                for known in self._book_heard
            }
        return [
            self._candidate(known.num, known, known.last_heard)
            for known in self._book_heard
            if known.introduced and known.num not in self._entries and _is_node(known.num)
        ]

    def _candidate(self, num: int, known: KnownNode | None, last_heard: int) -> _Candidate:
        if known is None:
            return _Candidate(num, None, (False, last_heard), settled=False)
        met_ago_s = self._wall_clock() - known.known_since
        settled = bool(known.last_dm) or (known.introduced and met_ago_s >= SETTLED_S)
        rank = bool(known.last_dm) if settled else known.introduced
        return _Candidate(num, known, (rank, last_heard or known.last_heard), settled)


def _choose(candidates: list[_Candidate], room: int) -> list[_Candidate]:
    """Return for whom there is room: of the settled and of the late the last heard each.

    What one kind leaves of its share is the other's.
    """
    if len(candidates) <= room:
        return candidates
    ranked = sorted(candidates, key=lambda one: one.heard, reverse=True)
    settled = [one for one in ranked if one.settled]
    late = [one for one in ranked if not one.settled]
    chosen = settled[: room - min(len(late), room // LATE_SHARE)]
    return chosen + late[: room - len(chosen)]


def _is_node(num: int) -> bool:
    return num not in (0, BROADCAST_NUM)
