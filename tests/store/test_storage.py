"""The SQLite file: what is kept, and which files are left alone."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from meshbot.model.key_decision import KeyDecision
from meshbot.model.known_node import KnownNode
from meshbot.model.other_key import OtherKey
from meshbot.store import storage as storage_module
from meshbot.store.storage import Storage, StorageError, StorageVanished

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
    last_dm=0xFFFFFFFF,
    pushed_at=1_700_000_000,
)
BARE_NODE = KnownNode(num=1)
OFFERED = OtherKey(7, b"o" * 32, offered_at=0xFFFFFFFF)
REFUSED = OtherKey(7, b"r" * 32, refused_at=1_700_000_000)
REPLACED = OtherKey(
    0xFFFFFFFE, b"p" * 32, offered_at=3, replaced_at=1_700_000_000, replaced_by="radio"
)
KEY = b"k" * 32


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


def test_a_spoilt_name_keeps_nothing_from_being_read(storage: Storage, path: Path) -> None:
    nodes = [KnownNode(1, "Ann", public_key=KEY), KnownNode(2, "Bob", public_key=b"b" * 32)]
    storage.save_nodes(nodes)
    with sqlite3.connect(path) as other:
        other.execute("UPDATE nodes SET long_name = CAST(x'41ff6e' AS TEXT) WHERE num = 1")
    other.close()
    for _ in range(2):
        assert [node.long_name for node in storage.load_nodes()] == ["A\ufffdn", "Bob"]


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
    lambda storage: storage.load_other_keys(),
    lambda storage: storage.load_decisions(),
    lambda storage: storage.add_decision(7, KEY, accept=True),
    lambda storage: storage.changed_by_others(),
    lambda storage: storage.forget_simulated(),
    lambda storage: storage.nodes_of_the_other_mesh(),
]
CALL_IDS = [
    "load nodes",
    "save",
    "load other keys",
    "load orders",
    "add an order",
    "changed by others",
    "forget simulated",
    "count the other mesh",
]


@pytest.mark.parametrize("call", CALLS, ids=CALL_IDS)
def test_a_closed_storage_raises_a_storage_error(
    storage: Storage, call: Callable[[Storage], object]
) -> None:
    storage.close()
    storage.close()  # harmless
    with pytest.raises(StorageError, match=r"fermée|disparu"):
        call(storage)


@pytest.mark.parametrize("call", CALLS, ids=CALL_IDS)
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


# -- Other keys and the operator's decisions ---------------------------------------------------


def other_keys_of(storage: Storage) -> list[OtherKey]:
    return sorted(storage.load_other_keys(), key=lambda other: (other.num, other.public_key))


def test_other_keys_come_back_as_they_were_saved(storage: Storage, path: Path) -> None:
    storage.save_nodes([], {7: [OFFERED, REFUSED], REPLACED.num: [REPLACED]})
    assert other_keys_of(storage) == [OFFERED, REFUSED, REPLACED]
    again = Storage(path)
    again.open()
    assert other_keys_of(again) == [OFFERED, REFUSED, REPLACED]
    again.close()


def test_other_keys_saved_are_all_those_of_the_nodes_named(storage: Storage) -> None:
    storage.save_nodes([], {7: [OFFERED, REFUSED], REPLACED.num: [REPLACED]})
    refused_now = replace(OFFERED, offered_at=0, refused_at=9)
    storage.save_nodes([], {7: [refused_now]})
    assert other_keys_of(storage) == [refused_now, REPLACED]
    storage.save_nodes([], {7: []})
    assert other_keys_of(storage) == [REPLACED]
    storage.save_nodes([BARE_NODE])
    assert other_keys_of(storage) == [REPLACED]


def test_decisions_come_back_in_their_order_until_they_are_obeyed(
    storage: Storage, path: Path
) -> None:
    accepts = {1: True, 2: False, 3: True}
    ids = [storage.add_decision(num, KEY, accept=accept) for num, accept in accepts.items()]
    orders = storage.load_decisions()
    assert [order.id for order in orders] == ids == sorted(set(ids))
    assert [(order.num, order.public_key) for order in orders] == [(num, KEY) for num in accepts]
    assert [order.accept for order in orders] == [True, False, True]
    storage.save_nodes([BARE_NODE], {}, [ids[0], ids[2]])
    again = Storage(path)
    again.open()
    assert again.load_decisions() == [orders[1]]
    again.close()


def test_of_two_decisions_on_one_key_of_a_node_the_last_one_counts(storage: Storage) -> None:
    first = storage.add_decision(7, KEY, accept=True)
    others = [
        storage.add_decision(8, KEY, accept=True),
        storage.add_decision(7, b"o" * 32, accept=True),
    ]
    last = storage.add_decision(7, KEY, accept=False)
    assert first not in (*others, last)
    assert storage.load_decisions() == [
        KeyDecision(others[0], 8, KEY, accept=True),
        KeyDecision(others[1], 7, b"o" * 32, accept=True),
        KeyDecision(last, 7, KEY, accept=False),
    ]


def test_a_decision_on_a_simulated_node_leaves_that_on_the_real_one(
    storage: Storage, path: Path
) -> None:
    decision_id = storage.add_decision(7, KEY, accept=True)
    simulated = Storage(path, simulated=True)
    simulated.open()
    simulated.add_decision(7, KEY, accept=False)
    simulated.close()
    assert storage.load_decisions() == [KeyDecision(decision_id, 7, KEY, accept=True)]


def test_the_nodes_of_the_other_mesh_are_counted(storage: Storage, path: Path) -> None:
    simulated = Storage(path, simulated=True)
    simulated.open()
    storage.save_nodes([BARE_NODE, FULL_NODE])
    assert (storage.nodes_of_the_other_mesh(), simulated.nodes_of_the_other_mesh()) == (0, 2)
    simulated.save_nodes([BARE_NODE])
    assert (storage.nodes_of_the_other_mesh(), simulated.nodes_of_the_other_mesh()) == (1, 2)
    simulated.close()


def test_an_id_is_never_given_to_a_second_decision(storage: Storage) -> None:
    first = storage.add_decision(7, KEY, accept=True)
    storage.save_nodes([], {}, [first])
    assert storage.load_decisions() == []
    assert storage.add_decision(7, KEY, accept=True) > first


def test_a_failing_save_neither_changes_keys_nor_ends_a_decision(storage: Storage) -> None:
    storage.save_nodes([], {7: [OFFERED]})
    storage.add_decision(7, KEY, accept=True)
    orders = storage.load_decisions()
    bad = OtherKey(7, b"x" * 32)
    object.__setattr__(bad, "replaced_by", None)
    with pytest.raises(StorageError):
        storage.save_nodes([BARE_NODE], {7: [REFUSED, bad]}, [orders[0].id])
    assert storage.load_nodes() == []
    assert storage.load_other_keys() == [OFFERED]
    assert storage.load_decisions() == orders


def test_what_another_program_wrote_is_noticed_once(storage: Storage, path: Path) -> None:
    storage.changed_by_others()
    assert not storage.changed_by_others()
    other = Storage(path)
    other.open()
    assert not storage.changed_by_others(), "opening and reading is no change"
    other.load_nodes()
    assert not storage.changed_by_others()
    other.add_decision(7, KEY, accept=True)
    assert storage.changed_by_others()
    assert not storage.changed_by_others()
    assert [order.public_key for order in storage.load_decisions()] == [KEY]
    other.close()


def test_what_one_wrote_oneself_is_no_change_by_others(storage: Storage) -> None:
    storage.changed_by_others()
    storage.save_nodes([FULL_NODE], {7: [OFFERED]})
    storage.add_decision(7, KEY, accept=True)
    assert not storage.changed_by_others()


def test_what_was_written_before_the_first_look_counts_as_changed(path: Path) -> None:
    before = Storage(path)
    before.open()
    before.add_decision(7, KEY, accept=True)
    before.close()
    storage = Storage(path)
    storage.open()
    assert storage.changed_by_others()
    storage.close()


def test_what_was_written_while_the_file_was_closed_counts_as_changed(
    storage: Storage, path: Path
) -> None:
    storage.changed_by_others()
    assert not storage.changed_by_others()
    storage.close()
    other = Storage(path)
    other.open()
    other.add_decision(7, KEY, accept=True)
    other.close()
    storage.open()
    assert storage.changed_by_others()


def test_two_programs_see_each_others_decisions_and_their_end(storage: Storage, path: Path) -> None:
    operator = Storage(path)
    operator.open()
    decision_id = operator.add_decision(7, KEY, accept=False)
    assert storage.load_decisions() == [KeyDecision(decision_id, 7, KEY, accept=False)]
    storage.save_nodes([], {}, [decision_id])
    assert operator.load_decisions() == []
    operator.close()


# -- The first version's file ------------------------------------------------------------------

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
    storage = Storage(path)
    storage.open()
    assert by_num(storage.load_nodes()) == [
        KnownNode(8),
        KnownNode(0xFFFFFFFE, "Ann", "ANN", "TBEAM", "ROUTER", KEY, 1_700_000_000, -12.25, 7, 0, 0),
    ]
    assert (storage.load_other_keys(), storage.load_decisions()) == ([], [])
    storage.close()
    simulated = Storage(path, simulated=True)
    simulated.open()
    assert simulated.load_nodes() == [KnownNode(9, "Simulated", public_key=KEY, last_heard=5)]
    simulated.close()


def test_a_file_of_the_first_version_can_be_written_and_is_one_of_this_version_then(
    path: Path,
) -> None:
    make_database(path, *VERSION_1)
    storage = Storage(path)
    for _ in range(2):  # brought up to date, then found so
        storage.open()
        storage.save_nodes([FULL_NODE], {7: [OFFERED, REFUSED]})
        assert other_keys_of(storage) == [OFFERED, REFUSED]
        storage.add_decision(7, KEY, accept=True)
        storage.close()
    new = path.with_name("new.db")
    fresh = Storage(new)
    fresh.open()
    fresh.close()
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
    first, second = Storage(path), Storage(path)
    first.open()
    second.open()
    second.save_nodes([FULL_NODE])
    assert FULL_NODE in first.load_nodes()
    first.close()
    second.close()


def test_a_file_of_the_first_version_that_cannot_be_brought_up_to_date_stays_as_it_is(
    path: Path,
) -> None:
    """A table in the way stops the second half of the step: the first is undone with it."""
    make_database(path, *VERSION_1, "CREATE TABLE key_orders (x)")
    with pytest.raises(StorageError):
        Storage(path).open()
    reader = sqlite3.connect(path)
    assert reader.execute("PRAGMA user_version").fetchone() == (1,)
    columns = [row[1] for row in reader.execute("PRAGMA table_info(nodes)")]
    assert columns[-1] == "hops"
    assert reader.execute("SELECT count(*) FROM nodes").fetchone() == (3,)
    reader.close()


# -- A simulated mesh --------------------------------------------------------------------------


def test_keys_and_decisions_of_a_simulated_mesh_are_kept_apart_and_forgotten_with_it(
    path: Path,
) -> None:
    storages = {simulated: Storage(path, simulated=simulated) for simulated in (True, False)}
    for simulated, storage in storages.items():
        storage.open()
        storage.save_nodes([], {7: [OFFERED if simulated else REFUSED]})
        storage.add_decision(7, KEY, accept=simulated)
    for simulated, storage in storages.items():
        assert storage.load_other_keys() == [OFFERED if simulated else REFUSED]
        assert [order.accept for order in storage.load_decisions()] == [simulated]
    storages[False].forget_simulated()
    assert storages[True].load_other_keys() == []
    assert storages[True].load_decisions() == []
    assert storages[False].load_other_keys() == [REFUSED]
    assert [order.accept for order in storages[False].load_decisions()] == [False]
    for storage in storages.values():
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


def test_times_beyond_2038_and_before_the_clock_was_set_are_kept(storage: Storage) -> None:
    nodes = [
        KnownNode(5, long_name="2106", last_heard=2**32 - 1, last_dm=2**31),
        KnownNode(6, long_name="1970", last_heard=17),
    ]
    storage.save_nodes(nodes)
    assert storage.load_nodes() == nodes
