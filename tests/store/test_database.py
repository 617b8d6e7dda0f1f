"""The SQLite file: which files are opened, which are left alone."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from meshbot.store import database as database_module
from meshbot.store import schema
from meshbot.store.database import Database
from meshbot.store.node_store import NodeStore
from meshbot.store.storage_error import StorageError, StorageVanished
from tests.store.samples import (
    BARE_NODE,
    FULL_NODE,
    KEY,
    OFFERED,
    make_database,
)

FULL = 2  # what PRAGMA synchronous answers for FULL


def assert_refused_untouched(path: Path, said: str) -> None:
    before = path.read_bytes()
    with pytest.raises(StorageError, match=said):
        Database(path).open()
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_closed_storage_can_be_opened_again(storage: NodeStore) -> None:
    storage.save_nodes([BARE_NODE])
    storage.database.close()
    storage.database.open()
    assert storage.load_nodes() == [BARE_NODE]


def test_a_new_file_knows_no_node_and_carries_the_schema_version(
    storage: NodeStore, path: Path
) -> None:
    assert storage.load_nodes() == []
    reader = sqlite3.connect(path)
    assert reader.execute("PRAGMA user_version").fetchone() == (schema.VERSIONS[-1].number,)
    reader.close()


def test_an_empty_file_becomes_a_database(path: Path) -> None:
    path.touch()
    storage = NodeStore(Database(path))
    storage.database.open()
    storage.save_nodes([BARE_NODE])
    assert storage.load_nodes() == [BARE_NODE]
    storage.database.close()


def test_missing_folders_are_made(tmp_path: Path) -> None:
    storage = NodeStore(Database(tmp_path / "a" / "b c?%" / "bot.db"))
    for _ in range(2):  # made, then found
        storage.database.open()
        storage.database.close()
    assert (tmp_path / "a" / "b c?%" / "bot.db").is_file()


def test_the_constructor_makes_nothing(path: Path) -> None:
    NodeStore(Database(path))
    assert not path.exists()


@pytest.mark.parametrize(
    "content",
    [b"x", b"dear diary\n", b"\x00" * 100, b"SQLite format 3\x00" + b"?" * 2_000, b"x" * 10_000],
    ids=["one byte", "short text", "zeros", "SQLite's head only", "long text"],
)
def test_a_file_that_is_no_database_is_refused_untouched(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert_refused_untouched(path, "n'est pas une base du bot")


def test_the_database_of_a_newer_version_is_refused_untouched(path: Path) -> None:
    newer = schema.VERSIONS[-1].number + 1
    make_database(path, "CREATE TABLE nodes (x)", f"PRAGMA user_version={newer}")
    assert_refused_untouched(path, "plus récente")


@pytest.mark.parametrize("version", [-1, 0, 1])
def test_the_database_of_another_program_is_refused_untouched(path: Path, version: int) -> None:
    make_database(path, "CREATE TABLE diary (day)", f"PRAGMA user_version={version}")
    assert_refused_untouched(path, "autre programme")


def test_another_programs_table_of_the_same_name_is_refused_untouched(path: Path) -> None:
    make_database(path, "CREATE TABLE nodes (ip TEXT)", "PRAGMA user_version=1")
    assert_refused_untouched(path, "autre programme")


def test_a_database_that_lost_its_table_is_refused_untouched(path: Path) -> None:
    make_database(path, "CREATE TABLE nodes (x)", "DROP TABLE nodes", "PRAGMA user_version=1")
    assert_refused_untouched(path, "base")


def test_a_directory_in_the_way_is_reported(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StorageError, match=r"bot\.db"):
        Database(path).open()
    assert list(path.iterdir()) == []


def test_a_file_in_the_place_of_a_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StorageError, match=r"bot\.db"):
        Database(tmp_path / "file" / "bot.db").open()
    assert (tmp_path / "file").read_text() == "mine"


CALLS: list[Callable[[NodeStore], object]] = [
    lambda storage: storage.load_nodes(),
    lambda storage: storage.save_nodes([BARE_NODE]),
    lambda storage: storage.load_other_keys(),
    lambda storage: storage.load_decisions(),
    lambda storage: storage.add_decision(7, KEY, accept=True),
    lambda storage: storage.database.changed_by_others(),
    lambda storage: storage.database.forget_simulated(),
    lambda storage: storage.nodes_of_the_other_mesh(),
]
CALL_IDS = [
    "load nodes",
    "save",
    "load other keys",
    "load decisions",
    "add a decision",
    "changed by others",
    "forget simulated",
    "count the other mesh",
]


@pytest.mark.parametrize("call", CALLS, ids=CALL_IDS)
def test_a_closed_storage_raises_a_storage_error(
    storage: NodeStore, call: Callable[[NodeStore], object]
) -> None:
    storage.database.close()
    storage.database.close()  # harmless
    with pytest.raises(StorageError, match=r"fermée|disparu"):
        call(storage)


@pytest.mark.parametrize("call", CALLS, ids=CALL_IDS)
def test_a_storage_never_opened_raises_a_storage_error(
    path: Path, call: Callable[[NodeStore], object]
) -> None:
    with pytest.raises(StorageError):
        call(NodeStore(Database(path)))


def test_what_was_committed_survives_a_loss_of_power(storage: NodeStore, path: Path) -> None:
    """WAL is a property of the file; FULL one of the connection, so that one is asked."""
    reader = sqlite3.connect(path)
    assert reader.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    reader.close()
    connection = storage.database._connection
    assert connection is not None
    assert connection.execute("PRAGMA synchronous").fetchone() == (FULL,)


def test_a_save_is_committed_when_it_returns_and_others_can_read_it(
    storage: NodeStore, path: Path
) -> None:
    storage.save_nodes([FULL_NODE])
    reader = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    assert reader.execute("SELECT num, public_key FROM nodes").fetchall() == [
        (FULL_NODE.num, FULL_NODE.public_key)
    ]
    storage.save_nodes([BARE_NODE])  # a reader does not block a writer either
    assert reader.execute("SELECT count(*) FROM nodes").fetchone() == (2,)
    reader.close()


def test_a_file_locked_by_another_program_is_a_storage_error(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_S", 0.01)
    storage = NodeStore(Database(path))
    storage.database.open()
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="Écriture impossible"):
        storage.save_nodes([BARE_NODE])
    other.rollback()
    storage.save_nodes([BARE_NODE])
    assert storage.load_nodes() == [BARE_NODE]
    other.close()
    storage.database.close()


def test_what_another_program_wrote_is_noticed_once(storage: NodeStore, path: Path) -> None:
    storage.database.changed_by_others()
    assert not storage.database.changed_by_others()
    other = NodeStore(Database(path))
    other.database.open()
    assert not storage.database.changed_by_others(), "opening and reading is no change"
    other.load_nodes()
    assert not storage.database.changed_by_others()
    other.add_decision(7, KEY, accept=True)
    assert storage.database.changed_by_others()
    assert not storage.database.changed_by_others()
    assert [decision.public_key for decision in storage.load_decisions()] == [KEY]
    other.database.close()


def test_what_one_wrote_oneself_is_no_change_by_others(storage: NodeStore) -> None:
    storage.database.changed_by_others()
    storage.save_nodes([FULL_NODE], {7: [OFFERED]})
    storage.add_decision(7, KEY, accept=True)
    assert not storage.database.changed_by_others()


def test_what_was_written_before_the_first_look_counts_as_changed(path: Path) -> None:
    before = NodeStore(Database(path))
    before.database.open()
    before.add_decision(7, KEY, accept=True)
    before.database.close()
    storage = NodeStore(Database(path))
    storage.database.open()
    assert storage.database.changed_by_others()
    storage.database.close()


def test_what_was_written_while_the_file_was_closed_counts_as_changed(
    storage: NodeStore, path: Path
) -> None:
    storage.database.changed_by_others()
    assert not storage.database.changed_by_others()
    storage.database.close()
    other = NodeStore(Database(path))
    other.database.open()
    other.add_decision(7, KEY, accept=True)
    other.database.close()
    storage.database.open()
    assert storage.database.changed_by_others()


def test_a_file_in_use_is_a_passing_trouble_and_a_wrong_one_is_not(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_S", 0.01)
    storage = NodeStore(Database(path))
    storage.database.open()
    storage.database.close()
    other = sqlite3.connect(path)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StorageError) as busy:
        Database(path).open()
    other.close()
    assert busy.value.passing
    path.write_bytes(b"no database")
    with pytest.raises(StorageError) as wrong:
        Database(path).open()
    assert not wrong.value.passing


def test_a_store_that_could_not_be_reopened_is_vanished_until_it_is(path: Path) -> None:
    storage = NodeStore(Database(path))
    storage.database.open()
    storage.database.close()
    with pytest.raises(StorageVanished):
        storage.save_nodes([BARE_NODE])
    storage.database.open()
    storage.save_nodes([BARE_NODE])
    assert storage.load_nodes() == [BARE_NODE]
    storage.database.close()


@pytest.mark.parametrize("side", ["-wal", "-shm"])
def test_without_what_sqlite_keeps_beside_it_a_file_has_vanished(path: Path, side: str) -> None:
    storage = NodeStore(Database(path))
    storage.database.open()
    storage.save_nodes([BARE_NODE])
    path.with_name(path.name + side).unlink()
    with pytest.raises(StorageVanished):
        storage.save_nodes([FULL_NODE])
    storage.database.close()
    storage.database.open()
    storage.save_nodes([FULL_NODE])
    assert storage.load_nodes() == [BARE_NODE, FULL_NODE]
    storage.database.close()


def test_a_replaced_file_has_vanished(path: Path) -> None:
    storage = NodeStore(Database(path))
    storage.database.open()
    path.rename(path.with_suffix(".old"))
    path.write_bytes(b"")
    with pytest.raises(StorageVanished):
        storage.save_nodes([BARE_NODE])
    storage.database.close()
