"""What is learned reaches the store, survives a restart, a full disk and a lost file."""

import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest

from meshbot.model.known_node import KnownNode
from meshbot.model.other_key import OtherKey
from meshbot.store.database import Database
from meshbot.store.node_store import NodeStore
from meshbot.store.storage_error import StorageError
from node_manager import NodeManager
from tests.mesh.known_mesh import ANN, BOB, EVE, KEYS, OTHER_KEY, Lines, info_of, user_of
from tests.support.clock import Clock
from tests.support.fake_storage import FakeStorage


def test_a_nameless_node_with_an_unusable_key_is_not_written(
    nodes: NodeManager, storage: FakeStorage
) -> None:
    nodes.learn_from_air(ANN, user_of(ANN, b"\x01" * 31))
    nodes.save_heard()
    assert storage.rows == {}


def test_a_number_that_never_introduced_itself_is_not_written(
    nodes: NodeManager, storage: FakeStorage
) -> None:
    nodes.heard(ANN, snr_db=1.0, hops=0)
    nodes.save_heard()
    assert storage.rows == {}


def test_a_push_that_could_not_be_written_is_told_and_counts_all_the_same(
    known: NodeManager, storage: FakeStorage
) -> None:
    assert known.key_pushed(BOB)
    storage.failing = True
    assert not known.key_pushed(ANN)
    assert known.pushes_since(0.0) == 2
    storage.failing = False
    known.save_heard()
    assert storage.rows[ANN].pushed_at == 1_700_000_000


def test_keys_and_names_survive_a_restart(tmp_path: Path) -> None:
    storage = NodeStore(Database(tmp_path / "bot.db"))
    storage.database.open()
    before = NodeManager(storage, wall_clock=Clock(1_000.0))
    before.learn_from_air(ANN, user_of(ANN, long_name="Ann"))
    before.learn_from_air(BOB, user_of(BOB, b"", long_name="Bob"))
    before.heard(BOB, snr_db=2.5, hops=1)
    before.save_heard()
    storage.database.close()

    storage.database.open()
    after = NodeManager(storage)
    assert after.load() == 1
    storage.database.close()
    assert after.public_key(ANN) == KEYS[ANN]
    assert after.label(ANN) == "‹Ann› (!0000000a)"
    bob = after.node(BOB)
    assert bob is not None
    assert (bob.last_heard, bob.snr_db, bob.hops, bob.heard_s) == (1_000, 2.5, 1, None)


def test_keys_that_wait_were_refused_or_replaced_survive_a_restart(tmp_path: Path) -> None:
    storage = NodeStore(Database(tmp_path / "bot.db"))
    storage.database.open()
    before = NodeManager(storage, wall_clock=Clock(1_000.0))
    before.learn_from_air(ANN, user_of(ANN))
    before.learn_from_radio([info_of(ANN, KEYS[BOB])])
    before.learn_from_air(ANN, user_of(ANN, KEYS[EVE]))
    before.learn_from_air(ANN, user_of(ANN, OTHER_KEY))
    storage.add_decision(ANN, OTHER_KEY, accept=False)
    before.carry_out_decisions()
    others = before.other_keys(ANN)
    assert len(others) == 3
    storage.database.close()

    storage.database.open()
    after = NodeManager(storage)
    after.load()
    storage.database.close()
    assert sorted(after.other_keys(ANN), key=lambda other: other.public_key) == sorted(
        others, key=lambda other: other.public_key
    )
    assert after.public_key(ANN) == KEYS[BOB]


@pytest.mark.parametrize("name", ["", "Bob"], ids=["nameless", "named"])
def test_a_stored_key_that_is_another_nodes_is_dropped_once_and_for_all(
    nodes: NodeManager, storage: FakeStorage, lines: Lines, name: str
) -> None:
    """The first version of the bot stored such keys."""
    storage.rows[ANN] = KnownNode(ANN, long_name="Ann", public_key=KEYS[ANN])
    storage.rows[BOB] = KnownNode(BOB, long_name=name, public_key=KEYS[ANN])
    assert nodes.load() == 1
    label = "‹Bob› (!b0b0b0b0)" if name else "!b0b0b0b0"
    assert lines() == [
        f"⚠️ Clé enregistrée de {label} écartée : inutilisable, ou celle d'un autre nœud"
    ]
    assert (nodes.public_key(ANN), nodes.public_key(BOB)) == (KEYS[ANN], b"")
    nodes.save_heard()
    assert storage.rows[BOB].public_key == b""


