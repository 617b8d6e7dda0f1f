"""Files of every version of the schema that there was: real ones, and how they are migrated."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from meshbot.model.known_node import KnownNode
from meshbot.model.other_key import OtherKey
from meshbot.store import schema
from meshbot.store.database import Database
from meshbot.store.node_store import NodeStore
from meshbot.store.schema.version import Version
from meshbot.store.storage_error import StorageError
from meshbot.store.stored_table import NODES, OTHER_KEYS, STORED_TABLES, StoredTable
from tests.store.samples import (
    FULL_NODE,
    KEY,
    OFFERED,
    REFUSED,
    by_num,
    make_database,
    other_keys_of,
)
from tests.store.stored_mesh import DATABASES, MADE_AT, assert_holds_all, make, put

ROOT = Path(__file__).resolve().parents[2]
NEWEST = schema.VERSIONS[-1]
NOW_S = 1_800_000_000.75
LIMIT_S = 60.0

a_file_of_each_version = pytest.mark.parametrize(
    "version", schema.VERSIONS, ids=lambda version: f"v{version.number}"
)


@contextmanager
def opened(path: Path) -> Iterator[Database]:
    database = Database(path, wall_clock=lambda: NOW_S)
    database.open()
    try:
        yield database
    finally:
        database.close()


def tables_in(path: Path) -> dict[str, list[Any]]:
    """Return every table's columns, with type, default and part in the key."""
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        return {
            name: connection.execute(f"PRAGMA table_xinfo({name})").fetchall() for (name,) in names
        }


def rows_in(path: Path, tables: dict[str, tuple[str, ...]]) -> dict[str, list[Any]]:
    """Return what stands in these columns, and the version of the file."""
    with closing(sqlite3.connect(path)) as connection:
        found = {
            table: connection.execute(
                f"SELECT {', '.join(columns)} FROM {table} ORDER BY 1, 2, 3"
            ).fetchall()
            for table, columns in tables.items()
        }
        return found | {"version": connection.execute("PRAGMA user_version").fetchall()}


