"""What happened to the link, kept in the database for the report.

Owns the events that are not written yet, guarded by ``_lock``, a leaf. Any thread may note an
event: that takes a moment of memory and never touches the disk. The worker writes them a few
seconds later, many in one transaction; what cannot be written waits, and the link never hears of
it.
"""

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping

from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.model.link_notes import LinkNotes
from meshbot.store.link_event_store import LinkEventStore
from meshbot.store.storage_error import StorageError, StorageVanished
from meshbot.text.language import tr

log = logging.getLogger(__name__)

MAX_PENDING = 5_000
MAX_EVENTS = 100_000
MAX_AGE_S = 90 * 86_400.0


class LinkJournal(LinkNotes):
    """The events of this run, on their way into the database."""

    def __init__(
        self,
        storage: LinkEventStore,
        *,
        on_vanished: Callable[[StorageVanished], object],
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Note from now on; ``on_vanished`` makes a deleted database again, or raises."""
        self._storage = storage
        self._on_vanished = on_vanished
        self._clock = clock
        self._wall_clock = wall_clock
        self._lock = threading.Lock()
        self._pending: deque[LinkEvent] = deque(maxlen=MAX_PENDING)
        self._run = 0
        self._session = 0
        self._failing = False
        self._listeners: tuple[Callable[[LinkEvent], object], ...] = ()

    def listen(self, listener: Callable[[LinkEvent], object]) -> None:
        """Have a listener told of each event, on the thread that notes it; it must not block.

        Before the start of the bot.
        """
        self._listeners += (listener,)

    def start(self, settings: Mapping[str, object]) -> None:
        """Begin a run of the bot, under these settings. Raises ``StorageError``."""
        run = self._storage.last_link_run() + 1
        with self._lock:
            self._run = run
        self.note(EventKind.STARTED, text=json.dumps(settings))

    def next_session(self) -> None:
        """Note that the events to come are about another connection."""
        with self._lock:
            self._session += 1

    def note(
        self,
        kind: EventKind,
        *,
        seconds: float | None = None,
        count: int | None = None,
        text: str = "",
        cause: Cause | None = None,
    ) -> None:
        """Note an event that happens now."""
        wall_s, mono_s = self._wall_clock(), self._clock()
        with self._lock:
            event = LinkEvent(
                kind,
                wall_s,
                mono_s,
                run=self._run,
                session=self._session,
                seconds=seconds,
                count=count,
                text=text,
                cause=cause,
            )
            self._pending.append(event)
        for listener in self._listeners:
            listener(event)

    def flush(self) -> None:
        """Write what was noted; on the worker's thread."""
        with self._lock:
            events = list(self._pending)
            self._pending.clear()
        if not events:
            return
        try:
            try:
                self._storage.add_link_events(events)
            except StorageVanished as error:
                self._on_vanished(error)
                self._storage.add_link_events(events)
        except StorageError as error:
            with self._lock:
                events += self._pending  # noted meanwhile
                self._pending.clear()
                self._pending.extend(events)
            if not self._failing:
                self._failing = True
                log.error(tr("❌ Journal de la liaison non écrit : %s (le bot continue)"), error)
            return
        if self._failing:
            self._failing = False
            log.info(tr("✅ Le journal de la liaison est de nouveau écrit"))

    def prune(self) -> None:
        """Forget what is older than ninety days, or beyond a hundred thousand events."""
        try:
            self._storage.prune_link_events(MAX_EVENTS, self._wall_clock() - MAX_AGE_S)
        except StorageError as error:
            log.debug("link events not pruned: %s", error)

    def events(self, most: int) -> list[LinkEvent]:
        """Return the last events, the unwritten ones included. Raises ``StorageError``."""
        self.flush()
        return self._storage.load_link_events(most)

    def unwritten(self) -> list[LinkEvent]:
        """Return the events that are not written yet; for any thread."""
        with self._lock:
            return list(self._pending)

    def events_of(self, kinds: Collection[EventKind], most: int) -> list[LinkEvent]:
        """Return the last events of some kinds, those not written yet included; writes nothing.

        On the worker's thread, or before it runs: nothing is being written then. Raises
        ``StorageError``.
        """
        stored = self._storage.load_link_events(most, kinds)
        with self._lock:
            return stored + [event for event in self._pending if event.kind in kinds]