def test_a_key_is_called_learned_only_once_it_is_written(
    nodes: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    said_before: list[list[str]] = []
    storage.before_write = lambda: said_before.append(lines())
    nodes.learn_from_air(ANN, user_of(ANN))
    assert said_before == [[]]
    assert lines() == ["🔑 Clé publique de !0000000a apprise et enregistrée"]
    nodes.learn_from_radio([info_of(BOB)])
    assert said_before == [[], []]
    assert lines() == ["🔑 1 clé publique apprise de la radio et enregistrée"]


def test_a_full_disk_costs_one_line_and_no_key(
    nodes: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    storage.failing = True
    nodes.learn_from_air(ANN, user_of(ANN))
    nodes.learn_from_air(BOB, user_of(BOB))
    nodes.learn_from_radio([info_of(EVE)])
    nodes.save_heard()
    assert lines() == ["❌ disque plein (le bot continue, nouvel essai plus tard)"]
    assert {num: nodes.public_key(num) for num in (ANN, BOB, EVE)} == {
        num: KEYS[num] for num in (ANN, BOB, EVE)
    }
    assert storage.rows == {}


def test_what_a_full_disk_refused_is_written_later(
    nodes: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    nodes.learn_from_air(ANN, user_of(ANN, b"", long_name="Ann"))
    nodes.save_heard()
    assert storage.rows[ANN].public_key == b"", "all but the key is written already"
    storage.failing = True
    nodes.learn_from_air(ANN, user_of(ANN))
    nodes.learn_from_air(BOB, user_of(BOB, b"", long_name="Bob"))
    nodes.heard(BOB, snr_db=1.0, hops=0)
    nodes.save_heard()
    lines()
    storage.failing = False
    nodes.save_heard()
    assert storage.rows[ANN].public_key == KEYS[ANN]
    assert storage.rows[BOB].hops == 0
    assert lines() == ["✅ La base est de nouveau écrite"]


def test_nothing_is_written_when_nothing_changed(known: NodeManager, storage: FakeStorage) -> None:
    known.heard(ANN, snr_db=1.0, hops=0)
    known.save_heard()
    writes: list[None] = []
    storage.before_write = lambda: writes.append(None)
    known.save_heard()
    known.learn_from_radio([info_of(num) for num in KEYS])
    assert writes == []


def test_a_key_learned_while_others_are_written_is_not_overwritten_by_an_older_copy(
    nodes: NodeManager, storage: FakeStorage
) -> None:
    """Any thread may call: the key arrives between the copy for a write and the write."""
    nodes.learn_from_air(ANN, user_of(ANN, b"", long_name="Ann"))

    def learn_on_another_thread() -> None:
        storage.before_write = lambda: None
        learner = threading.Thread(target=nodes.learn_from_air, args=(ANN, user_of(ANN)))
        learner.start()
        learner.join(0.5)  # a fixed manager may make it wait for the write under way
        learners.append(learner)

    learners: list[threading.Thread] = []
    storage.before_write = learn_on_another_thread
    nodes.save_heard()
    learners[0].join(5.0)
    assert storage.rows[ANN].public_key == KEYS[ANN]


class HalfWayStorage(NodeStore):
    """A real store of which a test can have the next writes fail."""

    def __init__(self, path: Path) -> None:
        super().__init__(Database(path))
        self.failures = 0

    def save_nodes(
        self,
        nodes: Iterable[KnownNode],
        other_keys: Mapping[int, Sequence[OtherKey]] | None = None,
        carried_out: Iterable[int] = (),
        *,
        forgotten: Iterable[int] = (),
    ) -> None:
        self.database.check_in_place()  # that it vanished is noticed before
        if self.failures:
            self.failures -= 1
            raise StorageError("disque plein", passing=True)
        super().save_nodes(nodes, other_keys, carried_out, forgotten=forgotten)


@pytest.mark.parametrize("failures", [0, 1, 3])
def test_the_rebuilding_of_a_deleted_store_is_tried_until_every_key_is_in_it(
    tmp_path: Path, clock: Clock, lines: Lines, failures: int
) -> None:
    path = tmp_path / "bot.db"
    storage = HalfWayStorage(path)
    storage.database.open()
    nodes = NodeManager(storage, clock=clock)
    nodes.learn_from_radio([info_of(num) for num in KEYS])
    nodes.learn_from_air(ANN, user_of(ANN, OTHER_KEY))
    storage.add_decision(BOB, OTHER_KEY, accept=False)
    nodes.carry_out_decisions()
    for name in os.listdir(tmp_path):
        (tmp_path / name).unlink()
    lines()
    storage.failures = failures
    for num in range(100, 100 + failures + 1):
        nodes.learn_from_air(num, user_of(num, num.to_bytes(2, "big") * 16))
        clock.now_s += 60.0
    said = lines()
    assert sum("elle a été refaite" in line for line in said) == 1
    assert sum(line.startswith("❌ disque plein") for line in said) == min(failures, 1)
    storage.database.close()
    again = NodeStore(Database(path))
    again.database.open()
    after = NodeManager(again)
    assert after.load() == len(KEYS) + failures + 1
    again.database.close()
    assert {num: after.public_key(num) for num in KEYS} == KEYS
    assert [other.public_key for other in after.waiting_keys()] == [OTHER_KEY]
    (refused,) = after.other_keys(BOB)
    assert refused.refused_at