def migrations_in(path: Path) -> list[tuple[int, str, int | None]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT * FROM migrations ORDER BY version").fetchall()


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


# -- What is frozen ------------------------------------------------------------------------------


def test_versions_are_numbered_from_1_and_each_has_a_name_and_a_database() -> None:
    numbers = [version.number for version in schema.VERSIONS]
    assert numbers == list(range(1, len(schema.VERSIONS) + 1))
    assert len({version.name for version in schema.VERSIONS}) == len(numbers)
    assert {file.name for file in DATABASES.iterdir()} == {f"v{number}.db" for number in numbers}


@a_file_of_each_version
def test_a_database_has_the_tables_that_its_version_states(version: Version, path: Path) -> None:
    put(version, path)
    found = {name: tuple(row[1] for row in rows) for name, rows in tables_in(path).items()}
    assert found == version.tables
    assert rows_in(path, {})["version"] == [(version.number,)]


def test_the_newest_database_is_what_the_code_makes_today(path: Path) -> None:
    make(path, NEWEST.number)
    kept = path.with_name("kept.db")
    put(NEWEST, kept)
    tables = dict(NEWEST.tables)
    assert (rows_in(path, tables), tables_in(path)) == (rows_in(kept, tables), tables_in(kept))


def fields_in(table: StoredTable) -> list[str]:
    """The columns of what a row is about, without the mesh it is of."""
    return [column for column in table.columns if column != "simulated"]


def test_what_is_stored_of_a_node_and_a_key_are_fields_of_theirs_with_a_column() -> None:
    """And nothing is checked, or salvaged, less than that."""
    node_fields = [field.name for field in fields(KnownNode) if field.name != "heard_s"]
    assert fields_in(NODES) == node_fields == list(NODES.checks)
    other_fields = [field.name for field in fields(OtherKey)]
    assert fields_in(OTHER_KEYS) == other_fields == list(OTHER_KEYS.checks)
    for table in STORED_TABLES:
        assert NEWEST.tables[table.name] == (*table.columns, "checksum")
        assert set(table.checks) == set(fields_in(table))
        assert set(table.key) <= set(fields_in(table)) - set(table.defaults)


# -- Migration -----------------------------------------------------------------------------------


@a_file_of_each_version
def test_a_file_of_any_version_is_migrated_without_loss(version: Version, path: Path) -> None:
    put(version, path)
    tables = {table: columns for table, columns in version.tables.items() if table != "migrations"}
    before = rows_in(path, tables)
    with opened(path):
        pass
    if "checksum" in tables["nodes"] and version is not NEWEST:
        # It counts the columns that there are: assert_holds_all says whether it is right.
        tables["nodes"] = tables["nodes"][:-1]
        before["nodes"] = [row[:-1] for row in before["nodes"]]
    assert rows_in(path, tables) == before | {"version": [(NEWEST.number,)]}
    assert_holds_all(path, version.number)


@a_file_of_each_version
def test_a_second_opening_changes_nothing(version: Version, path: Path) -> None:
    put(version, path)
    with opened(path):
        pass
    before = contents(path.parent)
    with opened(path):
        pass
    assert contents(path.parent) == before
    assert list(before) == [path.name]


@a_file_of_each_version
def test_a_migrated_file_has_the_tables_of_a_fresh_one(version: Version, path: Path) -> None:
    put(version, path)
    fresh = path.with_name("fresh.db")
    for each in (path, fresh):
        with opened(each):
            pass
    assert tables_in(path) == tables_in(fresh)


@a_file_of_each_version
def test_the_record_says_which_versions_were_there_and_when_the_others_came(
    version: Version, path: Path
) -> None:
    put(version, path)
    with opened(path):
        pass
    recorded_there = {each.number: MADE_AT for each in schema.VERSIONS[: version.number]}
    known = recorded_there if "migrations" in version.tables else {}
    assert migrations_in(path) == [
        (
            each.number,
            each.name,
            known.get(each.number) if each.number <= version.number else int(NOW_S),
        )
        for each in schema.VERSIONS
    ]


def test_a_fresh_files_record_has_every_version_with_its_time(path: Path) -> None:
    with opened(path):
        pass
    assert migrations_in(path) == [
        (version.number, version.name, int(NOW_S)) for version in schema.VERSIONS
    ]


@a_file_of_each_version
def test_a_migration_that_fails_half_way_leaves_the_old_version_whole(
    version: Version, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(version, path)
    before = (rows_in(path, dict(version.tables)), tables_in(path))
    failing = Version(
        NEWEST.number + 1,
        "failing",
        ("ALTER TABLE nodes ADD COLUMN note TEXT", "DELETE FROM nodes", "no statement"),
        {},
    )
    with monkeypatch.context() as patch:
        patch.setattr(schema, "VERSIONS", (*schema.VERSIONS, failing))
        with pytest.raises(StorageError, match="syntax error"):
            Database(path).open()
    assert (rows_in(path, dict(version.tables)), tables_in(path)) == before
    assert_holds_all(path, version.number)


KILLED = """
import os, signal, sys
from pathlib import Path
from meshbot.store import schema
from meshbot.store.database import Database
from meshbot.store.schema.version import Version

def steps():
    yield "ALTER TABLE nodes ADD COLUMN note TEXT NOT NULL DEFAULT ''"
    yield "DELETE FROM nodes"
    os.kill(os.getpid(), signal.SIGKILL)

last = Version(len(schema.VERSIONS) + 1, "killed", steps(), {})
schema.VERSIONS = (*schema.VERSIONS, last)
Database(Path(sys.argv[1])).open()
"""


@a_file_of_each_version
@pytest.mark.slow
def test_a_migration_that_is_killed_half_way_leaves_the_old_version_whole(
    version: Version, path: Path
) -> None:
    put(version, path)
    before = (rows_in(path, dict(version.tables)), tables_in(path))
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(path)], cwd=ROOT, timeout=LIMIT_S, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert (rows_in(path, dict(version.tables)), tables_in(path)) == before
    assert_holds_all(path, version.number)


@a_file_of_each_version
def test_a_column_that_a_later_version_appends_makes_no_file_a_foreign_one(
    version: Version, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(version, path)
    later = Version(
        NEWEST.number + 1,
        "a note",
        ("ALTER TABLE nodes ADD COLUMN note TEXT NOT NULL DEFAULT '-'",),
        {**NEWEST.tables, "nodes": (*NEWEST.tables["nodes"], "note")},
    )
    with monkeypatch.context() as patch:
        patch.setattr(schema, "VERSIONS", (*schema.VERSIONS, later))
        for _ in range(2):  # brought up to date, then found so
            with opened(path):
                pass
        assert migrations_in(path)[-1] == (later.number, "a note", int(NOW_S))
        assert_holds_all(path, version.number)
        with opened(path) as database:
            NodeStore(database).save_nodes([KnownNode(2)])
        notes = rows_in(path, {"nodes": ("num", "note", "simulated")})["nodes"]
        assert {note for _, note, _ in notes} == {"-"}
    with pytest.raises(StorageError, match="plus récente"):
        Database(path).open()


# -- The first version's file, written by hand -----------------------------------------------------

VERSION_1 = (
    """
    CREATE TABLE nodes (
        simulated INTEGER NOT NULL,
        num INTEGER NOT NULL,
        long_name TEXT NOT NULL,
        short_name TEXT NOT NULL,
        hw_model TEXT NOT NULL,
        role TEXT NOT NULL,
        public_key BLOB NOT NULL,
        last_heard INTEGER NOT NULL,
        snr_db REAL,
        hops INTEGER,
        PRIMARY KEY (simulated, num)
    ) WITHOUT ROWID
    """,
    f"""
    INSERT INTO nodes VALUES
    (0, 4294967294, 'Ann', 'ANN', 'TBEAM', 'ROUTER', x'{KEY.hex()}', 1700000000, -12.25, 7),
    (0, 8, '', '', '', '', x'', 0, NULL, NULL),
    (1, 9, 'Simulated', '', '', '', x'{KEY.hex()}', 5, NULL, NULL)
    """,
    "PRAGMA user_version=1",
)


def test_a_file_of_the_first_version_keeps_all_it_knew(path: Path) -> None:
    make_database(path, *VERSION_1)
    storage = NodeStore(Database(path))
    storage.database.open()
    assert by_num(storage.load_nodes()) == [
        KnownNode(8),
        KnownNode(0xFFFFFFFE, "Ann", "ANN", "TBEAM", "ROUTER", KEY, 1_700_000_000, -12.25, 7, 0, 0),
    ]
    assert (storage.load_other_keys(), storage.load_decisions()) == ([], [])
    storage.database.close()
    simulated = NodeStore(Database(path, simulated=True))
    simulated.database.open()
    assert simulated.load_nodes() == [KnownNode(9, "Simulated", public_key=KEY, last_heard=5)]
    simulated.database.close()


def test_a_file_of_the_first_version_can_be_written_and_is_one_of_this_version_then(
    path: Path,
) -> None:
    make_database(path, *VERSION_1)
    storage = NodeStore(Database(path))
    for _ in range(2):  # brought up to date, then found so
        storage.database.open()
        storage.save_nodes([FULL_NODE], {7: [OFFERED, REFUSED]})
        assert other_keys_of(storage) == [OFFERED, REFUSED]
        storage.add_decision(7, KEY, accept=True)
        storage.database.close()
    new = path.with_name("new.db")
    fresh = NodeStore(Database(new))
    fresh.database.open()
    fresh.database.close()
    schemas = []
    for file in (path, new):
        reader = sqlite3.connect(file)
        schemas.append(
            (
                reader.execute("PRAGMA user_version").fetchone(),
                reader.execute("PRAGMA table_info(nodes)").fetchall(),
                reader.execute("SELECT name FROM sqlite_master ORDER BY name").fetchall(),
            )
        )
        reader.close()
    assert schemas[0] == schemas[1]


def test_two_programs_may_open_a_file_of_the_first_version(path: Path) -> None:
    make_database(path, *VERSION_1)
    first, second = NodeStore(Database(path)), NodeStore(Database(path))
    first.database.open()
    second.database.open()
    second.save_nodes([FULL_NODE])
    assert FULL_NODE in first.load_nodes()
    first.database.close()
    second.database.close()


def test_a_file_of_the_first_version_that_cannot_be_brought_up_to_date_stays_as_it_is(
    path: Path,
) -> None:
    """A table in the way stops the second half of the step: the first is undone with it."""
    make_database(path, *VERSION_1, "CREATE TABLE key_orders (x)")
    with pytest.raises(StorageError):
        Database(path).open()
    reader = sqlite3.connect(path)
    assert reader.execute("PRAGMA user_version").fetchone() == (1,)
    columns = [row[1] for row in reader.execute("PRAGMA table_info(nodes)")]
    assert columns[-1] == "hops"
    assert reader.execute("SELECT count(*) FROM nodes").fetchone() == (3,)
    reader.close()
