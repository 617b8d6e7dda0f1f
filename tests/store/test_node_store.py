"""The nodes, their keys and the operator's decisions: what is kept."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from meshbot.model.key_decision import KeyDecision
from meshbot.model.known_node import KnownNode
from meshbot.model.other_key import OtherKey
from meshbot.store import database
from meshbot.store.database import Database
from meshbot.store.node_store import NodeStore
from meshbot.store.storage_error import StorageError
from tests.store.samples import (
    BARE_NODE,
    FULL_NODE,
    KEY,
    OFFERED,
    REFUSED,
    REPLACED,
    by_num,
    other_keys_of,
)


def test_very_many_nodes_come_back_some_at_a_time(
    storage: NodeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PAGE_ROWS", 4)
    nodes = [KnownNode(num, f"Nom {num}") for num in range(1, 11)]
    storage.save_nodes(nodes)
    pages = list(storage.node_pages())
    assert [len(page) for page in pages] == [4, 4, 2]
    assert by_num([node for page in pages for node in page]) == nodes


def test_nodes_come_back_as_they_were_saved(storage: NodeStore) -> None:
    storage.save_nodes([FULL_NODE, BARE_NODE])
    assert by_num(storage.load_nodes()) == [BARE_NODE, FULL_NODE]


def spoil(path: Path, statement: str) -> None:
    """Change rows as a card does: without their checksums."""
    with sqlite3.connect(path) as other:
        other.execute(statement)
    other.close()


@pytest.mark.parametrize(
    "change",
    [
        "long_name = CAST(x'41ff6e' AS TEXT)",
        "public_key = x'6c' || substr(public_key, 2)",
        "public_key = x''",
        "public_key = 'a key'",
        "last_heard = last_heard + 1",
        "hops = 'deux'",
        "snr_db = -9223372036854775808",
        "num = 3",
        "checksum = checksum + 1",
        "checksum = NULL",
        "checksum = 'text'",
    ],
)
def test_a_row_that_is_not_as_it_was_written_is_not_given_out(
    storage: NodeStore, path: Path, change: str
) -> None:
    bob = KnownNode(2, "Bob", public_key=b"b" * 32)
    storage.save_nodes([KnownNode(1, "Ann", public_key=KEY), bob])
    spoil(path, f"UPDATE nodes SET {change} WHERE num = 1")
    for _ in range(2):
        assert storage.load_nodes() == [bob]
    storage.save_nodes([KnownNode(1, "Ann", public_key=KEY)])
    assert KnownNode(1, "Ann", public_key=KEY) in storage.load_nodes()


def test_a_spoilt_other_key_and_a_spoilt_decision_are_not_given_out(
    storage: NodeStore, path: Path
) -> None:
    storage.save_nodes([], {7: [OFFERED, REFUSED]})
    storage.add_decision(7, KEY, accept=False)
    spoil(path, "UPDATE other_keys SET refused_at = 0")
    spoil(path, "UPDATE key_orders SET accept = 1")
    assert storage.load_other_keys() == [OFFERED]
    assert storage.load_decisions() == []


def test_a_value_that_makes_no_sense_costs_itself_and_not_the_key(storage: NodeStore) -> None:
    """Whoever wrote it: the row is as it was written."""
    odd = KnownNode(1, "Ann", public_key=KEY, last_heard=-5, hops=-1, snr_db=1e300, pushed_at=2**62)
    storage.save_nodes([odd])
    assert storage.load_nodes() == [KnownNode(1, "Ann", public_key=KEY)]


def test_nodes_survive_a_restart(storage: NodeStore, path: Path) -> None:
    storage.save_nodes([FULL_NODE])
    storage.database.close()
    again = NodeStore(Database(path))
    again.database.open()
    assert again.load_nodes() == [FULL_NODE]
    again.database.close()


def test_a_node_saved_again_replaces_what_was_stored(storage: NodeStore) -> None:
    storage.save_nodes([FULL_NODE])
    storage.save_nodes([KnownNode(num=FULL_NODE.num, long_name="new")])
    assert storage.load_nodes() == [KnownNode(num=FULL_NODE.num, long_name="new")]


def test_a_failing_save_writes_nothing_of_its_nodes(storage: NodeStore) -> None:
    bad = KnownNode(num=2)
    bad.long_name = None  # type: ignore[assignment]
    with pytest.raises(StorageError):
        storage.save_nodes([BARE_NODE, bad])
    assert storage.load_nodes() == []
    storage.save_nodes([BARE_NODE])
    assert storage.load_nodes() == [BARE_NODE]


def test_forgotten_nodes_go_with_their_other_keys_and_with_nothing_else(
    storage: NodeStore, path: Path
) -> None:
    seven = KnownNode(7, "Sept", public_key=KEY)
    storage.save_nodes([seven, FULL_NODE], {7: [OFFERED], REPLACED.num: [REPLACED]})
    simulated = NodeStore(Database(path, simulated=True))
    simulated.database.open()
    simulated.save_nodes([seven], {7: [OFFERED]})
    storage.save_nodes([BARE_NODE], forgotten=[7, 8])
    assert by_num(storage.load_nodes()) == [BARE_NODE, FULL_NODE]
    assert other_keys_of(storage) == [REPLACED]
    assert (simulated.load_nodes(), other_keys_of(simulated)) == ([seven], [OFFERED])
    simulated.database.close()


def test_a_node_that_is_forgotten_and_met_again_at_a_time_is_kept(storage: NodeStore) -> None:
    storage.save_nodes([KnownNode(7, "Sept")], {7: [OFFERED]})
    storage.save_nodes([KnownNode(7, "Neuf")], {7: [REFUSED]}, forgotten=[7])
    assert storage.load_nodes() == [KnownNode(7, "Neuf")]
    assert other_keys_of(storage) == [REFUSED]


# -- Other keys and the operator's decisions ---------------------------------------------------


def test_other_keys_come_back_as_they_were_saved(storage: NodeStore, path: Path) -> None:
    storage.save_nodes([], {7: [OFFERED, REFUSED], REPLACED.num: [REPLACED]})
    assert other_keys_of(storage) == [OFFERED, REFUSED, REPLACED]
    again = NodeStore(Database(path))
    again.database.open()
    assert other_keys_of(again) == [OFFERED, REFUSED, REPLACED]
    again.database.close()


def test_other_keys_saved_are_all_those_of_the_nodes_named(storage: NodeStore) -> None:
    storage.save_nodes([], {7: [OFFERED, REFUSED], REPLACED.num: [REPLACED]})
    refused_now = replace(OFFERED, offered_at=0, refused_at=9)
    storage.save_nodes([], {7: [refused_now]})
    assert other_keys_of(storage) == [refused_now, REPLACED]
    storage.save_nodes([], {7: []})
    assert other_keys_of(storage) == [REPLACED]
    storage.save_nodes([BARE_NODE])
    assert other_keys_of(storage) == [REPLACED]


def test_decisions_come_back_in_their_order_until_they_are_carried_out(
    storage: NodeStore, path: Path
) -> None:
    accepts = {1: True, 2: False, 3: True}
    ids = [storage.add_decision(num, KEY, accept=accept) for num, accept in accepts.items()]
    decisions = storage.load_decisions()
    assert [decision.id for decision in decisions] == ids == sorted(set(ids))
    assert [(decision.num, decision.public_key) for decision in decisions] == [
        (num, KEY) for num in accepts
    ]
    assert [decision.accept for decision in decisions] == [True, False, True]
    storage.save_nodes([BARE_NODE], {}, [ids[0], ids[2]])
    again = NodeStore(Database(path))
    again.database.open()
    assert again.load_decisions() == [decisions[1]]
    again.database.close()


def test_of_two_decisions_on_one_key_of_a_node_the_last_one_counts(storage: NodeStore) -> None:
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
    storage: NodeStore, path: Path
) -> None:
    decision_id = storage.add_decision(7, KEY, accept=True)
    simulated = NodeStore(Database(path, simulated=True))
    simulated.database.open()
    simulated.add_decision(7, KEY, accept=False)
    simulated.database.close()
    assert storage.load_decisions() == [KeyDecision(decision_id, 7, KEY, accept=True)]


def test_the_nodes_of_the_other_mesh_are_counted(storage: NodeStore, path: Path) -> None:
    simulated = NodeStore(Database(path, simulated=True))
    simulated.database.open()
    storage.save_nodes([BARE_NODE, FULL_NODE])
    assert (storage.nodes_of_the_other_mesh(), simulated.nodes_of_the_other_mesh()) == (0, 2)
    simulated.save_nodes([BARE_NODE])
    assert (storage.nodes_of_the_other_mesh(), simulated.nodes_of_the_other_mesh()) == (1, 2)
    simulated.database.close()


def test_an_id_is_never_given_to_a_second_decision(storage: NodeStore) -> None:
    first = storage.add_decision(7, KEY, accept=True)
    storage.save_nodes([], {}, [first])
    assert storage.load_decisions() == []
    assert storage.add_decision(7, KEY, accept=True) > first


def test_a_failing_save_neither_changes_keys_nor_ends_a_decision(storage: NodeStore) -> None:
    storage.save_nodes([], {7: [OFFERED]})
    storage.add_decision(7, KEY, accept=True)
    decisions = storage.load_decisions()
    bad = OtherKey(7, b"x" * 32)
    object.__setattr__(bad, "replaced_by", None)
    with pytest.raises(StorageError):
        storage.save_nodes([BARE_NODE], {7: [REFUSED, bad]}, [decisions[0].id])
    assert storage.load_nodes() == []
    assert storage.load_other_keys() == [OFFERED]
    assert storage.load_decisions() == decisions


def test_two_programs_see_each_others_decisions_and_their_end(
    storage: NodeStore, path: Path
) -> None:
    operator = NodeStore(Database(path))
    operator.database.open()
    decision_id = operator.add_decision(7, KEY, accept=False)
    assert storage.load_decisions() == [KeyDecision(decision_id, 7, KEY, accept=False)]
    storage.save_nodes([], {}, [decision_id])
    assert operator.load_decisions() == []
    operator.database.close()


# -- A simulated mesh --------------------------------------------------------------------------


def test_keys_and_decisions_of_a_simulated_mesh_are_kept_apart_and_forgotten_with_it(
    path: Path,
) -> None:
    storages = {
        simulated: NodeStore(Database(path, simulated=simulated)) for simulated in (True, False)
    }
    for simulated, storage in storages.items():
        storage.database.open()
        storage.save_nodes([], {7: [OFFERED if simulated else REFUSED]})
        storage.add_decision(7, KEY, accept=simulated)
    for simulated, storage in storages.items():
        assert storage.load_other_keys() == [OFFERED if simulated else REFUSED]
        assert [decision.accept for decision in storage.load_decisions()] == [simulated]
    storages[False].database.forget_simulated()
    assert storages[True].load_other_keys() == []
    assert storages[True].load_decisions() == []
    assert storages[False].load_other_keys() == [REFUSED]
    assert [decision.accept for decision in storages[False].load_decisions()] == [False]
    for storage in storages.values():
        storage.database.close()


def test_a_simulated_mesh_is_kept_apart_and_forgotten_when_a_real_node_is_used(path: Path) -> None:
    real = KnownNode(7, long_name="Real")
    with_key = KnownNode(7, long_name="Simulated", public_key=b"k" * 32)
    for node, simulated in ((with_key, True), (real, False)):
        storage = NodeStore(Database(path, simulated=simulated))
        storage.database.open()
        if not simulated:
            storage.database.forget_simulated()
        storage.save_nodes([node])
        assert storage.load_nodes() == [node]
        storage.database.close()
    for simulated, expected in ((True, []), (False, [real])):
        storage = NodeStore(Database(path, simulated=simulated))
        storage.database.open()
        assert storage.load_nodes() == expected
        storage.database.close()


def test_the_real_mesh_survives_a_look_at_the_simulated_one(path: Path) -> None:
    real = KnownNode(7, long_name="Real", public_key=b"r" * 32)
    for node, simulated in ((real, False), (KnownNode(7, long_name="Simulated"), True)):
        storage = NodeStore(Database(path, simulated=simulated))
        storage.database.open()
        storage.save_nodes([node])
        storage.database.close()
    storage = NodeStore(Database(path))
    storage.database.open()
    assert storage.load_nodes() == [real]
    storage.database.close()


def test_times_beyond_2038_and_before_the_clock_was_set_are_kept(storage: NodeStore) -> None:
    nodes = [
        KnownNode(5, long_name="2106", last_heard=2**32 - 1, last_dm=2**31),
        KnownNode(6, long_name="1970", last_heard=17),
    ]
    storage.save_nodes(nodes)
    assert storage.load_nodes() == nodes
