"""What happens to the link gets onto the disk in good time, and never in the link's way."""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from meshbot.diagnosis import link_journal as link_journal_module
from meshbot.diagnosis.link_journal import (
    MAX_AGE_S,
    MAX_EVENTS,
    MAX_PENDING,
    LinkJournal,
)
from meshbot.model.link_event import EventKind, LinkEvent, on_one_clock
from meshbot.model.link_notes import LinkNotes
from meshbot.store.database import Database
from meshbot.store.link_event_store import LinkEventStore
from meshbot.store.node_store import NodeStore
from meshbot.store.storage_error import StorageError, StorageVanished
from node_manager import NodeManager
from tests.diagnosis.made import DAY_S
from tests.support.clock import Clock
from tests.support.journal import Journal
from tests.support.limits import WAIT_S

K = EventKind
FAILED = "❌ Journal de la liaison non écrit"
BACK = "✅ Le journal de la liaison est de nouveau écrit"


class WatchedStorage(LinkEventStore):
    """The real file, with a count of the transactions and a fault to switch on."""

    def __init__(self, path: Path) -> None:
        super().__init__(Database(path))
        self.batches: list[int] = []
        self.failing = False
        self.during_write = threading.Event()
        self.may_write = threading.Event()
        self.may_write.set()

    def add_link_events(self, events: Iterable[LinkEvent]) -> None:
        written = list(events)
        self.batches.append(len(written))
        self.during_write.set()
        assert self.may_write.wait(WAIT_S)
        if self.failing:
            raise StorageError("disque plein", passing=True)
        super().add_link_events(written)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bot.db"


@pytest.fixture
def storage(path: Path) -> Iterator[WatchedStorage]:
    opened = WatchedStorage(path)
    opened.database.open()
    yield opened
    opened.database.close()


@pytest.fixture
def clock() -> Clock:
    return Clock(100.0)


@pytest.fixture
def wall_clock() -> Clock:
    return Clock(1_790_000_000.0)


@pytest.fixture
def notes(storage: WatchedStorage, clock: Clock, wall_clock: Clock) -> LinkJournal:
    nodes = NodeManager(NodeStore(storage.database), clock=clock, wall_clock=wall_clock)
    return LinkJournal(storage, on_vanished=nodes.rebuild_store, clock=clock, wall_clock=wall_clock)


def stored(storage: LinkEventStore) -> list[LinkEvent]:
    return storage.load_link_events(1_000_000)


def test_events_carry_both_times_run_session_and_what_they_say(
    notes: LinkJournal, storage: WatchedStorage, clock: Clock, wall_clock: Clock
) -> None:
    notes.start({"TCP_SILENT_TIMEOUT": 120, "CONNECTION_MODE": "tcp"})
    notes.next_session()
    clock.now_s, wall_clock.now_s = 130.0, 1_790_000_040.0
    notes.note(K.LOST, seconds=1.5, count=7, text="été")
    notes.flush()
    started, lost = stored(storage)
    assert started.kind is K.STARTED and (started.run, started.session) == (1, 0)
    assert json.loads(started.text) == {"TCP_SILENT_TIMEOUT": 120, "CONNECTION_MODE": "tcp"}
    assert lost == LinkEvent(K.LOST, 1_790_000_040.0, 130.0, 1, 1, 1.5, 7, "été")


@pytest.mark.parametrize("kind", list(EventKind))
def test_every_kind_comes_back(
    kind: EventKind, notes: LinkJournal, storage: WatchedStorage
) -> None:
    notes.note(kind)
    notes.flush()
    assert [event.kind for event in stored(storage)] == [kind]


def test_runs_are_numbered_on_across_restarts(
    notes: LinkJournal, storage: WatchedStorage, path: Path
) -> None:
    notes.start({})
    notes.flush()
    storage.database.close()
    for run in (2, 3):
        again = LinkEventStore(Database(path))
        again.database.open()
        later = LinkJournal(again, on_vanished=lambda error: None)
        later.start({})
        later.flush()
        assert [event.run for event in stored(again)] == list(range(1, run + 1))
        assert stored(again)[-1].session == 0
        again.database.close()


def test_sessions_are_numbered(notes: LinkJournal, storage: WatchedStorage) -> None:
    for _ in range(3):
        notes.next_session()
        notes.note(K.CONNECTED)
    notes.flush()
    assert [event.session for event in stored(storage)] == [1, 2, 3]


def test_many_events_are_one_transaction_and_none_is_none(
    notes: LinkJournal, storage: WatchedStorage
) -> None:
    notes.flush()
    for _ in range(500):
        notes.note(K.ATTEMPT)
    notes.flush()
    notes.flush()
    assert storage.batches == [500]


