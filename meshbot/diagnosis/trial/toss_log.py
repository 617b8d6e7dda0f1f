"""Makes a trial out of the events of the link. Pure.

A trial begins with the first run of the bot whose constant is on after one where it was not, and
lasts over restarts. Other runs' settings are not known from text journals: there the first toss
begins it.
"""

import json
import math
from dataclasses import replace

from meshbot.diagnosis.trial.evidence import Result
from meshbot.diagnosis.trial.tally import Tally
from meshbot.diagnosis.trial.toss import Outcome, Toss
from meshbot.diagnosis.trial.trial_kind import TrialKind, kind_of
from meshbot.diagnosis.trial.trial_settings import TrialSettings, settings_in
from meshbot.diagnosis.trial.trial_state import TrialState
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.text.cause_texts import cause_in


class TossLog:
    """Takes events in the order of time, on one clock; keeps the last trial."""

    def __init__(self) -> None:
        """Know of no trial."""
        self._settings = TrialSettings()
        self._kind: TrialKind | None = None
        self._running = False
        self._tally = Tally()
        self._pending: Toss | None = None
        self._noted: Result | None = None
        self._seen_s = -math.inf
        self._silent_since_s: float | None = None

    def add(self, event: LinkEvent) -> None:
        """Take one event."""
        handler = _HANDLERS.get(event.kind)
        if handler is not None:
            handler(self, event)
            self._seen_s = event.wall_s

    def trial(self, now_s: float) -> TrialState | None:
        """Return the last trial as it stands at ``now_s``, if there was one."""
        if self._kind is None:
            return None
        tally, pending = replace(self._tally), self._pending
        if pending is not None and now_s >= pending.settled_s:
            tally.add(replace(pending, outcome=Outcome.SURVIVED))
            pending = None
        return TrialState(
            self._kind,
            tally.counts,
            self._settings.effect_s,
            voids=tally.voids,
            pending=pending is not None,
            result=self._noted or tally.result,
            noted=self._noted is not None,
            running=self._running,
            last_toss_s=pending.at_s if pending is not None else tally.last_s,
        )

    def _begin(self, kind: TrialKind) -> None:
        self._kind, self._running, self._noted = kind, True, None
        self._tally, self._pending = Tally(), None

    # -- One handler for each kind of event ----------------------------------------------------

    def _on_started(self, event: LinkEvent) -> None:
        self._cut(self._seen_s)
        settings = settings_in(event.text)
        if settings is None:
            return
        if settings.on is not None and not (self._running and settings.on is self._kind):
            self._begin(settings.on)
        self._settings, self._running = settings, settings.on is not None

    def _on_tossed(self, event: LinkEvent) -> None:
        self._cut(event.wall_s)
        kind = kind_of(event.text)
        if kind is None:
            return
        if kind is not self._kind:
            self._begin(kind)
        toss = Toss(event.text == kind.suspect, event.wall_s, kind, self._settings)
        self._pending, self._silent_since_s = toss, None

    def _on_silence(self, event: LinkEvent) -> None:
        self._silent_since_s = event.wall_s - (event.seconds or 0.0)

    def _on_lost(self, event: LinkEvent) -> None:
        toss, silent_since_s = self._pending, self._silent_since_s
        if toss is None:
            return
        cause = event.cause if event.cause is not None else cause_in(event.text)[0]
        if cause.value in _ORDERED:
            self._cut(event.wall_s)
            return
        heard_s = event.wall_s if silent_since_s is None else silent_since_s
        if event.seconds is not None:
            heard_s = event.wall_s - event.seconds
        toss.lose(heard_s, event.wall_s, silent=cause is Cause.SILENCE)
        self._tally.add(toss)
        self._pending = None

    def _on_connected(self, event: LinkEvent) -> None:
        if self._pending is not None and self._pending.kind is TrialKind.SYNC:
            self._cut(event.wall_s)  # a loss that was not noted

    def _on_stopped(self, event: LinkEvent) -> None:
        self._cut(event.wall_s)

    def _on_trial_ended(self, event: LinkEvent) -> None:
        try:
            told = json.loads(event.text)
            kind, result = TrialKind(told["trial"]), Result(told["result"])
        except (ValueError, TypeError, KeyError, RecursionError):
            return
        if kind is self._kind:
            self._noted = result

    def _on_alive(self, event: LinkEvent) -> None:
        """Time has passed."""
        if self._pending is not None and event.wall_s >= self._pending.settled_s:
            self._cut(event.wall_s)

    def _cut(self, at_s: float) -> None:
        """End the toss whose outcome is open, at a time up to which there was no loss."""
        if self._pending is not None:
            self._pending.cut(at_s)
            self._tally.add(self._pending)
        self._pending = None


_ORDERED = ("requested", "closed", "interrupted", "scheduled")
"""Values of causes that are no loss: the bot or its operator ended the session."""
_HANDLERS = {
    EventKind.STARTED: TossLog._on_started,
    EventKind.STOPPED: TossLog._on_stopped,
    EventKind.ALIVE: TossLog._on_alive,
    EventKind.CONNECTED: TossLog._on_connected,
    EventKind.NOT_OPENED: TossLog._on_lost,
    EventKind.SILENCE: TossLog._on_silence,
    EventKind.LOST: TossLog._on_lost,
    EventKind.TOSSED: TossLog._on_tossed,
    EventKind.TRIAL_ENDED: TossLog._on_trial_ended,
}
EVENTS_OF_A_TRIAL = frozenset(_HANDLERS)
"""All that a trial is made of: the others need not be read."""
