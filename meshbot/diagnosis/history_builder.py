"""Makes the history of the link out of its events. Pure.

A new kind of event becomes part of the history by a handler here and a row in ``_HANDLERS``.
"""

import math
from collections.abc import Iterable
from dataclasses import replace

from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.session import Session, Sync
from meshbot.diagnosis.trial.toss_log import TossLog
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.model.sync_skip import SyncSkip
from meshbot.text.cause_texts import cause_in

SAME_SYNC_S = 5.0
SAME_LOSS_S = 5.0
"""A line about a loss so soon after another is about the same one."""
HANDSHAKE_BEFORE_SUCCESS_S = 60.0
UNSEEN_GAP_S = 3_600.0
"""A run without an end stopped at its last event if the next began so much later."""
CLOCK_BACK_S = 2 * 3_600.0
"""Set back by less, a clock stands still instead; by more, the time between is unknown."""


class HistoryBuilder:
    """Takes events in the order of time and keeps what they amount to."""

    def __init__(self, since_s: float = -math.inf) -> None:
        """Know nothing yet; events before ``since_s`` set the state, but are left out."""
        self.history = LinkHistory()
        self._tosses = TossLog()
        self._since_s = since_s
        self._session: Session | None = None
        self._loss: Loss | None = None
        """The last loss, while there is no new success."""
        self._down_since_s: float | None = None
        self._connected: LinkEvent | None = None
        """A handshake that does not count as a success yet."""
        self._cause_told = False
        """Whether a line other than an attempt's told why the one before failed."""
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
                self._end_run(seen_s)
                self._blank_since_s = event.wall_s
        if self._blank_since_s is not None:
            self._begin_in_the_middle(event, self._blank_since_s)
        history.last_s = max(history.last_s, event.wall_s)
        history.tells_of_link = history.tells_of_link or event.kind in _ABOUT_THE_LINK
        handler = _HANDLERS.get(event.kind)
        if handler is not None:
            handler(self, event)
        self._tosses.add(event)
        self._seen_s = event.wall_s

    def finish(self) -> LinkHistory:
        """Return the history up to the last event."""
        if self._session is not None:
            # It lasts until this journal, or the last of several, ends.
            lasts = self._seen_s is None or self._seen_s >= self.history.last_s
            self._session.end_s = None if lasts else self._seen_s
        self._end_outage(self.history.last_s)
        self.history.trial = self._tosses.trial(self.history.last_s)
        self.history.leave_out_before(self._since_s)
        return self.history

    def _begin_in_the_middle(self, event: LinkEvent, since_s: float) -> None:
        """Tell from the first lines of a journal how the link was before them."""
        kind = event.kind
        if kind in _DURING_A_LINK or (
            kind in (EventKind.LOST, EventKind.ATTEMPT) and not event.count
        ):
            self._begin_session(since_s, None)
        elif kind in _DURING_AN_OUTAGE:
            self._down_since_s = since_s
        elif kind not in (EventKind.STARTED, EventKind.CONNECTED):
            return  # it says neither
        self._blank_since_s = None

    # -- One handler for each kind of event ----------------------------------------------------

    def _on_started(self, event: LinkEvent) -> None:
        self.history.asks_before_silence = _is_of_this_bot(event)
        seen_s = self._seen_s if self._seen_s is not None else event.wall_s
        told = 0 <= event.wall_s - seen_s <= UNSEEN_GAP_S
        self._end_run(event.wall_s if told else seen_s)
        self._down_since_s = event.wall_s

    def _on_stopped(self, event: LinkEvent) -> None:
        self._end_run(event.wall_s)

    def _on_connected(self, event: LinkEvent) -> None:
        if self._loss is None:
            self._begin_session(event.wall_s, event)
        else:
            self._connected = event

    def _on_attempt(self, event: LinkEvent) -> None:
        self._attempt_s = event.wall_s
        if self._loss is None and self._session is not None:
            # An older bot tells a loss only by what it does about it.
            self._lose_session(event, cause_of(event), event.wall_s)
        if self._loss is not None:
            self._loss.attempts = max(self._loss.attempts + 1, event.count or 0)
            if self._loss.attempts > 1 and not self._cause_told:
                self._loss.failures.append(cause_of(event))
        self._cause_told = False

    def _on_not_opened(self, event: LinkEvent) -> None:
        self._connected = None
        self._cause_told = True
        if self._loss is not None:
            self._loss.failures.append(cause_of(event))

    def _on_silence(self, event: LinkEvent) -> None:
        began_s = event.wall_s - (event.seconds or 0.0)
        loss = self._loss
        if self._session is None and loss is not None and began_s > loss.declared_s:
            # The success in between is not in the journal, or not yet counted.
            back_s = max(loss.declared_s, self._attempt_s or loss.declared_s)
            if self._connected is not None:
                back_s = self._connected.wall_s
            self._begin_session(min(back_s, began_s), self._connected)
        self._lose_session(event, Cause.SILENCE, began_s)

    def _on_lost(self, event: LinkEvent) -> None:
        loss, connected = self._loss, self._connected
        self._cause_told = True
        self.history.asks_before_silence = True  # no other bot writes this line
        same = loss is not None and event.wall_s - loss.declared_s <= SAME_LOSS_S
        if loss is not None and same:
            loss.asked = True
        if event.count is not None:
            self.history.dump_losses.append((event.wall_s, event.count))
            return
        if same and connected is None:
            return
        if self._session is None and connected is not None:
            # Lost before it counted: the outage goes on, but the node did cut a connection.
            self._begin_session(connected.wall_s, connected)
        self._lose_session(event, cause_of(event), event.wall_s)

    def _on_reconnected(self, event: LinkEvent) -> None:
        connected, self._connected = self._connected, None
        session = self._session
        if session is not None and session.start_s < event.wall_s:
            if session.reconnected_at_s is None and (
                event.wall_s - session.start_s < HANDSHAKE_BEFORE_SUCCESS_S
            ):
                session.reconnected_at_s = event.wall_s
                return
            # A success without a loss before it: the loss is not in the journal.
            self._lose_session(event, Cause.OTHER, event.wall_s)
        start_s = event.wall_s
        if connected is not None and event.wall_s - connected.wall_s < HANDSHAKE_BEFORE_SUCCESS_S:
            start_s = connected.wall_s
        if self._loss is not None and event.count:
            self._loss.attempts = event.count
        self._begin_session(start_s, connected, success_s=event.wall_s)

    def _on_contested(self, event: LinkEvent) -> None:
        self.history.contests.append(event.wall_s)

    def _on_tossed(self, event: LinkEvent) -> None:
        if self._session is not None:
            self._session.tossed = True

    def _on_sync_scheduled(self, event: LinkEvent) -> None:
        if self._session is not None and not self._session.tossed:
            self._session.skips_sync = False
        if event.seconds is not None:
            self._deferred_due_s = event.wall_s + event.seconds

    def _on_sync_skipped(self, event: LinkEvent) -> None:
        session = self._session
        if session is not None and event.text == SyncSkip.FLAG and not session.tossed:
            session.skips_sync = True

    def _on_sync_started(self, event: LinkEvent) -> None:
        due_s = self._deferred_due_s
        sync = Sync(event.wall_s)
        if due_s is not None and abs(event.wall_s - due_s) <= SAME_SYNC_S:
            sync.deferred, self._deferred_due_s = True, None
        self.history.syncs.append(sync)
        if self._session is not None:
            self._session.syncs.append(sync)

    def _on_sync_complete(self, event: LinkEvent) -> None:
        if not self.history.syncs or self.history.syncs[-1].ended_s is not None:
            self._on_sync_started(event)
        sync = self.history.syncs[-1]
        sync.ended_s, sync.keys = event.wall_s, event.count

    def _on_message_opened(self, event: LinkEvent) -> None:
        self.history.messages_opened += event.wall_s >= self._since_s

    def _on_message_not_opened(self, event: LinkEvent) -> None:
        self.history.messages_not_opened += event.wall_s >= self._since_s

    def _on_send_failed(self, event: LinkEvent) -> None:
        self.history.send_failures += event.wall_s >= self._since_s

    # -- The state of the link -----------------------------------------------------------------

    def _begin_session(
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

    def _lose_session(self, event: LinkEvent, cause: Cause, began_s: float) -> None:
        """End the session by a loss, if there is one; a loss that was ordered does not count."""
        session, self._session = self._session, None
        if session is None:
            return
        began_s = min(max(began_s, session.start_s), event.wall_s)
        session.end_s = began_s
        self._connected = None
        self._down_since_s = began_s
        self._loss = Loss(
            declared_s=event.wall_s,
            began_s=began_s,
            cause=cause,
            session_start_s=session.start_s,
            nodes=session.nodes,
            asked=self.history.asks_before_silence,
        )
        if cause is not Cause.REQUESTED:
            session.loss = self._loss
            self.history.losses.append(self._loss)

    def _end_run(self, now_s: float) -> None:
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


_HANDLERS = {
    EventKind.STARTED: HistoryBuilder._on_started,
    EventKind.STOPPED: HistoryBuilder._on_stopped,
    EventKind.CONNECTED: HistoryBuilder._on_connected,
    EventKind.ATTEMPT: HistoryBuilder._on_attempt,
    EventKind.NOT_OPENED: HistoryBuilder._on_not_opened,
    EventKind.SILENCE: HistoryBuilder._on_silence,
    EventKind.LOST: HistoryBuilder._on_lost,
    EventKind.RECONNECTED: HistoryBuilder._on_reconnected,
    EventKind.CONTESTED: HistoryBuilder._on_contested,
    EventKind.TOSSED: HistoryBuilder._on_tossed,
    EventKind.SYNC_SCHEDULED: HistoryBuilder._on_sync_scheduled,
    EventKind.SYNC_SKIPPED: HistoryBuilder._on_sync_skipped,
    EventKind.SYNC_STARTED: HistoryBuilder._on_sync_started,
    EventKind.SYNC_COMPLETE: HistoryBuilder._on_sync_complete,
    EventKind.MESSAGE_OPENED: HistoryBuilder._on_message_opened,
    EventKind.MESSAGE_NOT_OPENED: HistoryBuilder._on_message_not_opened,
    EventKind.SEND_FAILED: HistoryBuilder._on_send_failed,
}
_ABOUT_THE_LINK = frozenset(EventKind) - {
    EventKind.SYNC_STARTED,
    EventKind.SYNC_COMPLETE,
    EventKind.SYNC_SCHEDULED,
    EventKind.SYNC_SKIPPED,
    EventKind.TOSSED,
    EventKind.TRIAL_ENDED,
    EventKind.ALIVE,
    EventKind.MESSAGE_OPENED,
    EventKind.MESSAGE_NOT_OPENED,
    EventKind.SEND_FAILED,
}
_DURING_A_LINK = (
    EventKind.SILENCE,
    EventKind.SYNC_SCHEDULED,
    EventKind.SYNC_STARTED,
    EventKind.SYNC_COMPLETE,
)
_DURING_AN_OUTAGE = (EventKind.ATTEMPT, EventKind.NOT_OPENED, EventKind.RECONNECTED)


def cause_of(event: LinkEvent) -> Cause:
    """Return the cause of a loss, an attempt or a failure, as it counts when judged.

    Text journals, and events from before causes were stored, have it in words only.
    """
    cause = event.cause if event.cause is not None else cause_in(event.text)[0]
    return cause.group


def _is_of_this_bot(started: LinkEvent) -> bool:
    """Say whether it is this bot that started: its line says more than that.

    systemd's line may be about any bot.
    """
    return bool(started.text)


def history_of(events: Iterable[LinkEvent], since_s: float = -math.inf) -> LinkHistory:
    """Return what the events amount to, from ``since_s`` on.

    The events before it tell in what state the link was then.
    """
    builder = HistoryBuilder(since_s)
    for event in events:
        builder.add(event)
    return builder.finish()