def test_noting_touches_no_disk_and_waits_for_none(
    notes: LinkJournal, storage: WatchedStorage
) -> None:
    """While a write hangs, events are noted at once, in order, and written later."""
    notes.note(K.STARTED)
    storage.may_write.clear()
    writer = threading.Thread(target=notes.flush, name="flush")
    writer.start()
    assert storage.during_write.wait(WAIT_S)
    notes.note(K.CONNECTED)
    notes.note(K.SILENCE, seconds=124.0)
    assert writer.is_alive()
    assert storage.batches == [1]
    storage.may_write.set()
    writer.join(WAIT_S)
    notes.flush()
    assert [event.kind for event in stored(storage)] == [K.STARTED, K.CONNECTED, K.SILENCE]


def test_a_full_disk_is_one_line_and_nothing_is_lost(
    notes: LinkJournal, storage: WatchedStorage, journal: Journal
) -> None:
    storage.failing = True
    for number in range(5):
        notes.note(K.ATTEMPT, count=number)
        notes.flush()
    assert journal.count(FAILED) == 1
    assert "disque plein" in journal.lines[0] and "le bot continue" in journal.lines[0]
    storage.failing = False
    notes.note(K.RECONNECTED)
    notes.flush()
    assert journal.count(BACK) == 1
    assert [event.count for event in stored(storage)] == [0, 1, 2, 3, 4, None]
    storage.failing = True
    notes.note(K.LOST)
    notes.flush()
    assert journal.count(FAILED) == 2  # another time is another line


def test_what_waits_for_a_broken_disk_is_bounded(
    notes: LinkJournal, storage: WatchedStorage
) -> None:
    storage.failing = True
    for number in range(MAX_PENDING):
        notes.note(K.ATTEMPT, count=number)
    notes.flush()
    for number in range(MAX_PENDING, MAX_PENDING + 10):
        notes.note(K.ATTEMPT, count=number)
        notes.flush()
    storage.failing = False
    notes.flush()
    assert [event.count for event in stored(storage)] == list(range(10, MAX_PENDING + 10))


def test_a_locked_file_is_one_line_and_written_later(
    notes: LinkJournal, storage: WatchedStorage, path: Path, journal: Journal
) -> None:
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    notes.note(K.LOST, text="FIN")
    notes.flush()
    assert journal.count(FAILED) == 1
    other.rollback()
    other.close()
    notes.flush()
    assert journal.count(BACK) == 1
    assert [event.text for event in stored(storage)] == ["FIN"]


def test_a_deleted_file_is_made_again(
    notes: LinkJournal, storage: WatchedStorage, path: Path, journal: Journal
) -> None:
    notes.start({})
    notes.flush()
    for file in path.parent.iterdir():
        file.unlink()
    notes.note(K.LOST, text="FIN")
    notes.flush()
    assert journal.count("a disparu") == 1
    assert journal.count(FAILED) == 0
    assert [event.text for event in stored(storage)] == ["FIN"]
    assert path.is_file()


def test_a_file_that_cannot_be_made_again_is_one_line(
    notes: LinkJournal, storage: WatchedStorage, path: Path, journal: Journal
) -> None:
    for file in path.parent.iterdir():
        file.unlink()
    path.mkdir()
    for _ in range(3):
        notes.note(K.LOST)
        notes.flush()
    assert journal.count(FAILED) == 1
    path.rmdir()
    notes.flush()
    assert len(stored(storage)) == 3


def test_a_closed_storage_is_one_line(
    notes: LinkJournal, storage: WatchedStorage, path: Path, journal: Journal
) -> None:
    """At the very end: what was closed is closed for good."""

    def refuse(error: StorageVanished) -> None:
        raise error

    closing = LinkJournal(storage, on_vanished=refuse)
    storage.database.close()
    closing.note(K.STOPPED)
    closing.flush()
    closing.prune()
    assert journal.count(FAILED) == 1


def test_the_events_for_the_verdict_include_the_unwritten_ones(notes: LinkJournal) -> None:
    notes.note(K.CONNECTED)
    notes.flush()
    notes.note(K.LOST)
    assert [event.kind for event in notes.events(10)] == [K.CONNECTED, K.LOST]
    assert [event.kind for event in notes.events(1)] == [K.LOST]


# -- Bounds ------------------------------------------------------------------------------------


def test_the_bounds_are_ninety_days_and_a_hundred_thousand_events() -> None:
    assert (MAX_AGE_S, MAX_EVENTS) == (90 * DAY_S, 100_000)


def test_what_is_too_old_is_forgotten(
    notes: LinkJournal, storage: WatchedStorage, wall_clock: Clock
) -> None:
    now_s = wall_clock.now_s
    storage.add_link_events(
        [
            LinkEvent(K.ALIVE, now_s - 91 * DAY_S, run=1),
            LinkEvent(K.ALIVE, now_s - 89 * DAY_S, run=1),
            LinkEvent(K.ALIVE, now_s, run=2),
        ]
    )
    notes.prune()
    assert [event.wall_s for event in stored(storage)] == [now_s - 89 * DAY_S, now_s]


