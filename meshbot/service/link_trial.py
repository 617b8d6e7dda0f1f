"""The trial that the running bot makes: tosses the coin, notes it, acts by the result.

Owns what is known of the trial, which the worker derives from the link's journal
(:meth:`LinkTrial.look`) and replaces whole. The link thread only reads that and tosses: it never
waits for the disk. There is no lock.
"""

import enum
import json
import logging
import math
import time
from collections.abc import Callable, Collection
from typing import Protocol

from meshbot.diagnosis.trial.evidence import Result
from meshbot.diagnosis.trial.toss_log import EVENTS_OF_A_TRIAL, TossLog
from meshbot.diagnosis.trial.trial_kind import TrialKind
from meshbot.diagnosis.trial.trial_state import TrialState
from meshbot.diagnosis.trial.trial_text import course_line, end_line, toss_line
from meshbot.model.link_event import EventKind, LinkEvent, on_one_clock
from meshbot.service.fair_coin import fair_coin
from meshbot.store.storage_error import StorageError
from meshbot.text.language import tr

log = logging.getLogger(__name__)

MAX_EVENTS = 20_000


class TrialJournal(Protocol):
    """Where what happens to the link is noted and read."""

    def note(self, kind: EventKind, *, text: str = "") -> None:
        """Note an event that happens now."""

    def events_of(self, kinds: Collection[EventKind], most: int) -> list[LinkEvent]:
        """Return the last events of some kinds. Raises ``StorageError``."""


class _Mode(enum.Enum):
    OFF = "not now"
    TRYING = "the coin decides"
    ENDED = "the result decides"


_ACTS = {
    TrialKind.SYNC: {Result.GUILTY: False, Result.INNOCENT: True},
    TrialKind.LIGHT: {Result.GUILTY: False},
}
"""Whether what was on trial is done from then on; where nothing stands, as the constants say."""


class LinkTrial:
    """One trial."""

    def __init__(
        self,
        kind: TrialKind,
        journal: TrialJournal,
        post: Callable[[Callable[[], object]], object],
        *,
        coin: Callable[[], bool] = fair_coin,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Name what is tried; ``post`` has a call run by the worker. Nothing is read yet."""
        self._kind = kind
        self._journal = journal
        self._post = post
        self._coin = coin
        self._clock = clock
        self._mode = _Mode.OFF
        self._state: TrialState | None = None
        self._tossed: bool | None = None
        """What the coin said for the session to come; the link thread's own."""
        self._failing = False

    # -- On the link thread --------------------------------------------------------------------

    def with_suspect(self) -> bool | None:
        """Say whether the next session goes with what is on trial; None: as the constants say.

        Says the same until :meth:`begins`: a coin is not tossed again because nobody answered.
        """
        mode, state = self._mode, self._state
        if mode is _Mode.TRYING:
            if self._tossed is None:
                self._tossed = self._coin()
            return self._tossed
        self._tossed = None
        if mode is _Mode.ENDED and state is not None and state.result is not None:
            return _ACTS[state.kind].get(state.result)
        return None

    def begins(self) -> bool:
        """Hear that the session that was asked about begins; say whether the coin decided it."""
        suspect, self._tossed = self._tossed, None
        if suspect is not None:
            arm = self._kind.suspect if suspect else self._kind.other
            log.info(toss_line(self._kind, self._state, suspect=suspect))
            self._journal.note(EventKind.TOSSED, text=arm)
        self._post(self.look)
        return suspect is not None

    def link_failed(self) -> None:
        """Hear that a session, or an attempt at one, ended."""
        if self._waits:
            self._post(self.look)

    # -- On the worker thread, or before it runs -----------------------------------------------

    def start(self) -> None:
        """Find out how far the trial is, and say it."""
        self.look()
        if self._mode is _Mode.TRYING:
            log.info(course_line(self._kind, self._state))
        elif self._mode is _Mode.ENDED and self._state is not None:
            log.info(end_line(self._state))

    def look_again(self) -> None:
        """See whether the last session has survived by now; called at intervals."""
        if self._waits:
            self.look()

    def look(self) -> None:
        """Derive from the journal how far the trial is; note it when it ends."""
        try:
            events = on_one_clock(self._journal.events_of(EVENTS_OF_A_TRIAL, MAX_EVENTS))
        except StorageError as error:
            self._mode = _Mode.OFF
            if not self._failing:
                self._failing = True
                log.warning(tr("⚠️ Essai %s suspendu : %s"), self._kind.constant, error)
            return
        self._failing = False
        self._follow(events)

    def _follow(self, events: list[LinkEvent]) -> None:
        tosses = TossLog()
        for event in events:
            tosses.add(event)
        now_s = events[-1].wall_s + self._clock() - events[-1].mono_s if events else -math.inf
        state = tosses.trial(now_s)
        self._state = state = state if state is not None and state.kind is self._kind else None
        if state is None or state.result is None:
            self._mode = _Mode.TRYING
            return
        before, self._mode = self._mode, _Mode.ENDED
        if not state.noted:
            ended = {"trial": state.kind.value, "result": state.result.value}
            self._journal.note(EventKind.TRIAL_ENDED, text=json.dumps(ended))
            if before is _Mode.TRYING:
                log.info(end_line(state))

    @property
    def _waits(self) -> bool:
        """Whether it is not known yet what became of the last session."""
        return self._mode is _Mode.TRYING and self._state is not None and self._state.pending
