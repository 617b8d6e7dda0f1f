"""Rows that a card has changed: never believed, back from a copy, or learned anew."""

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from meshbot.cli.arguments import parse_arguments
from meshbot.cli.report_command import ReportCommand
from meshbot.model.key_decision import KeyDecision
from meshbot.model.known_node import KnownNode
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.model.other_key import OtherKey
from meshbot.service.bot_store import BotStore
from meshbot.store import carved_rows
from meshbot.store import database as database_module
from meshbot.store.backup import Backup
from meshbot.store.database import Database
from meshbot.store.inspection import CHECKSUMS_SINCE, spoilt_rows
from meshbot.store.node_store import NodeStore
from meshbot.store.repair import Repair
from meshbot.store.schema import VERSIONS
from meshbot.store.storage_error import StorageDamaged, StorageError
from meshbot.store.stored_table import HEARD_ORDERS, NODES, OTHER_KEYS, STORED_TABLES
from meshbot.store.traces import has_traces
from tests.store.stored_mesh import nodes_in, put
from tests.support.damages import key_of

pytestmark = pytest.mark.slow

NOW_S = 1_700_000_000.0
ANNE = KnownNode(7, "Anne", "A", public_key=key_of(7), last_heard=5, known_since=3)
BOB = KnownNode(8, "Bob", "B", public_key=key_of(8))
OFFERED = OtherKey(7, key_of(70), offered_at=5)
REFUSED = OtherKey(8, key_of(80), refused_at=5)
TRIAL = LinkEvent(EventKind.TRIAL_ENDED, 17.0, 5.0, 1, 0, text='{"trial": "sync"}')
EVENTS = [LinkEvent(EventKind.ALIVE, NOW_S + number, number, 1, 1, 0.5, 7) for number in range(9)]
HEARD = {"num": 7, "packet_id": 0xFFFFFFFF, "heard_at": 1_700_000_000}


def bot_store(path: Path) -> BotStore:
    return BotStore(path, simulated=False, wall_clock=lambda: NOW_S)


@pytest.fixture
def used(path: Path) -> Path:
    """A database as a bot leaves it, with a copy of the same."""
    store = bot_store(path)
    store.open()
    store.nodes.save_nodes([ANNE, BOB], {7: [OFFERED], 8: [REFUSED]})
    store.nodes.add_decision(7, OFFERED.public_key, accept=True)
    store.link_events.add_link_events([TRIAL, *EVENTS])
    with store.database.transaction() as transaction:
        transaction.execute(HEARD_ORDERS.insert(), HEARD_ORDERS.with_checksum(0, HEARD))
    store.backup.back_up()
    store.close()
    return path


def spoil(path: Path, statement: str) -> None:
    """Change rows as a card does: without their checksums."""
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute(statement)


def lose_the_copies(path: Path) -> None:
    for copy in Backup(path).paths:
        copy.unlink(missing_ok=True)


def read(path: Path) -> tuple[list[KnownNode], list[OtherKey], list[KeyDecision]]:
    """Have a bot open a database; return what it then knows of the mesh."""
    store = bot_store(path)
    store.open()
    try:
        nodes = store.nodes
        return nodes.load_nodes(), nodes.load_other_keys(), nodes.load_decisions()
    finally:
        store.close()


