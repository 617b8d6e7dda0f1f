"""What clients did, stored: brought into a new file, and no burden for the link's history."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from meshbot.diagnosis.link_journal import MAX_AGE_S, MAX_EVENTS
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.sharing.client_ledger import EVENT_EACH_S, MOST_EVENTS
from meshbot.store.database import Database
from meshbot.store.event_salvage import salvage_events
from meshbot.store.link_event_store import LinkEventStore, look_at_events
from tests.sharing.told import Told, client

K = EventKind


@pytest.fixture
def noted(caplog: pytest.LogCaptureFixture) -> list[LinkEvent]:
    """Return an event of each kind."""
    told = Told(caplog)
    told.narrator.look([client(packets=3)])
    told.narrator.refused("192.168.1.20:51034", "refusé", "admin")
    told.narrator.client_left(client(packets=4), "fin")
    assert set(told.notes.kinds()) == {K.CLIENT_THERE, K.CLIENT_LEFT, K.CLIENT_REFUSED}
    return told.notes.events


def stored(path: Path, events: list[LinkEvent]) -> LinkEventStore:
    database = Database(path)
    database.open()
    store = LinkEventStore(database)
    store.add_link_events(events)
    return store


def test_they_are_read_as_they_were_noted(path: Path, noted: list[LinkEvent]) -> None:
    store = stored(path, noted)
    assert store.load_link_events(100) == noted
    assert look_at_events(path, tuple(K), 100, simulated=False) == noted, "while it is open"
    store.database.close()
    assert look_at_events(path, (K.CLIENT_LEFT,), 100, simulated=False) == [
        event for event in noted if event.kind is K.CLIENT_LEFT
    ]
    assert look_at_events(path, tuple(K), 100, simulated=True) == []


def test_a_file_that_is_missing_or_something_else_holds_none(path: Path) -> None:
    assert look_at_events(path, tuple(K), 100, simulated=False) == []
    path.write_bytes(b"a letter to a friend")
    assert look_at_events(path, tuple(K), 100, simulated=False) == []


def test_a_new_file_is_given_them(path: Path, noted: list[LinkEvent], tmp_path: Path) -> None:
    stored(path, noted).database.close()
    store = stored(tmp_path / "new.db", [])
    store.database.close()
    with closing(sqlite3.connect(tmp_path / "new.db")) as target, target:
        salvage_events(target, [path], simulated=False)
    assert look_at_events(tmp_path / "new.db", tuple(K), 100, simulated=False) == noted


def test_ninety_days_of_a_client_that_misbehaves_leave_room_for_the_link() -> None:
    most = MOST_EVENTS + MAX_AGE_S / EVENT_EACH_S
    assert most < MAX_EVENTS / 2
