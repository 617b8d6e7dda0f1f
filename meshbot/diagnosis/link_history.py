"""What the link lived through, made of its events: sessions, losses, outages, syncs. Pure.

A silence that is declared after 124 s began 124 s before: that is when the link was lost, and what
happened later cannot have caused it.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.text.cause_texts import cause_in

SAME_SYNC_S = 5.0
SAME_LOSS_S = 5.0
"""A line about a loss so soon after another is about the same one."""
HANDSHAKE_BEFORE_SUCCESS_S = 60.0
UNSEEN_GAP_S = 3_600.0
"""A run that left no word ended with its last event if the next began so much later."""
CLOCK_BACK_S = 2 * 3_600.0
"""A clock set back by less stands still instead; by more, nothing is known of the time between."""


@dataclass
class Sync:
    """A key sync. ``deferred``: the one that was scheduled after a reconnection."""

    at_s: float
    keys: int | None = None
    ended_s: float | None = None
    deferred: bool = False


@dataclass
class Loss:
    """The end of a session that nobody had ordered. ``began_s``: the last sign of life."""

    declared_s: float
    began_s: float
    cause: Cause
    text: str = ""
    session_start_s: float = 0.0
    nodes: int | None = None
    """How many nodes the session had downloaded."""
    attempts: int = 0
    failures: list[Cause] = field(default_factory=list)
    recovered_s: float | None = None
    asked: bool = False
    """Whether the node had been asked before silence was declared."""

    @property
    def life_s(self) -> float:
        """How long the session had been alive."""
        return max(self.began_s - self.session_start_s, 0.0)

    @property
    def outage_s(self) -> float | None:
        """From the last sign of life to the next success; None while there is none."""
        return self.recovered_s - self.began_s if self.recovered_s is not None else None

    @property
    def silence_s(self) -> float | None:
        """How long the silence was when it was declared, for one."""
        return self.declared_s - self.began_s if self.cause is Cause.SILENCE else None


@dataclass
class Session:
    """The link from one success to the next loss; ``end_s`` None: it lasts."""

    start_s: float
    end_s: float | None = None
    loss: Loss | None = None
    syncs: list[Sync] = field(default_factory=list)
    skips_sync: bool | None = None
    reconnected_at_s: float | None = None
    """When it counted as a reconnection, for one that is."""
    nodes: int | None = None
    handshake_s: float | None = None


@dataclass
class LinkHistory:
    """The whole, in the order of time. Times are wall-clock seconds."""

    sessions: list[Session] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    syncs: list[Sync] = field(default_factory=list)
    contests: list[float] = field(default_factory=list)
    dump_losses: list[tuple[float, int]] = field(default_factory=list)
    """When a link was lost while the node sent its database, and how many nodes had come."""
    starts: list[float] = field(default_factory=list)
    down_spans: list[tuple[float, float]] = field(default_factory=list)
    """When the bot ran and had no link."""
    first_s: float = 0.0
    last_s: float = 0.0
    asks_before_silence: bool = False
    """Whether a quiet node is asked before silence is declared; older bots do not ask."""
    tells_of_link: bool = False
    """Whether there is anything about the link itself, not only about syncs."""
    messages_opened: int = 0
    messages_not_opened: int = 0
    send_failures: int = 0

    @property
    def up_s(self) -> float:
        """How long there was a link."""
        return sum((session.end_s or self.last_s) - session.start_s for session in self.sessions)

    @property
    def down_s(self) -> float:
        """How long the bot ran without one."""
        return sum(end_s - start_s for start_s, end_s in self.down_spans)

    @property
    def reconnections(self) -> list[float]:
        """When a reconnection succeeded."""
        return [
            session.reconnected_at_s
            for session in self.sessions
            if session.reconnected_at_s is not None
        ]


class HistoryBuilder:
    """Takes events in the order of time and keeps what they amount to."""

    def __init__(self, since_s: float = -math.inf) -> None:
        """Know nothing yet; what was before ``since_s`` is learned from and left out."""
        self.history = LinkHistory()
        self._since_s = since_s
        self._session: Session | None = None
        self._loss: Loss | None = None
        """The last loss, while there is no new success."""
        self._down_since_s: float | None = None
        self._connected: LinkEvent | None = None
        """A handshake that does not count as a success yet."""
        self._cause_told = False
        """Whether something else than an attempt has told why the one before failed."""
        self._seen_s: float | None = None
        """When the last event was."""
        self._deferred_due_s: float | None = None
        """When the sync that was scheduled is due."""
        self._attempt_s: float | None = None
        """When the last attempt was announced."""
        self._blank_since_s: float | None = None
        """The beginning of a journal that has not told yet whether there was a link."""

    def add(self, event: LinkEvent) -> None:
        """Take one event."""
        history, seen_s = self.history, self._seen_s
        if seen_s is None:
            history.first_s = self._blank_since_s = event.wall_s
        elif event.wall_s < seen_s and event.kind is not EventKind.STARTED:
            if seen_s - event.wall_s <= CLOCK_BACK_S:
                event = replace(event, wall_s=seen_s)
            else:
                self._leave(seen_s)
                self._blank_since_s = event.wall_s
        if self._blank_since_s is not None:
            self._begin_in_the_middle(event, self._blank_since_s)
        history.last_s = max(history.last_s, event.wall_s)
        history.tells_of_link = history.tells_of_link or event.kind in _ABOUT_THE_LINK
        handler = _HANDLERS.get(event.kind)
        if handler is not None:
            handler(self, event)
        self._seen_s = event.wall_s

    def _begin_in_the_middle(self, event: LinkEvent, since_s: float) -> None:
        """Tell from the first words of a journal what went on before them."""
        kind = event.kind
        if kind in _DURING_A_LINK or (
            kind in (EventKind.LOST, EventKind.ATTEMPT) and not event.count
        ):
            self._begin(since_s, None)
        elif kind in _DURING_AN_OUTAGE:
            self._down_since_s = since_s
        elif kind not in (EventKind.STARTED, EventKind.CONNECTED):
            return  # it says neither
        self._blank_since_s = None

    def finish(self) -> LinkHistory:
        """Return the history up to the last event."""
        if self._session is not None:
            # It lasts, as far as this journal, or the last of several, goes.
            lasts = self._seen_s is None or self._seen_s >= self.history.last_s
            self._session.end_s = None if lasts else self._seen_s
        if self._down_since_s is not None:
            self._end_outage(self.history.last_s)
        self._leave_out()
        return self.history

    def _leave_out(self) -> None:
        """Leave out what was before the time that is asked for."""
        history, since_s = self.history, self._since_s
        if since_s <= history.first_s:
            return
        history.first_s = min(since_s, history.last_s)
        history.sessions = [
            session
            for session in history.sessions
            if session.end_s is None
            or session.end_s > since_s
            or (session.loss is not None and session.loss.declared_s >= since_s)
        ]
        for session in history.sessions:
            session.start_s = max(session.start_s, history.first_s)
            if session.end_s is not None:
                session.end_s = max(session.end_s, session.start_s)
            if session.reconnected_at_s is not None and session.reconnected_at_s < since_s:
                session.reconnected_at_s = None
            session.syncs = [sync for sync in session.syncs if sync.at_s >= since_s]
        history.losses = [loss for loss in history.losses if loss.declared_s >= since_s]
        history.syncs = [sync for sync in history.syncs if sync.at_s >= since_s]
        history.contests = [at_s for at_s in history.contests if at_s >= since_s]
        history.dump_losses = [loss for loss in history.dump_losses if loss[0] >= since_s]
        history.starts = [at_s for at_s in history.starts if at_s >= since_s]
        history.down_spans = [
            (max(start_s, since_s), end_s)
            for start_s, end_s in history.down_spans
            if end_s > since_s
        ]

    # -- One handler for each kind of event ----------------------------------------------------

    def _started(self, event: LinkEvent) -> None:
        self.history.asks_before_silence = bool(event.text)  # it is this bot that speaks
        seen_s = self._seen_s if self._seen_s is not None else event.wall_s
        told = 0 <= event.wall_s - seen_s <= UNSEEN_GAP_S
        self._leave(event.wall_s if told else seen_s)
        self.history.starts.append(event.wall_s)
        self._down_since_s = event.wall_s

    def _stopped(self, event: LinkEvent) -> None:
        self._leave(event.wall_s)

    def _connected_(self, event: LinkEvent) -> None:
        first = self._loss is None
        if first:
            self._begin(event.wall_s, event)
        else:
            self._connected = event

    def _attempt(self, event: LinkEvent) -> None:
        self._attempt_s = event.wall_s
        if self._loss is None and self._session is not None:
            # An older bot says no more of a loss than what it does about it.
            self._lose(event, cause_of(event), event.wall_s)
        if self._loss is not None:
            self._loss.attempts = max(self._loss.attempts + 1, event.count or 0)
            if self._loss.attempts > 1 and not self._cause_told:
                self._loss.failures.append(cause_of(event))
        self._cause_told = False

    def _not_opened(self, event: LinkEvent) -> None:
        self._connected = None
        self._cause_told = True
        if self._loss is not None:
            self._loss.failures.append(cause_of(event))

    def _silence(self, event: LinkEvent) -> None:
        seconds = event.seconds or 0.0
        loss = self._loss
        if self._session is None and loss is not None:
            # The success in between is not in the journal, or not yet counted.
            back_s = max(loss.declared_s, self._attempt_s or loss.declared_s)
            if self._connected is not None:
                back_s = self._connected.wall_s
            if event.wall_s - seconds > loss.declared_s:
                self._begin(min(back_s, event.wall_s - seconds), self._connected)
        self._lose(event, Cause.SILENCE, event.wall_s - seconds)

    def _lost(self, event: LinkEvent) -> None:
        loss = self._loss
        self._cause_told = True
        self.history.asks_before_silence = True  # no other bot writes this line
        if loss is not None and event.wall_s - loss.declared_s <= SAME_LOSS_S:
            loss.asked = True
        if event.count is not None:
            self.history.dump_losses.append((event.wall_s, event.count))
            return
        if (
            loss is not None
            and event.wall_s - loss.declared_s <= SAME_LOSS_S
            and self._connected is None
        ):
            loss.text = loss.text or event.text
            return
        if self._session is None and self._connected is None:
            return
        if self._session is None and self._connected is not None:
            # Lost before it counted: the outage goes on, but the node did cut a connection.
            self._begin(self._connected.wall_s, self._connected)
        self._lose(event, cause_of(event), event.wall_s)

    def _reconnected(self, event: LinkEvent) -> None:
        connected, self._connected = self._connected, None
        session = self._session
        if session is not None and session.start_s < event.wall_s:
            if session.reconnected_at_s is None and (
                event.wall_s - session.start_s < HANDSHAKE_BEFORE_SUCCESS_S
            ):
                session.reconnected_at_s = event.wall_s
                return
            # A success without a loss before it: the loss is not in the journal.
            self._lose(replace(event, text=""), Cause.OTHER, event.wall_s)
        start_s = event.wall_s
        if connected is not None and event.wall_s - connected.wall_s < HANDSHAKE_BEFORE_SUCCESS_S:
            start_s = connected.wall_s
        if self._loss is not None and event.count:
            self._loss.attempts = event.count
        self._begin(start_s, connected, success_s=event.wall_s)

    def _contested(self, event: LinkEvent) -> None:
        self.history.contests.append(event.wall_s)

    def _sync_scheduled(self, event: LinkEvent) -> None:
        if self._session is not None:
            self._session.skips_sync = False
        if event.seconds is not None:
            self._deferred_due_s = event.wall_s + event.seconds

    def _sync_skipped(self, event: LinkEvent) -> None:
        if self._session is not None and event.text == "flag":
            self._session.skips_sync = True

    def _sync_started(self, event: LinkEvent) -> None:
        due_s = self._deferred_due_s
        sync = Sync(event.wall_s)
        if due_s is not None and abs(event.wall_s - due_s) <= SAME_SYNC_S:
            sync.deferred, self._deferred_due_s = True, None
        self.history.syncs.append(sync)
        if self._session is not None:
            self._session.syncs.append(sync)

    def _sync_complete(self, event: LinkEvent) -> None:
        if not self.history.syncs or self.history.syncs[-1].ended_s is not None:
            self._sync_started(event)
        sync = self.history.syncs[-1]
        sync.ended_s, sync.keys = event.wall_s, event.count

    def _message_opened(self, event: LinkEvent) -> None:
        self.history.messages_opened += event.wall_s >= self._since_s

    def _message_not_opened(self, event: LinkEvent) -> None:
        self.history.messages_not_opened += event.wall_s >= self._since_s

    def _send_failed(self, event: LinkEvent) -> None:
        self.history.send_failures += event.wall_s >= self._since_s

    # -- The state of the link -----------------------------------------------------------------

    def _begin(
        self,
        start_s: float,
        connected: LinkEvent | None,
        *,
        success_s: float | None = None,
    ) -> None:
        """Begin a session; the one before ends here if nobody said how."""
        if self._session is not None:
            self._session.end_s = start_s
        self._end_outage(start_s)
        if self._loss is not None:
            self._loss.recovered_s = success_s if success_s is not None else start_s
        self._loss = None
        self._session = Session(
            start_s,
            reconnected_at_s=success_s,
            nodes=connected.count if connected is not None else None,
            handshake_s=connected.seconds if connected is not None else None,
        )
        self.history.sessions.append(self._session)

    def _lose(self, event: LinkEvent, cause: Cause, began_s: float) -> None:
        session, self._session = self._session, None
        if session is None:
            return
        began_s = min(max(began_s, session.start_s), event.wall_s)
        session.end_s = began_s
        self._connected = None
        loss = Loss(
            declared_s=event.wall_s,
            began_s=began_s,
            cause=cause,
            text=event.text,
            session_start_s=session.start_s,
            nodes=session.nodes,
            asked=self.history.asks_before_silence,
        )
        self._down_since_s = began_s
        if cause is not Cause.REQUESTED:
            session.loss = loss
            self.history.losses.append(loss)
        self._loss = loss

    def _leave(self, now_s: float) -> None:
        """End whatever was going on: the bot stopped, or starts and never said that it stopped."""
        if self._session is not None:
            self._session.end_s = max(now_s, self._session.start_s)
            self._session = None
        self._end_outage(now_s)
        self._loss = self._connected = None

    def _end_outage(self, now_s: float) -> None:
        if self._down_since_s is not None and now_s > self._down_since_s:
            self.history.down_spans.append((self._down_since_s, now_s))
        self._down_since_s = None


_ABOUT_THE_LINK = frozenset(EventKind) - {
    EventKind.SYNC_STARTED,
    EventKind.SYNC_COMPLETE,
    EventKind.SYNC_SCHEDULED,
    EventKind.SYNC_SKIPPED,
    EventKind.ALIVE,
    EventKind.MESSAGE_OPENED,
    EventKind.MESSAGE_NOT_OPENED,
    EventKind.SEND_FAILED,
}
_HANDLERS = {
    EventKind.STARTED: HistoryBuilder._started,
    EventKind.STOPPED: HistoryBuilder._stopped,
    EventKind.CONNECTED: HistoryBuilder._connected_,
    EventKind.ATTEMPT: HistoryBuilder._attempt,
    EventKind.NOT_OPENED: HistoryBuilder._not_opened,
    EventKind.SILENCE: HistoryBuilder._silence,
    EventKind.LOST: HistoryBuilder._lost,
    EventKind.RECONNECTED: HistoryBuilder._reconnected,
    EventKind.CONTESTED: HistoryBuilder._contested,
    EventKind.SYNC_SCHEDULED: HistoryBuilder._sync_scheduled,
    EventKind.SYNC_SKIPPED: HistoryBuilder._sync_skipped,
    EventKind.SYNC_STARTED: HistoryBuilder._sync_started,
    EventKind.SYNC_COMPLETE: HistoryBuilder._sync_complete,
    EventKind.MESSAGE_OPENED: HistoryBuilder._message_opened,
    EventKind.MESSAGE_NOT_OPENED: HistoryBuilder._message_not_opened,
    EventKind.SEND_FAILED: HistoryBuilder._send_failed,
}


_DURING_A_LINK = (
    EventKind.SILENCE,
    EventKind.SYNC_SCHEDULED,
    EventKind.SYNC_STARTED,
    EventKind.SYNC_COMPLETE,
)
_DURING_AN_OUTAGE = (EventKind.ATTEMPT, EventKind.NOT_OPENED, EventKind.RECONNECTED)


def cause_of(event: LinkEvent) -> Cause:
    """Return the cause of a loss, an attempt or a failure as losses are judged by.

    Events from before causes were written have it in words only.
    """
    cause = event.cause if event.cause is not None else cause_in(event.text)[0]
    return cause.group


def history_of(events: Iterable[LinkEvent], since_s: float = -math.inf) -> LinkHistory:
    """Return what the events amount to, from ``since_s`` on.

    The events before it tell in what state the link was then.
    """
    builder = HistoryBuilder(since_s)
    for event in events:
        builder.add(event)
    return builder.finish()
