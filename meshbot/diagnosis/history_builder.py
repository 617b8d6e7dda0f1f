"""Makes the history of the link out of its events. Pure.

A new kind of event becomes part of the history by a handler here and a row in ``_HANDLERS``.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import replace

from meshbot.diagnosis.client_log import OF_CLIENTS, ClientLog
from meshbot.diagnosis.event_clock import EventClock
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.session import Session, Sync
from meshbot.diagnosis.share_offer import share_in
from meshbot.diagnosis.trial.toss_log import TossLog
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.model.node_metrics import NodeMetrics
from meshbot.model.sync_skip import SyncSkip
from meshbot.text.cause_texts import cause_in
from meshbot.text.language import tr
from meshbot.text.quantities import counted, duration_text

SAME_SYNC_S = 5.0
SAME_LOSS_S = 5.0
"""A line about a loss so soon after another is about the same one."""
HANDSHAKE_BEFORE_SUCCESS_S = 60.0
UNSEEN_GAP_S = 3_600.0
"""A run without an end stopped at its last event if the next began so much later."""
SAME_ATTEMPT_S = 2.0
"""A line without a number so soon after another is about the same attempt."""
SAME_OUTAGE_S = 60.0
"""A first attempt is so soon followed by another that has lost its number."""
TOLD_BEFORE_SUCCESS_S = 10.0
"""Another bot tells of a session's sync so long before it says that the session succeeded."""
MIN_UNPAIRED = 5
UNPAIRED_SHARE = 0.1
"""Lines without those that belong to them are worth a remark from so many on."""


