"""The operator's decisions about keys, carried out and written."""

import pytest

from meshbot.model.other_key import OtherKey
from node_manager import NodeManager
from tests.mesh.known_mesh import ANN, BOB, EVE, KEYS, OTHER_KEY, Lines, decide, info_of, user_of
from tests.mesh.syncs import ran, synced
from tests.support.clock import Clock
from tests.support.fake_storage import FakeStorage


def test_an_accepted_key_replaces_the_known_one_on_disk_too(
    known: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    known.learn_from_air(ANN, user_of(ANN, OTHER_KEY))
    lines()
    assert decide(known, storage, ANN, OTHER_KEY, accept=True)
    assert known.public_key(ANN) == storage.rows[ANN].public_key == OTHER_KEY
    assert storage.decisions == []
    assert storage.other_keys[ANN] == [
        OtherKey(ANN, KEYS[ANN], replaced_at=1_700_000_000, replaced_by="operator")
    ]
    assert lines() == [
        "🔑 Clé de !0000000a acceptée par l'opérateur : mZmZmZmZmZmZ au lieu de AgICAgICAgIC"
    ]


def test_a_key_accepted_for_one_node_is_taken_from_another(
    known: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    lines()
    assert decide(known, storage, 0x77, KEYS[ANN], accept=True)
    assert (known.public_key(0x77), known.public_key(ANN)) == (KEYS[ANN], b"")
    assert (storage.rows[0x77].public_key, storage.rows[ANN].public_key) == (KEYS[ANN], b"")
    assert lines() == [
        "🔑 Clé de !00000077 acceptée par l'opérateur : AgICAgICAgIC, retirée à !0000000a"
    ]
    holder = known.key_holder(KEYS[ANN])
    assert holder is not None
    assert holder.num == 0x77


def test_a_refused_key_is_not_announced_again(
    known: NodeManager, storage: FakeStorage, lines: Lines, clock: Clock
) -> None:
    known.learn_from_air(ANN, user_of(ANN, OTHER_KEY))
    lines()
    assert not decide(known, storage, ANN, OTHER_KEY, accept=False)
    assert storage.decisions == []
    assert storage.other_keys[ANN] == [OtherKey(ANN, OTHER_KEY, refused_at=1_700_000_000)]
    assert lines() == ["🔑 Clé annoncée par !0000000a refusée par l'opérateur : mZmZmZmZmZmZ"]
    clock.now_s += 7_200.0
    known.learn_from_air(ANN, user_of(ANN, OTHER_KEY))
    assert lines() == []
    assert known.waiting_keys() == []


def test_decisions_are_carried_out_in_their_order(known: NodeManager, storage: FakeStorage) -> None:
    storage.add_decision(ANN, OTHER_KEY, accept=True)
    storage.add_decision(BOB, OTHER_KEY, accept=True)
    known.carry_out_decisions()
    assert (known.public_key(ANN), known.public_key(BOB)) == (b"", OTHER_KEY)


def test_without_decisions_nothing_changes_and_nothing_is_written(
    known: NodeManager, storage: FakeStorage
) -> None:
    writes: list[None] = []
    storage.before_write = lambda: writes.append(None)
    assert not known.carry_out_decisions()
    assert writes == []


def test_a_decision_about_a_number_that_is_no_nodes_changes_nothing(
    known: NodeManager, storage: FakeStorage
) -> None:
    decide(known, storage, 0xFFFFFFFF, OTHER_KEY, accept=True)
    assert known.key_holder(OTHER_KEY) is None
    known.save_heard()
    assert storage.decisions == []


def test_an_accepted_key_is_synced(known: NodeManager, storage: FakeStorage, lines: Lines) -> None:
    interface = synced(known)
    decide(known, storage, ANN, OTHER_KEY, accept=True)
    assert ran(known, interface, lines)
    assert interface.key(ANN) == OTHER_KEY


def test_a_decision_carried_out_with_a_full_disk_is_carried_out_once_and_written_later(
    known: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    storage.failing = True
    assert decide(known, storage, ANN, OTHER_KEY, accept=True)
    known.learn_from_radio([info_of(ANN, KEYS[EVE])])
    lines()
    assert not known.carry_out_decisions(), "it stands in the store still, but is done"
    assert lines() == []
    assert known.public_key(ANN) == OTHER_KEY
    storage.failing = False
    known.save_heard()
    assert storage.decisions == []
    assert storage.rows[ANN].public_key == OTHER_KEY


def test_a_decision_leaves_the_store_only_together_with_what_it_did(
    known: NodeManager, storage: FakeStorage, clock: Clock
) -> None:
    """A bot that dies in between would otherwise have forgotten it."""
    storage.failing = True
    decide(known, storage, ANN, OTHER_KEY, accept=True)
    storage.failing = False
    clock.now_s += 60.0
    known.learn_from_air(0x77, user_of(0x77, b"\x77" * 32))
    assert storage.rows[0x77].public_key == b"\x77" * 32
    assert bool(storage.decisions) or storage.rows[ANN].public_key == OTHER_KEY


def test_a_nameless_node_that_lost_its_key_with_a_full_disk_has_lost_it_after_a_restart(
    known: NodeManager, storage: FakeStorage
) -> None:
    storage.failing = True
    decide(known, storage, BOB, KEYS[ANN], accept=True)
    storage.failing = False
    known.save_heard()
    again = NodeManager(storage)
    again.load()
    assert (again.public_key(ANN), again.public_key(BOB)) == (b"", KEYS[ANN])


def test_a_key_adopted_from_the_radio_is_disputed_until_it_is_accepted(
    known: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    known.learn_from_radio([info_of(ANN, OTHER_KEY)])
    assert known.is_disputed(ANN)
    assert not known.is_disputed(BOB)
    again = NodeManager(storage)
    again.load()
    assert again.is_disputed(ANN), "after a restart as well"
    lines()
    decide(again, storage, ANN, OTHER_KEY, accept=True)
    assert lines() == ["🔑 Clé de !0000000a acceptée par l'opérateur : mZmZmZmZmZmZ"]
    assert not again.is_disputed(ANN)
    assert again.public_key(ANN) == OTHER_KEY
    last = NodeManager(storage)
    last.load()
    assert not last.is_disputed(ANN)


@pytest.mark.parametrize("key", [b"", b"\x01" * 31, bytes(32)], ids=["none", "31 bytes", "zeros"])
@pytest.mark.parametrize("accept", [True, False])
def test_a_decision_about_what_can_be_nobodys_key_changes_nothing_and_says_nothing(
    known: NodeManager, storage: FakeStorage, lines: Lines, key: bytes, accept: bool
) -> None:
    lines()
    decide(known, storage, ANN, key, accept=accept)
    known.save_heard()
    assert (known.public_key(ANN), known.other_keys(ANN)) == (KEYS[ANN], [])
    assert lines() == []
    assert storage.decisions == []


def test_accepted_then_refused_while_the_bot_was_off_the_former_key_is_believed(
    known: NodeManager, storage: FakeStorage
) -> None:
    known.learn_from_air(ANN, user_of(ANN, OTHER_KEY))
    known.save_heard()
    storage.add_decision(ANN, OTHER_KEY, accept=True)
    storage.add_decision(ANN, OTHER_KEY, accept=False)
    again = NodeManager(storage, wall_clock=Clock(1_700_000_009.0))
    again.load()
    again.carry_out_decisions()
    assert again.public_key(ANN) == storage.rows[ANN].public_key == KEYS[ANN]
    assert again.other_keys(ANN) == [OtherKey(ANN, OTHER_KEY, refused_at=1_700_000_009)]
    assert storage.decisions == []


def test_accepted_refused_and_accepted_again_while_the_bot_was_off_it_is_believed(
    known: NodeManager, storage: FakeStorage
) -> None:
    for accept in (True, False, True):
        storage.add_decision(ANN, OTHER_KEY, accept=accept)
    known.carry_out_decisions()
    assert known.public_key(ANN) == OTHER_KEY


def test_a_key_accepted_and_then_refused_gives_way_to_the_former_one_on_disk_too(
    known: NodeManager, storage: FakeStorage
) -> None:
    decide(known, storage, ANN, OTHER_KEY, accept=True)
    decide(known, storage, ANN, OTHER_KEY, accept=False)
    assert known.public_key(ANN) == storage.rows[ANN].public_key == KEYS[ANN]
    known.learn_from_radio([info_of(ANN, OTHER_KEY)])
    assert known.public_key(ANN) == KEYS[ANN]