def test_a_run_that_began_without_knowing_the_time_is_kept(
    notes: LinkJournal, storage: WatchedStorage
) -> None:
    """Its first events are of 1970 until the clock is set; they are the newest all the same."""
    notes.start({})
    storage.add_link_events([LinkEvent(K.CONNECTED, 12.0, 12.0, run=1)])
    notes.prune()
    assert [event.wall_s for event in stored(storage)] == [12.0]


def test_what_is_too_much_is_forgotten(
    notes: LinkJournal, storage: WatchedStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_journal_module, "MAX_EVENTS", 10)
    for number in range(25):
        notes.note(K.ALIVE, count=number)
    notes.flush()
    notes.prune()
    assert [event.count for event in stored(storage)] == list(range(15, 25))


def test_pruning_a_broken_disk_says_nothing(
    notes: LinkJournal, storage: WatchedStorage, path: Path, journal: Journal
) -> None:
    notes.note(K.ALIVE)
    notes.flush()
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    notes.prune()
    other.rollback()
    other.close()
    assert journal.lines == []
    assert len(stored(storage)) == 1


# -- One clock ---------------------------------------------------------------------------------


def test_times_before_the_clock_was_set_are_counted_back() -> None:
    events = [
        LinkEvent(K.STOPPED, 1_000.0, 500.0, run=1),
        LinkEvent(K.STARTED, 10.0, 10.0, run=2),  # 1970
        LinkEvent(K.CONNECTED, 15.0, 15.0, run=2),
        LinkEvent(K.LOST, 1_790_000_100.0, 100.0, run=2),
        LinkEvent(K.RECONNECTED, 1_790_000_118.0, 118.0, run=2),
        LinkEvent(K.STARTED, 1_790_001_000.0, 3.0, run=3),
    ]
    assert [event.wall_s for event in on_one_clock(events)] == [
        1_000.0,
        1_790_000_010.0,
        1_790_000_015.0,
        1_790_000_100.0,
        1_790_000_118.0,
        1_790_001_000.0,
    ]


def test_a_wall_clock_that_jumps_about_never_changes_a_duration() -> None:
    jumps = (0.0, 5_000.0, -86_400.0, 3_600.0, -1.0)
    events = [
        LinkEvent(K.ALIVE, 1_790_000_000.0 + 60.0 * number + jump, 60.0 * number, run=1)
        for number, jump in enumerate(jumps)
    ]
    times_s = [event.wall_s for event in on_one_clock(events)]
    assert [time_s - times_s[0] for time_s in times_s] == [0, 60, 120, 180, 240]
    assert times_s[-1] == events[-1].wall_s


def test_no_events_are_on_one_clock() -> None:
    assert on_one_clock([]) == []


def test_nobody_listening_costs_nothing() -> None:
    nobody = LinkNotes()
    nobody.note(K.LOST, seconds=1.0, count=2, text="x")
    nobody.next_session()
    assert not vars(nobody)


# -- Events of some kinds --------------------------------------------------------------------------


def test_events_of_some_kinds_hold_the_unwritten_ones_and_write_nothing(path: Path) -> None:
    storage = WatchedStorage(path)
    storage.database.open()
    try:
        journal = LinkJournal(storage, on_vanished=lambda _: None)
        journal.start({})
        journal.note(K.ALIVE)
        journal.note(K.TOSSED, text="sync")
        journal.flush()
        journal.note(K.MESSAGE_OPENED)
        journal.note(K.TOSSED, text="skip")
        found = journal.events_of({K.STARTED, K.TOSSED}, 2)
        assert [(event.kind, event.text) for event in found] == [
            (K.STARTED, "{}"),
            (K.TOSSED, "sync"),
            (K.TOSSED, "skip"),
        ]
        assert len(storage.batches) == 1
    finally:
        storage.database.close()


def test_how_a_trial_ended_is_never_forgotten(path: Path) -> None:
    storage = WatchedStorage(path)
    storage.database.open()
    try:
        old = [LinkEvent(kind, 0.0, run=1) for kind in (K.TOSSED, K.TRIAL_ENDED)]
        storage.add_link_events([*old, *(LinkEvent(K.ALIVE, 1.0, run=2) for _ in range(9))])
        storage.prune_link_events(3, before_wall_s=0.5)
        kept = [event.kind for event in storage.load_link_events(100)]
        assert kept == [K.TRIAL_ENDED, K.ALIVE, K.ALIVE, K.ALIVE]
    finally:
        storage.database.close()