class HistoryBuilder:
    """Takes events in the order of time and keeps what they amount to."""

    def __init__(self, since_s: float = -math.inf, *, of_this_bot: bool = True) -> None:
        """Know nothing yet; events before ``since_s`` set the state, but are left out.

        ``of_this_bot``: a line about a loss is by a bot that asks before it declares silence.
        """
        self.history = LinkHistory()
        self._of_this_bot = of_this_bot
        self._clock = EventClock()
        self._tosses = TossLog()
        self._clients = ClientLog(since_s)
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
        self._not_opened_s: float | None = None
        """When the last attempt was told to have failed."""
        self._sync_told: tuple[float, bool] | None = None
        """When a sync was scheduled or skipped last, and whether it was skipped."""
        self._unpaired = 0
        """How many losses or successes are not in the journal, though what follows them is."""
        self._blank_since_s: float | None = None
        """The beginning of a journal that has not told yet whether there was a link."""
        self._reboots: int | None = None
        """The node's count of reboots, as it said in the last handshake."""
        self._reboots_before: int | None = None
        """The same, of the handshake before that."""
        self._followed: Loss | None = None
        """The loss before the session that there is, if there was one."""

    def add(self, event: LinkEvent) -> None:
        """Take one event."""
        history, seen_s = self.history, self._seen_s
        wall_s, broke = self._clock.read(event)
        if wall_s != event.wall_s:
            event = replace(event, wall_s=wall_s)
        if seen_s is None:
            history.first_s = self._blank_since_s = wall_s
        elif broke:
            self._resume(seen_s, wall_s)
        if event.kind in OF_CLIENTS:
            self._clients.add(event)
            history.last_s, self._seen_s = max(history.last_s, event.wall_s), event.wall_s
            return
        if self._blank_since_s is not None:
            self._begin_in_the_middle(event, self._blank_since_s)
        history.last_s = max(history.last_s, event.wall_s)
        history.tells_of_link = history.tells_of_link or event.kind in _ABOUT_THE_LINK
        self._infer_success(event)
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
        self.history.clients = self._clients.uses(self.history.last_s)
        self.history.leave_out_before(self._since_s)
        self.history.remarks.extend(self._remarks())
        return self.history

    def _remarks(self) -> list[str]:
        """Return what the journal lacks."""
        clock, remarks = self._clock, []
        unknown = clock.longest_unknown
        if unknown is not None and unknown[1] > self._since_s:
            remarks.append(
                tr(
                    "Aucune ligne pendant {unknown} d'affilée "
                    "(en tout {unknown2}) : ce temps n'est pas compté",
                    unknown=duration_text(unknown[1] - unknown[0]),
                    unknown2=duration_text(clock.unknown_s),
                )
            )
        if clock.set_back:
            what = counted(clock.set_back, "fois", "fois")
            remarks.append(
                tr(
                    "L'horloge recule {what} de plus de 2 h : les durées y sont inconnues",
                    what=what,
                )
            )
        if self._unpaired >= max(MIN_UNPAIRED, UNPAIRED_SHARE * len(self.history.sessions)):
            remarks.append(
                tr(
                    "Journal incomplet : {unpaired} coupures ou reconnexions n'y sont pas, "
                    "les durées sont approchées",
                    unpaired=self._unpaired,
                )
            )
        return remarks

    def _resume(self, seen_s: float, now_s: float) -> None:
        """Go on after a time of which nothing is known: with a link, if there was one before."""
        linked, down = self._session is not None, self._down_since_s is not None
        self._end_run(seen_s)
        if now_s <= seen_s:
            self._blank_since_s = now_s  # a clock set back: by whom, and what was in between?
        elif linked:
            self._begin_session(now_s, None)
        elif down:
            self._down_since_s = now_s
        else:
            self._blank_since_s = now_s

    def _infer_success(self, event: LinkEvent) -> None:
        """Begin the session that a journal with holes tells only by what comes after it."""
        loss, told = self._loss, self._sync_told
        if loss is None or self._session is not None or self._connected is not None:
            return
        tried_s = self._attempt_s if self._attempt_s is not None else -math.inf
        if event.kind is not EventKind.RECONNECTED and told is not None:
            # A sync is scheduled for a session that counts.
            missing = loss.declared_s < told[0] < event.wall_s - TOLD_BEFORE_SUCCESS_S
        elif event.kind is EventKind.LOST:
            missing = self._of_this_bot and event.count is None and tried_s >= loss.declared_s
            missing = missing and event.wall_s - tried_s > SAME_LOSS_S
        elif event.kind is EventKind.ATTEMPT:
            # The attempts of an outage are counted from 1.
            missing = event.count == 1 and event.wall_s - tried_s > SAME_OUTAGE_S
            missing = missing and loss.attempts > 0
        else:
            return
        if missing:
            self._unpaired += 1
            skips = told[1] if told is not None and told[0] > loss.declared_s else None
            self._begin_session(self._back_s(loss), None)
            if self._session is not None:
                self._session.skips_sync = skips

    def _back_s(self, loss: Loss) -> float:
        """Return when a link that is back without a word of it must have been so at the latest."""
        told_s = self._sync_told[0] if self._sync_told is not None else loss.declared_s
        tried_s = self._attempt_s if self._attempt_s is not None else loss.declared_s
        return max(loss.declared_s, tried_s, told_s)

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
        self.history.share = share_in(event.text) or self.history.share
        seen_s = self._seen_s if self._seen_s is not None else event.wall_s
        told = 0 <= event.wall_s - seen_s <= UNSEEN_GAP_S
        self._end_run(event.wall_s if told else seen_s)
        self._clients.end_run(event.wall_s if told else seen_s)
        self._down_since_s = event.wall_s

    def _on_stopped(self, event: LinkEvent) -> None:
        self._end_run(event.wall_s)
        self._clients.stopped(event.wall_s)

    def _on_connected(self, event: LinkEvent) -> None:
        self._followed = self._loss
        self._reboots_before, self._reboots = self._reboots, None
        if self._loss is None:
            self._begin_session(event.wall_s, event)
            if self._session is not None:
                self._session.first = True
        else:
            self._connected = event

    def _on_attempt(self, event: LinkEvent) -> None:
        last_s, self._attempt_s = self._attempt_s, event.wall_s
        if self._loss is None and self._session is not None:
            # An older bot tells a loss only by what it does about it.
            self._lose_session(event, cause_of(event), event.wall_s)
        loss, before = self._loss, self._loss.attempts if self._loss is not None else 0
        if loss is not None:
            same = last_s is not None and event.wall_s - last_s <= SAME_ATTEMPT_S
            first = before + 1 if not before or not same else before
            loss.attempts = max(before, event.count) if event.count else first
            if loss.attempts > max(before, 1) and not self._cause_told:
                loss.failures.append(_told_cause(event))
                loss.failed_s = last_s  # or later: nobody says when
        self._cause_told = False

    def _on_not_opened(self, event: LinkEvent) -> None:
        self._connected = None
        self._cause_told = True
        self._not_opened_s = event.wall_s
        if self._loss is not None:
            self._loss.failures.append(_told_cause(event))
            self._loss.failed_s = event.wall_s

    def _on_silence(self, event: LinkEvent) -> None:
        began_s = event.wall_s - (event.seconds or 0.0)
        loss = self._loss
        failed = self._not_opened_s is not None and self._not_opened_s >= began_s
        if (
            self._session is None
            and loss is not None
            and not failed
            and began_s > loss.declared_s + SAME_LOSS_S
        ):
            # The success in between is not in the journal, or not yet counted.
            self._unpaired += self._connected is None
            back_s = self._back_s(loss)
            if self._connected is not None:
                back_s = self._connected.wall_s
            self._begin_session(min(back_s, began_s), self._connected)
        self._lose_session(event, Cause.SILENCE, began_s, began_s)

    def _on_lost(self, event: LinkEvent) -> None:
        loss, connected = self._loss, self._connected
        self._cause_told = True
        if self._of_this_bot:
            self.history.asks_before_silence = True  # older ones do not write this line
        same = loss is not None and event.wall_s - loss.declared_s <= SAME_LOSS_S
        if loss is not None and same:
            loss.asked = loss.asked or self._of_this_bot
        if event.count is not None:
            self.history.dump_losses.append((event.wall_s, event.count))
            return
        if same and connected is None:
            return
        if self._session is None and connected is not None:
            # Lost before it counted: the outage goes on, but the node did cut a connection.
            self._begin_session(connected.wall_s, connected)
        cause, heard_s = cause_of(event), None
        if event.seconds is not None:
            heard_s = event.wall_s - event.seconds
        began_s = heard_s if cause is Cause.SILENCE and heard_s is not None else event.wall_s
        self._lose_session(event, cause, began_s, heard_s)

    def _on_reconnected(self, event: LinkEvent) -> None:
        connected, self._connected = self._connected, None
        session = self._session
        if session is not None and session.start_s < event.wall_s:
            if session.reconnected_at_s is None and (
                event.wall_s - session.start_s < HANDSHAKE_BEFORE_SUCCESS_S
            ):
                session.reconnected_at_s = event.wall_s
                return
            # A success without a loss before it: the loss is not in the journal, and nobody knows
            # how long the outage was.
            self._lose_session(event, Cause.OTHER, event.wall_s)
            self._loss = None
            self._unpaired += 1
        start_s = event.wall_s
        if connected is not None and event.wall_s - connected.wall_s < HANDSHAKE_BEFORE_SUCCESS_S:
            start_s = connected.wall_s
        if self._loss is not None and event.count:
            self._loss.attempts = event.count
        self._begin_session(start_s, connected, success_s=event.wall_s)

    def _on_node(self, event: LinkEvent) -> None:
        self.history.node = _said_by_node(event.text) or self.history.node
        self._reboots = event.count
        if self._followed is None or event.count is None or self._reboots_before is None:
            return
        # A count that fell is another node's, or that of one set back to its factory settings.
        grew_by = event.count - self._reboots_before
        self._followed.reboots = grew_by if grew_by >= 0 else None

    def _on_uptime(self, event: LinkEvent) -> None:
        followed = self._followed
        if followed is not None and followed.booted_s is None and event.seconds is not None:
            followed.booted_s = event.wall_s - event.seconds

    def _on_metrics(self, event: LinkEvent) -> None:
        self.history.metrics = NodeMetrics.from_json(event.text)

    def _on_gateway(self, event: LinkEvent) -> None:
        if self._loss is not None and event.count is not None:
            self._loss.gateway = event.count > 0

    def _on_alive(self, event: LinkEvent) -> None:
        if event.count is not None:
            self.history.questions.append(event.count)

    def _on_contested(self, event: LinkEvent) -> None:
        self.history.contests.append(event.wall_s)

    def _on_tossed(self, event: LinkEvent) -> None:
        if self._session is not None:
            self._session.tossed = True

    def _on_sync_scheduled(self, event: LinkEvent) -> None:
        self._tell_sync(event, skipped=False)
        if event.seconds is not None:
            self._deferred_due_s = event.wall_s + event.seconds

    def _on_sync_skipped(self, event: LinkEvent) -> None:
        if event.text == SyncSkip.FLAG:
            self._tell_sync(event, skipped=True)

    def _tell_sync(self, event: LinkEvent, *, skipped: bool) -> None:
        """Note whether the sync of this session, or of the one about to count, is skipped."""
        self._sync_told = (event.wall_s, skipped)
        if self._session is not None and not self._session.tossed:
            self._session.skips_sync = skipped

    def _on_sync_started(self, event: LinkEvent) -> None:
        due_s = self._deferred_due_s
        last = self.history.syncs[-1] if self.history.syncs else None
        if last is not None and last.ended_s is None and event.wall_s - last.at_s <= SAME_SYNC_S:
            return  # two lines say that it starts
        sync = Sync(event.wall_s)
        if due_s is not None and abs(event.wall_s - due_s) <= SAME_SYNC_S:
            sync.deferred, self._deferred_due_s = True, None
        self.history.syncs.append(sync)
        if self._session is not None:
            self._session.syncs.append(sync)

    def _on_sync_complete(self, event: LinkEvent) -> None:
        last = self.history.syncs[-1] if self.history.syncs else None
        if last is not None and last.ended_s is not None:
            if event.wall_s - last.ended_s <= SAME_SYNC_S:
                last.keys = event.count if last.keys is None else last.keys
                return  # two lines say that it ends
            last = None
        if last is None:
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
            self._loss.handshake_s = connected.seconds if connected is not None else None
        self._loss = None
        self._session = Session(
            start_s,
            reconnected_at_s=success_s,
            nodes=connected.count if connected is not None else None,
            handshake_s=connected.seconds if connected is not None else None,
        )
        told = self._sync_told
        if success_s is not None and told and success_s - told[0] <= TOLD_BEFORE_SUCCESS_S:
            self._session.skips_sync = told[1]
        self._sync_told = None
        self.history.sessions.append(self._session)

    def _lose_session(
        self, event: LinkEvent, cause: Cause, began_s: float, heard_s: float | None = None
    ) -> None:
        """End the session by a loss, if there is one; a loss that was ordered does not count."""
        session, self._session = self._session, None
        if session is None:
            return
        began_s = min(max(began_s, session.start_s), event.wall_s)
        session.end_s = began_s
        self._connected = self._followed = None
        self._down_since_s = began_s
        self._loss = Loss(
            declared_s=event.wall_s,
            began_s=began_s,
            cause=cause,
            session_start_s=session.start_s,
            nodes=session.nodes,
            asked=self.history.asks_before_silence,
            heard_s=None if heard_s is None else max(min(heard_s, event.wall_s), session.start_s),
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
        self._loss = self._connected = self._followed = None
        self._reboots = self._reboots_before = None

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
    EventKind.ALIVE: HistoryBuilder._on_alive,
    EventKind.NODE: HistoryBuilder._on_node,
    EventKind.UPTIME: HistoryBuilder._on_uptime,
    EventKind.METRICS: HistoryBuilder._on_metrics,
    EventKind.GATEWAY: HistoryBuilder._on_gateway,
}
_ABOUT_THE_LINK = frozenset(EventKind) - {
    EventKind.CLIENT_THERE,
    EventKind.CLIENT_LEFT,
    EventKind.CLIENT_REFUSED,
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
    EventKind.TOSSED,
    EventKind.TRIAL_ENDED,
}
_DURING_A_LINK = (
    EventKind.NODE,
    EventKind.UPTIME,
    EventKind.METRICS,
    EventKind.SILENCE,
    EventKind.SYNC_SCHEDULED,
    EventKind.SYNC_STARTED,
    EventKind.SYNC_COMPLETE,
)
_DURING_AN_OUTAGE = (
    EventKind.ATTEMPT,
    EventKind.NOT_OPENED,
    EventKind.RECONNECTED,
    EventKind.GATEWAY,
)


def cause_of(event: LinkEvent) -> Cause:
    """Return the cause of a loss, an attempt or a failure, as it counts when judged.

    Text journals, and events from before causes were stored, have it in words only.
    """
    return _told_cause(event).group


def _told_cause(event: LinkEvent) -> Cause:
    return event.cause if event.cause is not None else cause_in(event.text)[0]


def _said_by_node(text: str) -> dict[str, object]:
    """Return what a node said of itself; nothing where a damaged file holds something else."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _is_of_this_bot(started: LinkEvent) -> bool:
    """Say whether it is this bot that started: its line says more than that.

    systemd's line may be about any bot.
    """
    return bool(started.text)


def history_of(
    events: Iterable[LinkEvent], since_s: float = -math.inf, *, of_this_bot: bool = True
) -> LinkHistory:
    """Return what the events amount to, from ``since_s`` on.

    The events before it tell in what state the link was then. ``of_this_bot``: see the builder.
    """
    builder = HistoryBuilder(since_s, of_this_bot=of_this_bot)
    for event in events:
        builder.add(event)
    return builder.finish()
