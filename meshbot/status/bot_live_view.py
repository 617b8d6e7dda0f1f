"""The ``LiveView`` of the running bot: gathered from its owners when it is asked for.

Used by the thread that serves the page, but for :meth:`BotLiveView.start` and
:meth:`BotLiveView.stop`, which are the main thread's. No lock is held from one question to the
next, nothing waits for the worker, and the database is left to :class:`LinkReading`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from meshbot.diagnosis.cause_share import CauseShare
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.link.node_facts import firmware_of
from meshbot.messages.bot_view import Link, Mesh
from meshbot.model.client_status import ClientStatus
from meshbot.model.known_node import BROADCAST_NUM, KnownNode, node_id
from meshbot.model.node_metrics import NodeMetrics
from meshbot.model.other_key import OtherKey
from meshbot.model.public_key import fingerprint
from meshbot.status.day_pieces import day_of
from meshbot.status.link_reading import LinkReading
from meshbot.status.log_ring import LogRing
from meshbot.status.message_ring import MessageRing, NotedMessage
from meshbot.status.page.live_view import (
    ClientRow,
    Day,
    KeyState,
    LinkNow,
    MessageRow,
    NodeRow,
    NodesNow,
    OwnNodeNow,
    Share,
    VerdictNow,
    WaitingKey,
    client_row,
)
from meshbot.text.foreign_text import printable

NODES_SHOWN = 300
KEYS_SHOWN = 50
SAME_S = 2.0
"""Two readings of a clock that tell the same moment differ by less."""
MINUTE_S = 60.0


class LiveMesh(Mesh, Protocol):
    """The nodes and their keys."""

    def weak_keys(self) -> list[OtherKey]:
        """Return the weak keys of nodes of which no other key is known."""


@dataclass(frozen=True)
class LiveParts:
    """Where the answers come from; ``clients`` None: the node is not shared."""

    mesh: LiveMesh
    link: Link
    reading: LinkReading
    messages: MessageRing
    log: LogRing
    metrics: Callable[[], NodeMetrics]
    clients: Callable[[], list[ClientStatus]] | None = None


class BotLiveView:
    """Keeps references, and the moments it told last, so that none of them flickers."""

    def __init__(
        self,
        parts: LiveParts,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Name the parts; :meth:`start` starts what reads the journal."""
        self._parts = parts
        self._clock = clock
        self._wall_clock = wall_clock
        self._link_was_up = False
        self._link_since_s = 0.0
        self._day: Day | None = None
        self._day_link: LinkNow | None = None
        self._day_history: LinkHistory | None = None
        """Of what the day was made."""
        self._asked_s = 0.0
        self._clients_since_s: dict[int, int] = {}

    def start(self) -> None:
        """Keep the log's lines, and start the thread that reads."""
        self._parts.log.attach()
        self._parts.reading.start()

    def stop(self, timeout_s: float) -> bool:
        """End it; return whether it ended in time."""
        self._parts.log.detach()
        return self._parts.reading.stop(timeout_s)

    # -- LiveView ------------------------------------------------------------------------------

    def now_s(self) -> float:
        """Return the wall-clock time."""
        return self._wall_clock()

    def link(self) -> LinkNow:
        """Return the state of the link."""
        status = self._parts.link.status()
        is_up = status.up_s is not None
        since_s = self._wall_clock() - (status.down_s if status.up_s is None else status.up_s)
        if is_up != self._link_was_up or abs(since_s - self._link_since_s) >= SAME_S:
            self._link_was_up, self._link_since_s = is_up, since_s
        return LinkNow(
            is_up=is_up,
            since_s=self._link_since_s,
            cause="" if is_up else printable(status.last_cause),
            attempts=0 if is_up else status.attempts,
            where=printable(status.where),
            reconnections_hour=status.reconnections_last_hour,
            reconnections_day=status.reconnections_last_day,
        )

    def day(self) -> Day:
        """Return the last 24 hours, up to this minute."""
        link, reading = self.link(), self._parts.reading
        now_s, history = self._wall_clock(), reading.day
        if link != self._day_link or self._clock() - self._asked_s >= MINUTE_S:
            self._asked_s = self._clock()
            reading.ask()
        elif history is self._day_history and self._day is not None:
            return self._day
        self._day_link, self._day_history = link, history
        self._day = day_of(history, link, now_s)
        return self._day

    def verdict(self) -> VerdictNow | None:
        """Return why the link was lost in the last days; None while nobody has judged yet."""
        diagnosis = self._parts.reading.diagnosis
        if diagnosis is None:
            return None
        return VerdictNow(
            headline=diagnosis.headline,
            to_do=diagnosis.advice[0] if diagnosis.advice else "",
            tone=diagnosis.verdict.tone.value,
            shares=tuple(_share(share) for share in diagnosis.shares),
        )

    def nodes(self) -> NodesNow:
        """Return the nodes heard last, latest first."""
        mesh, interface = self._parts.mesh, self._parts.link.interface
        own_num = interface.own_num if interface is not None else 0
        nodes = [node for node in mesh.recently_heard(NODES_SHOWN + 1) if node.num != own_num]
        waiting = {other.num for other in mesh.waiting_keys()}
        weak = {other.num for other in mesh.weak_keys()}
        rows = (self._node_row(node, waiting, weak) for node in nodes[:NODES_SHOWN])
        return NodesNow(tuple(rows), mesh.count())

    def waiting_keys(self) -> tuple[WaitingKey, ...]:
        """Return the keys that wait for the operator."""
        mesh = self._parts.mesh
        keys = []
        for other in mesh.waiting_keys()[:KEYS_SHOWN]:
            node = mesh.node(other.num) or KnownNode(other.num)
            known = fingerprint(node.public_key) if node.public_key else ""
            offered = fingerprint(other.public_key)
            keys.append(
                WaitingKey(node.id, _name(node), known, offered, int(other.offered_at), other.held)
            )
        return tuple(keys)

    def messages(self) -> tuple[MessageRow, ...]:
        """Return the last messages, latest first."""
        return tuple(self._message_row(message) for message in self._parts.messages.latest())

    def log_lines(self) -> tuple[str, ...]:
        """Return the log's last lines, the latest last."""
        return self._parts.log.latest()

    def clients(self) -> tuple[ClientRow, ...] | None:
        """Return the clients of the node; None where it is not shared."""
        if self._parts.clients is None:
            return None
        now_s, clients = self._wall_clock(), self._parts.clients()
        known = self._clients_since_s
        self._clients_since_s = {
            client.number: known.get(client.number, int(now_s - client.connected_s))
            for client in clients
        }
        return tuple(client_row(one, self._clients_since_s[one.number]) for one in clients)

    def own_node(self) -> OwnNodeNow:
        """Return how the bot's own node is."""
        interface = self._parts.link.interface
        if interface is None:
            return OwnNodeNow()
        user = interface.own_user
        return OwnNodeNow(
            id=node_id(interface.own_num) if interface.own_num else "",
            name=printable(user.long_name) if user is not None else "",
            firmware=printable(firmware_of(interface)),
            metrics=self._parts.metrics(),
        )

    # -- Rows ----------------------------------------------------------------------------------

    def _node_row(self, node: KnownNode, waiting: set[int], weak: set[int]) -> NodeRow:
        return NodeRow(
            id=node.id,
            name=printable(node.long_name),
            short_name=printable(node.short_name),
            heard_s=self._heard_s(node),
            hops=node.hops,
            snr_db=node.snr_db,
            key=self._key_state(node, waiting, weak),
        )

    def _key_state(self, node: KnownNode, waiting: set[int], weak: set[int]) -> KeyState:
        if node.num in waiting:
            return KeyState.WAITING
        if node.num in weak:
            return KeyState.WEAK
        if not node.public_key:
            return KeyState.NONE
        parts = self._parts
        in_place = parts.mesh.key_in_place(parts.link.interface, node.num)
        return KeyState.IN_PLACE if in_place else KeyState.ABSENT

    def _heard_s(self, node: KnownNode) -> int:
        """Return when a node was heard, on today's clock; what was noted then where that agrees."""
        ago_s = self._parts.mesh.heard_ago_s(node)
        if ago_s is None:
            return 0
        at_s = self._wall_clock() - ago_s
        agrees = abs(at_s - node.last_heard) < SAME_S
        return node.last_heard if agrees else round(at_s / MINUTE_S) * int(MINUTE_S)

    def _message_row(self, message: NotedMessage) -> MessageRow:
        num = message.node
        if num == BROADCAST_NUM:
            return MessageRow(message.at_s, "", "", message.text, message.fate, message.why)
        node = self._parts.mesh.node(num) or KnownNode(num)
        name = _name(node)
        return MessageRow(message.at_s, node.id, name, message.text, message.fate, message.why)


def _name(node: KnownNode) -> str:
    """Return the name that people gave a node, nothing where there is none."""
    return printable(node.long_name or node.short_name)


def _share(share: CauseShare) -> Share:
    name = share.verdict.wording
    return Share(name[:1].upper() + name[1:], share.share, share.count)