def heard_orders(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as raw:
        return raw.execute("SELECT num, packet_id, heard_at FROM heard_orders").fetchall()


def events_in(path: Path) -> list[LinkEvent]:
    store = bot_store(path)
    store.open()
    try:
        return store.link_events.load_link_events(1_000)
    finally:
        store.close()


def asides(path: Path) -> list[Path]:
    return sorted(path.parent.glob("*abimee*"))


def test_events_of_times_that_cannot_be_are_left_out_of_the_report(
    used: Path,
) -> None:
    spoil(used, "UPDATE link_events SET mono_s = 9.9e10 WHERE id % 4 = 0")
    spoil(used, "UPDATE link_events SET wall_s = -9.9e10 WHERE id % 4 = 1")
    spoil(used, "UPDATE link_events SET seconds = 9.9e10 WHERE id % 4 = 2")
    assert events_in(used) == [EVENTS[1], EVENTS[5]]  # the third and the seventh
    said: list[str] = []
    command = ReportCommand(used, simulated=False, write=said.append, wall_clock=lambda: NOW_S)
    assert command.run(parse_arguments(["report"])) == 0
    assert "2023" in "".join(said)


def test_a_time_that_is_no_date_is_no_time() -> None:
    year_10000_s = 253_402_300_800
    for table in (NODES, OTHER_KEYS):
        for name in {"last_heard", "offered_at", "refused_at"} & set(table.checks):
            assert not table.checks[name](year_10000_s)


# -- A row of the file ---------------------------------------------------------------------------

SPOILT = {
    "a key": "UPDATE nodes SET public_key = x'00' || substr(public_key, 2) WHERE num = 7",
    "a number": "UPDATE nodes SET num = 9 WHERE num = 7",
    "another mesh": "UPDATE nodes SET simulated = 2 WHERE num = 7",
    "a time": "UPDATE nodes SET last_heard = 'hier' WHERE num = 7",
    "no checksum": "UPDATE nodes SET checksum = NULL WHERE num = 7",
    "what became of a key": "UPDATE other_keys SET refused_at = 0",
    "an order of the operator": "UPDATE key_orders SET accept = 0",
    "an order heard": "UPDATE heard_orders SET packet_id = 1",
}


@pytest.mark.parametrize("what", SPOILT)
def test_a_spoilt_row_comes_back_from_the_copy_with_a_line(
    used: Path, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = read(used)
    spoil(used, SPOILT[what])
    assert spoilt_rows(used) > 0
    assert read(used) == before
    assert tuple(HEARD.values()) in heard_orders(used)
    (line,) = [record.getMessage() for record in caplog.records if "abîmée" in record.getMessage()]
    assert "une nouvelle est commencée avec 2 nœuds" in line
    # A row of no mesh at all is in nobody's way: the row that is missing comes back.
    assert ("fausse" in line and "d'une copie), une" in line) is (what != "another mesh")
    assert len(asides(used)) == 1
    caplog.clear()
    assert read(used) == before and not caplog.records, "once"


def test_how_many_rows_were_spoilt_and_came_back_is_said(
    used: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spoil(used, "UPDATE nodes SET last_heard = 1")
    spoil(used.with_name("bot.db.copie"), "UPDATE nodes SET last_heard = 1 WHERE num = 8")
    nodes, _, _ = read(used)
    assert nodes == [ANNE]
    assert ", 2 lignes fausses (1 reprise d'une copie), une nouvelle" in caplog.text


def test_without_a_copy_a_spoilt_row_is_forgotten_and_can_be_learned_anew(used: Path) -> None:
    lose_the_copies(used)
    spoil(used, SPOILT["a key"])
    nodes, others, decisions = read(used)
    assert (nodes, len(others), len(decisions)) == ([BOB], 2, 1)
    store = bot_store(used)
    store.open()
    store.nodes.save_nodes([ANNE])
    store.close()
    assert read(used)[0] == [ANNE, BOB]


def test_an_order_heard_is_refused_again_whatever_became_of_its_row(used: Path) -> None:
    """A mark too many costs less than an order that is obeyed twice."""
    lose_the_copies(used)
    spoil(used, "UPDATE heard_orders SET heard_at = heard_at + 1")
    read(used)
    assert heard_orders(used) == [(HEARD["num"], HEARD["packet_id"], HEARD["heard_at"] + 1)]
    assert spoilt_rows(used) == 0


def test_a_spoilt_row_of_a_copy_loses_against_the_file_and_against_the_copy_before(
    used: Path,
) -> None:
    store = bot_store(used)
    store.open()
    newer = replace(ANNE, long_name="Anne-Marie")
    store.nodes.save_nodes([newer])
    store.backup.back_up()
    store.close()
    spoil(used.with_name("bot.db.copie"), SPOILT["a key"])
    spoil(used, "UPDATE nodes SET long_name = 'x' WHERE num = 8")
    assert read(used)[0] == [newer, BOB], "the file's own row, and the copy's"
    spoil(used, SPOILT["a key"])
    assert read(used)[0] == [ANNE, BOB], "the copy before"


def test_a_copy_with_a_spoilt_row_never_replaces_a_sound_one(used: Path) -> None:
    before = used.with_name("bot.db.copie").read_bytes()
    store = bot_store(used)
    store.open()
    spoil(used, SPOILT["a key"])
    with pytest.raises(StorageDamaged, match="Copie de la base impossible"):
        store.backup.back_up()
    store.close()
    assert used.with_name("bot.db.copie").read_bytes() == before
    assert not used.with_name("bot.db.copie.new").exists()


# -- What was decided since ----------------------------------------------------------------------


def test_a_key_that_was_replaced_since_the_copy_does_not_come_back(used: Path) -> None:
    store = bot_store(used)
    store.open()
    replaced = OtherKey(7, ANNE.public_key, replaced_at=9, replaced_by="operator")
    store.nodes.save_nodes([replace(ANNE, public_key=OFFERED.public_key)], {7: [replaced]})
    store.close()
    spoil(used, SPOILT["a key"])
    nodes, others, _ = read(used)
    assert nodes == [replace(ANNE, public_key=b""), BOB]
    assert replaced in others


def test_a_key_that_another_node_has_now_does_not_come_back(used: Path) -> None:
    store = bot_store(used)
    store.open()
    moved = replace(BOB, public_key=ANNE.public_key)
    store.nodes.save_nodes([replace(ANNE, public_key=b""), moved])
    store.close()
    spoil(used, SPOILT["a time"])
    assert read(used)[0] == [replace(ANNE, public_key=b""), moved]


def test_a_key_taken_from_a_node_does_not_come_back_as_long_as_its_row_is_sound(used: Path) -> None:
    store = bot_store(used)
    store.open()
    store.nodes.save_nodes([replace(ANNE, public_key=b"")])
    store.close()
    spoil(used, "UPDATE nodes SET hops = 7 WHERE num = 8")
    assert read(used)[0] == [replace(ANNE, public_key=b""), BOB]


def test_a_decision_that_was_carried_out_since_the_copy_is_not_made_again(used: Path) -> None:
    store = bot_store(used)
    store.open()
    (decision,) = store.nodes.load_decisions()
    store.nodes.save_nodes([], {}, [decision.id])
    store.close()
    spoil(used, SPOILT["a key"])
    assert read(used)[2] == []


# -- What a repair brings along ------------------------------------------------------------------


@pytest.mark.parametrize("running", [False, True], ids=["at the start", "while the bot runs"])
def test_decisions_orders_heard_and_the_link_s_events_survive_a_repair(
    used: Path, running: bool
) -> None:
    before = read(used)
    lose_the_copies(used)
    if running:
        database = Database(used)
        Repair(database).replace_damaged([ANNE, BOB], {7: [OFFERED], 8: [REFUSED]}, "now")
    else:
        spoil(used, "INSERT INTO nodes SELECT 0, 9, '', '', '', '', x'', 0, 0, 0, 0, 0, 0, '', 0")
    assert read(used) == before
    assert heard_orders(used) == [tuple(HEARD.values())]
    assert events_in(used) == [TRIAL, *EVENTS]
    assert len(asides(used)) == 1


def test_events_that_are_lost_come_from_the_copy_each_once_and_in_order(used: Path) -> None:
    store = bot_store(used)
    store.open()
    late = replace(EVENTS[0], mono_s=99.0, text="late")
    store.link_events.add_link_events([late])
    store.close()
    spoil(used, "UPDATE nodes SET hops = 7 WHERE num = 8")
    spoil(used, "DELETE FROM link_events WHERE id BETWEEN 3 AND 6")
    spoil(used, "UPDATE link_events SET run = 'x' WHERE id = 8")
    assert events_in(used) == [TRIAL, *EVENTS, late]


# -- Files of before, and files that say little ---------------------------------------------------


WITHOUT_CHECKSUMS = VERSIONS[: CHECKSUMS_SINCE - 1]


@pytest.mark.parametrize("version", WITHOUT_CHECKSUMS, ids=lambda version: f"v{version.number}")
@pytest.mark.parametrize(
    "change", ["last_heard = 'hier'", "hops = x'00'", "snr_db = 'fort'", "role = 17e300"]
)
def test_of_a_row_without_a_checksum_a_spoilt_field_costs_itself_and_not_the_key(
    path: Path, version: object, change: str
) -> None:
    assert isinstance(version, type(VERSIONS[0]))
    put(version, path)
    keys = {node.num: node.public_key for node in nodes_in(version.number, simulated=False)}
    spoil(path, f"UPDATE nodes SET {change}")
    assert {node.num: node.public_key for node in read(path)[0]} == keys
    assert spoilt_rows(path) == 0


@pytest.mark.parametrize("thorough", [True, False], ids=["looked at", "only migrated"])
def test_a_migration_makes_no_spoilt_row_a_good_one(path: Path, thorough: bool) -> None:
    put(VERSIONS[CHECKSUMS_SINCE - 1], path)
    spoil(
        path,
        "UPDATE nodes SET public_key = zeroblob(32) WHERE num > 1",
    )
    if thorough:
        assert spoilt_rows(path) >= 2
        nodes = read(path)[0]
    else:
        database = Database(path)
        database.open()
        nodes = NodeStore(database).load_nodes()
        database.close()
    assert not [node for node in nodes if node.public_key[:1] == b"\x00"]


def test_a_migration_gives_each_row_its_checksum(path: Path) -> None:
    for version in VERSIONS[:-1]:
        put(version, path)
        read(path)
        with closing(sqlite3.connect(path)) as raw:
            for table in STORED_TABLES:
                columns = ", ".join((*table.columns, "checksum"))
                rows = raw.execute(f"SELECT {columns} FROM {table.name}").fetchall()
                assert all(table.is_as_written(row) for row in rows)
        assert asides(path) == []
        path.unlink()


@pytest.mark.parametrize("left", ["the file", "a copy"])
def test_without_the_lock_the_file_or_a_copy_tells_that_it_is_ours(used: Path, left: str) -> None:
    before = read(used)
    used.with_name("bot.db.lock").unlink()
    data = bytearray(used.read_bytes())
    if left == "the file":
        lose_the_copies(used)
        data[:100] = bytes(100)
    else:
        data = bytearray(random.Random(1).randbytes(5_000))
    used.write_bytes(data)
    assert has_traces(used) is (left == "the file")
    nodes, others, _ = read(used)
    assert (nodes, others) == before[:2]


def test_a_spoilt_version_is_no_newer_version(used: Path) -> None:
    before = read(used)
    for version in (7, 13, 69, 999, 2**30, 4, 1, 0, -1):
        spoil(used, f"PRAGMA user_version={version}")
        assert read(used) == before
    spoil(used, "INSERT INTO migrations VALUES (7, 'to come', 1)")
    spoil(used, "PRAGMA user_version=7")
    with pytest.raises(StorageError, match="plus récente"):
        bot_store(used).open()


# -- What is no damage ---------------------------------------------------------------------------


def test_a_file_that_another_program_uses_is_not_called_damaged(
    used: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_S", 0.01)
    monkeypatch.setattr("meshbot.store.repair.BUSY_TIMEOUT_S", 0.01)
    before = used.read_bytes()
    with closing(sqlite3.connect(used)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageError) as refusal:
            bot_store(used).open()
        other.rollback()
    assert refusal.value.passing and not refusal.value.suspect
    assert asides(used) == [] and used.read_bytes() == before
    assert len(read(used)[0]) == 2


def refuse(error: BaseException) -> Callable[..., object]:
    def raising(*_: object, **__: object) -> object:
        raise error

    return raising


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), MemoryError(), PermissionError(13, "no")]
)
def test_where_no_new_file_can_be_made_the_old_one_stays(
    used: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    spoil(used, SPOILT["a key"])
    before = used.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("meshbot.store.repair.make_private", refuse(error))
        with pytest.raises(StorageError) as refusal:
            bot_store(used).open()
    assert refusal.value.passing
    assert asides(used) == [] and used.read_bytes() == before
    assert read(used)[0] == [ANNE, BOB]


def test_damage_met_by_reading_an_open_database_is_called_that(used: Path) -> None:
    storage = NodeStore(Database(used))
    storage.database.open()
    data = bytearray(used.read_bytes())
    data[4_096:] = random.Random(2).randbytes(len(data) - 4_096)
    used.write_bytes(data)
    with pytest.raises(StorageDamaged, match="est abîmée"):
        storage.load_nodes()
    storage.database.close()


# -- Rows found page by page ---------------------------------------------------------------------


def test_rows_are_found_without_their_tree_and_none_is_made_up(used: Path) -> None:
    found = {row["num"]: row for row in carved_rows.carved_rows(used, NODES)}
    assert {num: row["public_key"] for num, row in found.items()} == {7: key_of(7), 8: key_of(8)}
    (order,) = carved_rows.carved_rows(used, HEARD_ORDERS)
    assert {name: order[name] for name in HEARD} == HEARD


@pytest.mark.parametrize("seed", range(20))
def test_a_file_of_anything_holds_no_rows_and_raises_nothing(path: Path, seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(chance.randbytes(40_960))
    for page in range(10):
        data[page * 4_096] = chance.choice((0x0A, 0x02))
    path.write_bytes(data)
    for table in STORED_TABLES:
        assert list(carved_rows.carved_rows(path, table)) == []


def test_what_stands_in_the_log_alone_is_found_the_latest_first(path: Path) -> None:
    storage = NodeStore(Database(path))
    storage.database.open()
    storage.save_nodes([ANNE])
    storage.save_nodes([replace(ANNE, long_name="Anne-Marie")])
    names = [row["long_name"] for row in carved_rows.carved_rows(path, NODES)]
    storage.database.close()
    assert names[0] == "Anne-Marie" and "Anne" in names
