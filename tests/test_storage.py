"""The SQLite file: what is kept, and which files are left alone."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import storage as storage_module
from known_node import KnownNode
from storage import Storage, StorageError, StorageVanished

FULL = 2  # what PRAGMA synchronous answers for FULL

FULL_NODE = KnownNode(
    num=0xFFFFFFFE,
    long_name="Été 😀 'x\"",
    short_name="ÉT",
    hw_model="HELTEC_V3",
    role="ROUTER",
    public_key=bytes(range(32)),
    last_heard=0xFFFFFFFF,
    snr_db=-12.25,
    hops=7,
)
BARE_NODE = KnownNode(num=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bot.db"


@pytest.fixture
def storage(path: Path) -> Iterator[Storage]:
    opened = Storage(path)
    opened.open()
    yield opened
    opened.close()


def by_num(nodes: list[KnownNode]) -> list[KnownNode]:
    return sorted(nodes, key=lambda node: node.num)


def make_database(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def assert_refused_untouched(path: Path, said: str) -> None:
    before = path.read_bytes()
    with pytest.raises(StorageError, match=said):
        Storage(path).open()
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_nodes_come_back_as_they_were_saved(storage: Storage) -> None:
    storage.save_nodes([FULL_NODE, BARE_NODE])
    assert by_num(storage.load_nodes()) == [BARE_NODE, FULL_NODE]


def test_nodes_survive_a_restart(storage: Storage, path: Path) -> None:
    storage.save_nodes([FULL_NODE])
    storage.close()
    again = Storage(path)
    again.open()
    assert again.load_nodes() == [FULL_NODE]
    again.close()


def test_a_closed_storage_can_be_opened_again(storage: Storage) -> None:
    storage.save_nodes([BARE_NODE])
    storage.close()
    storage.open()
    assert storage.load_nodes() == [BARE_NODE]


def test_a_node_saved_again_replaces_what_was_stored(storage: Storage) -> None:
    storage.save_nodes([FULL_NODE])
    storage.save_nodes([KnownNode(num=FULL_NODE.num, long_name="new")])
    assert storage.load_nodes() == [KnownNode(num=FULL_NODE.num, long_name="new")]


def test_a_failing_save_writes_nothing_of_its_nodes(storage: Storage) -> None:
    bad = KnownNode(num=2)
    bad.long_name = None  # type: ignore[assignment]
    with pytest.raises(StorageError):
        storage.save_nodes([BARE_NODE, bad])
    assert storage.load_nodes() == []
    storage.save_nodes([BARE_NODE])
    assert storage.load_nodes() == [BARE_NODE]


def test_a_new_file_knows_no_node_and_carries_the_schema_version(
    storage: Storage, path: Path
) -> None:
    assert storage.load_nodes() == []
    reader = sqlite3.connect(path)
    assert reader.execute("PRAGMA user_version").fetchone() == (storage_module.SCHEMA_VERSION,)
    reader.close()


def test_an_empty_file_becomes_a_database(path: Path) -> None:
    path.touch()
    storage = Storage(path)
    storage.open()
    storage.save_nodes([BARE_NODE])
    assert storage.load_nodes() == [BARE_NODE]
    storage.close()


def test_missing_folders_are_made(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "a" / "b c?%" / "bot.db")
    for _ in range(2):  # made, then found
        storage.open()
        storage.close()
    assert (tmp_path / "a" / "b c?%" / "bot.db").is_file()


def test_the_constructor_makes_nothing(path: Path) -> None:
    Storage(path)
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
    newer = storage_module.SCHEMA_VERSION + 1
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
        Storage(path).open()
    assert list(path.iterdir()) == []


def test_a_file_in_the_place_of_a_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StorageError, match=r"bot\.db"):
        Storage(tmp_path / "file" / "bot.db").open()
    assert (tmp_path / "file").read_text() == "mine"


CALLS: list[Callable[[Storage], object]] = [
    lambda storage: storage.load_nodes(),
    lambda storage: storage.save_nodes([BARE_NODE]),
]


@pytest.mark.parametrize("call", CALLS, ids=["load", "save"])
def test_a_closed_storage_raises_a_storage_error(
    storage: Storage, call: Callable[[Storage], object]
) -> None:
    storage.close()
    storage.close()  # harmless
    with pytest.raises(StorageError, match=r"fermée|disparu"):
        call(storage)


@pytest.mark.parametrize("call", CALLS, ids=["load", "save"])
def test_a_storage_never_opened_raises_a_storage_error(
    path: Path, call: Callable[[Storage], object]
) -> None:
    with pytest.raises(StorageError):
        call(Storage(path))


def test_what_was_committed_survives_a_loss_of_power(storage: Storage, path: Path) -> None:
    """WAL is a property of the file; FULL one of the connection, so that one is asked."""
    reader = sqlite3.connect(path)
    assert reader.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    reader.close()
    connection = storage._connection
    assert connection is not None
    assert connection.execute("PRAGMA synchronous").fetchone() == (FULL,)


def test_a_save_is_committed_when_it_returns_and_others_can_read_it(
    storage: Storage, path: Path
) -> None:
    storage.save_nodes([FULL_NODE])
    reader = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    assert reader.execute("SELECT num, public_key FROM nodes").fetchall() == [
        (FULL_NODE.num, FULL_NODE.public_key)
    ]
    storage.save_nodes([BARE_NODE])  # nor does a reader stand in the way of a writer
    assert reader.execute("SELECT count(*) FROM nodes").fetchone() == (2,)
    reader.close()


def test_a_file_locked_by_another_program_is_a_storage_error(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage_module, "BUSY_TIMEOUT_S", 0.01)
    storage = Storage(path)
    storage.open()
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match="Écriture impossible"):
        storage.save_nodes([BARE_NODE])
    other.rollback()
    storage.save_nodes([BARE_NODE])
    assert storage.load_nodes() == [BARE_NODE]
    other.close()
    storage.close()


def test_a_simulated_mesh_is_kept_apart_and_forgotten_when_a_real_node_is_used(path: Path) -> None:
    real = KnownNode(7, long_name="Real")
    with_key = KnownNode(7, long_name="Simulated", public_key=b"k" * 32)
    for node, simulated in ((with_key, True), (real, False)):
        storage = Storage(path, simulated=simulated)
        storage.open()
        if not simulated:
            storage.forget_simulated()
        storage.save_nodes([node])
        assert storage.load_nodes() == [node]
        storage.close()
    for simulated, expected in ((True, []), (False, [real])):
        storage = Storage(path, simulated=simulated)
        storage.open()
        assert storage.load_nodes() == expected
        storage.close()


def test_the_real_mesh_survives_a_look_at_the_simulated_one(path: Path) -> None:
    real = KnownNode(7, long_name="Real", public_key=b"r" * 32)
    for node, simulated in ((real, False), (KnownNode(7, long_name="Simulated"), True)):
        storage = Storage(path, simulated=simulated)
        storage.open()
        storage.save_nodes([node])
        storage.close()
    storage = Storage(path)
    storage.open()
    assert storage.load_nodes() == [real]
    storage.close()


def test_a_file_in_use_is_a_passing_trouble_and_a_wrong_one_is_not(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage_module, "BUSY_TIMEOUT_S", 0.01)
    storage = Storage(path)
    storage.open()
    storage.close()
    other = sqlite3.connect(path)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StorageError) as busy:
        Storage(path).open()
    other.close()
    assert busy.value.passing
    path.write_bytes(b"no database")
    with pytest.raises(StorageError) as wrong:
        Storage(path).open()
    assert not wrong.value.passing


def test_a_store_that_could_not_be_reopened_is_vanished_until_it_is(path: Path) -> None:
    storage = Storage(path)
    storage.open()
    storage.close()
    with pytest.raises(StorageVanished):
        storage.save_nodes([BARE_NODE])
    storage.open()
    storage.save_nodes([BARE_NODE])
    assert storage.load_nodes() == [BARE_NODE]
    storage.close()


def test_a_replaced_file_has_vanished(path: Path) -> None:
    storage = Storage(path)
    storage.open()
    path.rename(path.with_suffix(".old"))
    path.write_bytes(b"")
    with pytest.raises(StorageVanished):
        storage.save_nodes([BARE_NODE])
    storage.close()
