"""Files of every version of the schema that there was."""

import sqlite3
from pathlib import Path

import pytest

from meshbot.model.known_node import KnownNode
from meshbot.store.database import Database
from meshbot.store.node_store import NodeStore
from meshbot.store.storage_error import StorageError
from tests.store.samples import (
    FULL_NODE,
    KEY,
    OFFERED,
    REFUSED,
    by_num,
    make_database,
    other_keys_of,
)

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
