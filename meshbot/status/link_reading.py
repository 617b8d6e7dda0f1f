"""The thread ``live-reading``: reads the link's journal and judges it, while somebody looks.

Owns what was read last: records that never change, replaced whole, so any thread may read them.
It has a connection to the database of its own, for reading only: neither the worker nor the link
ever waits for it. While nobody asks, it sleeps.
"""

import math
import threading
import time
from collections.abc import Callable
from pathlib import Path

from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.last_week import WEEK_EVENTS, WEEK_S
from meshbot.diagnosis.link_diagnosis import Diagnosis, diagnose
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.link_journal import LinkJournal
from meshbot.model.link_event import EventKind, LinkEvent, on_one_clock
from meshbot.status.day_pieces import DAY_S
from meshbot.store.link_event_store import look_at_events
from meshbot.text.language import mark
from meshbot.threads.bot_thread import BotThread

DAY_EVENTS = 4_000
JUST_WRITTEN = 1_000
DAY_AGAIN_S = 5.0
VERDICT_AGAIN_S = 60.0
_ABOUT_CLIENTS = (EventKind.CLIENT_THERE, EventKind.CLIENT_LEFT, EventKind.CLIENT_REFUSED)
_OF_THE_DAY = tuple(kind for kind in EventKind if kind not in _ABOUT_CLIENTS)


class LinkReading(BotThread):
    """Reads when it is asked to, not more often than it may."""

    wants_reserve = False

    error_line = mark("❌ Erreur inattendue à la lecture du journal de la liaison")

    def __init__(
        self,
        path: Path,
        journal: LinkJournal,
        *,
        simulated: bool,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Name the database and the journal; :meth:`start` starts the thread."""
        super().__init__("live-reading", clock)
        self._path = path
        self._journal = journal
        self._simulated = simulated
        self._wall_clock = wall_clock
        self._asked = threading.Event()
        self._day_s = self._verdict_s = -math.inf
        """When each was made last; the thread's own."""
        self._day: LinkHistory | None = None
        self._diagnosis: Diagnosis | None = None

    # -- Any thread ----------------------------------------------------------------------------

    def ask(self) -> None:
        """Have it read again, as soon as it may; returns at once."""
        self._asked.set()

    @property
    def day(self) -> LinkHistory | None:
        """What the last day was, as it was read last; not to be changed."""
        return self._day

    @property
    def diagnosis(self) -> Diagnosis | None:
        """The judgement on the last days, as it was made last."""
        return self._diagnosis

    # -- The thread ----------------------------------------------------------------------------

    def _wake(self) -> None:
        self._asked.set()

    def _recover(self) -> None:
        self._stopping.wait(DAY_AGAIN_S)

    def _end_program(self) -> None:
        """Go on: without what it reads only the page is poorer."""

    def _do_next(self) -> None:
        self.progress.idle()
        self._asked.wait()
        self._stopping.wait(max(self._day_s + DAY_AGAIN_S - self._clock(), 0.0))
        if self._stopping.is_set():
            return
        self._asked.clear()
        self.progress.step()
        self._day_s = self._clock()
        events = self._events(DAY_EVENTS)
        self._day = history_of(events, self._wall_clock() - DAY_S)
        if self._clock() - self._verdict_s >= VERDICT_AGAIN_S:
            self._verdict_s = self._clock()
            events = self._events(WEEK_EVENTS)
            self._diagnosis = diagnose(history_of(events, self._wall_clock() - WEEK_S))

    def _events(self, most: int) -> list[LinkEvent]:
        """Return the last events; some are being written: they may be in both, or in neither."""
        unwritten = self._journal.unwritten()
        stored = look_at_events(self._path, _OF_THE_DAY, most, simulated=self._simulated)
        there = set(stored[-JUST_WRITTEN:]) if unwritten else set()
        return on_one_clock([*stored, *(event for event in unwritten if event not in there)])
