"""A table that is full: what it forgets, what it keeps, and that it goes on learning."""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from meshbot.mesh.late_keys import HOUR_S, MAX_AT_ONCE
from meshbot.mesh.node_worth import Standing, shares_of
from meshbot.model.known_node import KnownNode
from meshbot.store.storage_error import StorageError
from node_manager import NodeManager
from tests.mesh.known_mesh import Lines, decide, info_of, user_of
from tests.support.clock import Clock
from tests.support.fake_storage import FakeStorage

pytestmark = pytest.mark.slow

MOST = 40
SHARES = shares_of(MOST)
HONEST = 7
DAY_S = 86_400.0


def key_of(num: int) -> bytes:
    return num.to_bytes(4, "big") * 8


def named(num: int) -> Any:
    return user_of(num, key_of(num), long_name=f"Nom {num}")


@pytest.fixture
def small(storage: FakeStorage, clock: Clock, wall_clock: Clock) -> NodeManager:
    return NodeManager(storage, nodes_max=MOST, clock=clock, wall_clock=wall_clock)


def flood(nodes: NodeManager, nums: Iterable[int]) -> None:
    for num in nums:
        nodes.heard(num, snr_db=1.0, hops=2)
        nodes.learn_from_air(num, named(num))


def test_a_newcomer_is_learned_however_many_names_came_before(small: NodeManager) -> None:
    flood(small, range(1_000, 2_000))
    flood(small, [HONEST])
    assert small.public_key(HONEST) == key_of(HONEST)
    assert small.count() <= MOST


def test_who_was_met_on_another_day_outlives_a_flood(small: NodeManager, wall_clock: Clock) -> None:
    flood(small, [HONEST])
    wall_clock.now_s += DAY_S
    flood(small, range(1_000, 2_000))
    assert small.public_key(HONEST) == key_of(HONEST)


def wrote(nodes: NodeManager, storage: FakeStorage) -> None:
    nodes.heard_message(HONEST)


def accepted(nodes: NodeManager, storage: FakeStorage) -> None:
    decide(nodes, storage, HONEST, key_of(HONEST), accept=True)


def refused(nodes: NodeManager, storage: FakeStorage) -> None:
    decide(nodes, storage, HONEST, key_of(99), accept=False)


def pushed(nodes: NodeManager, storage: FakeStorage) -> None:
    nodes.key_pushed(HONEST)


def contested(nodes: NodeManager, storage: FakeStorage) -> None:
    nodes.contest_key(HONEST, key_of(99))


LASTING = [wrote, accepted, refused, pushed, contested]


@pytest.mark.parametrize("merit", LASTING)
def test_who_has_a_merit_is_not_forgotten_nor_after_a_restart(
    small: NodeManager, storage: FakeStorage, wall_clock: Clock, merit: Any
) -> None:
    flood(small, [HONEST])
    merit(small, storage)
    small.save_heard()
    again = NodeManager(storage, nodes_max=MOST, clock=Clock(0.0), wall_clock=wall_clock)
    again.load()
    for nodes in (small, again):
        flood(nodes, range(1_000, 2_000))
        assert nodes.public_key(HONEST) == key_of(HONEST)


def test_admins_our_own_node_and_those_of_the_radio_are_not_forgotten(small: NodeManager) -> None:
    own, admin = 1, 2
    small.keep([admin])
    small.learn_from_radio([info_of(own, key_of(own)), info_of(HONEST, key_of(HONEST))], own)
    flood(small, [admin])
    flood(small, range(1_000, 2_000))
    assert {num for num in (own, admin, HONEST) if small.public_key(num)} == {own, admin, HONEST}
    small.keep([])
    flood(small, range(2_000, 3_000))
    assert not small.public_key(admin), "no admin any more"


def test_a_radio_full_of_made_up_names_leaves_room(small: NodeManager) -> None:
    small.learn_from_radio([info_of(num, key_of(num)) for num in range(1_000, 3_000)], own_num=1)
    assert small.count() <= MOST
    flood(small, [HONEST])
    assert small.public_key(HONEST) == key_of(HONEST)


def test_proofs_by_made_up_keys_push_out_no_admin_and_no_newcomer(
    small: NodeManager, wall_clock: Clock
) -> None:
    """A made-up key proves a made-up name with one message."""
    admin, old_friend = 1, 2
    small.keep([admin])
    flood(small, [admin, old_friend])
    small.heard_message(old_friend)
    wall_clock.now_s += DAY_S
    for num in range(1_000, 2_000):
        flood(small, [num])
        small.heard_message(num)
    flood(small, [HONEST])
    assert all(small.public_key(num) for num in (admin, old_friend, HONEST))
    assert small.count() <= MOST


def test_a_node_forgotten_and_met_again_is_new(
    small: NodeManager, storage: FakeStorage, wall_clock: Clock
) -> None:
    flood(small, [HONEST])
    small.learn_from_air(HONEST, user_of(HONEST, key_of(98)))
    first = small.node(HONEST)
    assert first is not None
    flood(small, range(1_000, 2_000))
    assert small.node(HONEST) is None
    assert small.other_keys(HONEST) == []
    assert small.key_holder(key_of(HONEST)) is None
    wall_clock.now_s += 100.0
    small.learn_from_air(HONEST, user_of(HONEST, key_of(99)))
    again = small.node(HONEST)
    assert again is not None
    assert (again.public_key, again.long_name) == (key_of(99), "")
    assert again.known_since == first.known_since + 100
    small.save_heard()
    assert storage.rows[HONEST].public_key == key_of(99)
    assert not storage.other_keys.get(HONEST), "those of its old life are gone, too"


def test_what_is_met_again_before_the_store_forgot_it_is_written_whole(
    small: NodeManager, storage: FakeStorage
) -> None:
    flood(small, [HONEST])
    small.save_heard()
    storage.failing = True
    flood(small, range(1_000, 1_100))
    flood(small, [HONEST])
    small.learn_from_air(HONEST, user_of(HONEST, key_of(98)))
    storage.failing = False
    small.save_heard()
    assert storage.rows[HONEST].public_key == key_of(HONEST)
    assert [other.public_key for other in storage.other_keys[HONEST]] == [key_of(98)]
    assert len(storage.rows) <= MOST


def test_whom_the_radio_knows_at_the_very_first_start_is_no_newcomer(
    storage: FakeStorage, small: NodeManager, clock: Clock, wall_clock: Clock
) -> None:
    """But who stands there later, or after a restart, may have been made up meanwhile."""
    small.learn_from_radio([info_of(HONEST, key_of(HONEST))])
    flood(small, [20])
    small.learn_from_radio([info_of(21, key_of(21))])
    small.save_heard()
    again = NodeManager(storage, nodes_max=MOST, clock=clock, wall_clock=wall_clock)
    again.load()
    again.learn_from_radio([info_of(22, key_of(22))])
    since = [node.known_since for num in (HONEST, 20, 21, 22) if (node := again.node(num))]
    assert since == [0, *[int(wall_clock.now_s)] * 3]


def test_known_since_stays_when_the_name_changes_and_never_is_nothing(
    small: NodeManager, wall_clock: Clock
) -> None:
    wall_clock.now_s = 0.4  # a clock that stands in 1970
    flood(small, [HONEST])
    wall_clock.now_s = 1_700_000_000.0
    small.learn_from_air(HONEST, user_of(HONEST, b"", long_name="Autre nom"))
    node = small.node(HONEST)
    assert node is not None
    assert (node.long_name, node.known_since) == ("Autre nom", 1)


def test_strangers_are_kept_apart_and_push_nobody_out(
    small: NodeManager, storage: FakeStorage
) -> None:
    flood(small, range(1, MOST + 1))
    for num in range(10_000, 11_000):
        small.heard(num, snr_db=1.0, hops=None)
    assert all(small.public_key(num) for num in range(1, MOST + 1))
    assert MOST < small.count() <= MOST + MOST // 4
    assert small.knows(10_999)
    small.save_heard()
    assert set(storage.rows) == set(range(1, MOST + 1))


def test_of_very_many_correspondents_only_the_latest_are_told(
    storage: FakeStorage, wall_clock: Clock
) -> None:
    nodes = NodeManager(storage, wall_clock=wall_clock)
    flood(nodes, range(1, 601))
    for num in range(1, 601):
        wall_clock.now_s += 1.0
        nodes.heard_message(num)
    assert [node.num for node in nodes.correspondents()] == list(range(600, 100, -1))


# -- What the operator reads -----------------------------------------------------------------------


def test_one_line_an_hour_tells_how_many_were_forgotten(
    small: NodeManager, clock: Clock, lines: Lines
) -> None:
    flood(small, range(1_000, 1_000 + MOST))
    assert not [line for line in lines() if "oublié" in line]
    flood(small, range(2_000, 2_100))
    (line,) = [line for line in lines() if "oublié" in line]
    assert line.startswith(f"🧹 Table pleine (NODES_MAX={MOST}) : 1 nœud oublié, ")
    clock.now_s += 3_601.0
    flood(small, [3_000])
    (line,) = [line for line in lines() if "oublié" in line]
    assert " : 100 nœuds oubliés, " in line


def test_keys_that_come_by_the_hundred_are_written_and_told_together(
    storage: FakeStorage, clock: Clock, lines: Lines
) -> None:
    nodes = NodeManager(storage, clock=clock)
    writes: list[None] = []
    storage.before_write = lambda: writes.append(None)
    flood(nodes, range(1, 251))
    assert len(writes) == len(lines()) == MAX_AT_ONCE
    nodes.save_heard()
    assert len(writes) == MAX_AT_ONCE + 1
    assert lines() == ["🔑 150 clés publiques apprises et enregistrées ensemble"]
    assert len(storage.rows) == 250
    clock.now_s += HOUR_S
    flood(nodes, [300])
    assert lines() == ["🔑 Clé publique de ‹Nom\u00a0300› (!0000012c) apprise et enregistrée"]


def test_keys_put_off_are_not_told_before_they_are_written(
    storage: FakeStorage, clock: Clock, lines: Lines
) -> None:
    nodes = NodeManager(storage, clock=clock)
    flood(nodes, range(1, MAX_AT_ONCE + 3))
    storage.failing = True
    lines()
    nodes.save_heard()
    assert lines() == ["❌ disque plein (le bot continue, nouvel essai plus tard)"]
    storage.failing = False
    nodes.save_heard()
    assert lines()[-1] == "🔑 2 clés publiques apprises et enregistrées ensemble"


# -- The store -------------------------------------------------------------------------------------


def stored(num: int, last_heard: int) -> KnownNode:
    return KnownNode(num, f"Nom {num}", public_key=key_of(num), last_heard=last_heard)


def test_a_store_that_an_older_version_let_grow_is_trimmed(
    small: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    storage.rows = {num: stored(num, int(300 * DAY_S)) for num in range(1_000, 2_000)}
    storage.rows[HONEST] = stored(HONEST, int(200 * DAY_S))
    friend = storage.rows[1_500]
    friend.last_dm = 5
    kept = small.load()
    assert kept == small.count() <= MOST
    assert small.public_key(HONEST)
    assert small.public_key(1_500)
    (line,) = lines()
    assert f" : {1_001 - kept} nœuds oubliés, " in line
    small.save_heard()
    assert len(storage.rows) == kept


def test_loading_ends_when_the_bot_is_to_end(small: NodeManager, storage: FakeStorage) -> None:
    storage.rows = {num: stored(num, 5) for num in range(1_000, 1_010)}
    with pytest.raises(StorageError):
        small.load(lambda: True)


@pytest.mark.parametrize("failing", [False, True])
def test_many_are_written_some_at_a_time_and_the_end_is_not_waited_for(
    storage: FakeStorage, clock: Clock, failing: bool
) -> None:
    nodes = NodeManager(storage, clock=clock)
    nodes.fill([stored(num, 5) for num in range(1, 5_001)], [])
    nodes.mark_changed(range(1, 5_001))
    sizes: list[int] = []
    storage.before_write = lambda: sizes.append(len(storage.rows))
    nodes.hurry()
    assert not nodes.save_heard()
    assert (sizes, len(storage.rows)) == ([0], 1_000), "what was under way"
    storage.failing = failing
    assert nodes.save_heard(limit_s=1.0) is not failing
    assert len(storage.rows) == (1_000 if failing else 5_000)
    assert len(nodes.changed()) == (4_000 if failing else 0)


def test_the_last_write_ends_in_time(storage: FakeStorage, clock: Clock) -> None:
    nodes = NodeManager(storage, clock=clock)
    nodes.fill([stored(num, 5) for num in range(1, 5_001)], [])
    nodes.mark_changed(range(1, 5_001))

    def take_long() -> None:
        clock.now_s += 0.4

    storage.before_write = take_long
    assert not nodes.save_heard(limit_s=1.0)
    assert len(storage.rows) == 3_000
    assert len(nodes.changed()) == 2_000


# -- The interface ---------------------------------------------------------------------------------


def test_the_sync_takes_out_what_it_put_in_for_a_node_that_is_forgotten(
    small: NodeManager, wall_clock: Clock
) -> None:
    interface = SimpleNamespace(nodes={}, nodesByNum={}, myInfo=None)
    flood(small, [HONEST, 8])
    small.sync_pubkeys_to_interface(interface, force=True)
    interface.nodesByNum[8]["lastHeard"] = 5  # the library has heard it meanwhile
    flood(small, range(1_000, 2_000))
    small.sync_pubkeys_to_interface(interface, force=False)
    assert (HONEST in interface.nodesByNum, f"!{HONEST:08x}" in interface.nodes) == (False, False)
    assert 8 in interface.nodesByNum
    assert len(interface.nodesByNum) == small.count() + 1


# -- Whatever comes --------------------------------------------------------------------------------

KNOWN = st.integers(1, 30)
NEW = st.integers(1_000, 2_000)
NUMS = KNOWN | NEW


class FullTable(RuleBasedStateMachine):
    """Nodes, strangers, proofs, decisions and restarts in any order, in a table of forty."""

    def __init__(self) -> None:
        super().__init__()
        self.storage = FakeStorage()
        self.clock, self.wall_clock = Clock(500.0), Clock(1_700_000_000.0)
        self.nodes = self._new()
        self.decided: set[int] = set()
        self.admins: set[int] = set()

    def _new(self) -> NodeManager:
        nodes = NodeManager(
            self.storage, nodes_max=MOST, clock=self.clock, wall_clock=self.wall_clock
        )
        nodes.load()
        return nodes

    @rule(num=NUMS)
    def hear_stranger(self, num: int) -> None:
        self.nodes.heard(num, snr_db=None, hops=None)

    @rule(num=NUMS, key=NUMS, count=st.integers(1, 60))
    def learn(self, num: int, key: int, count: int) -> None:
        for number in range(count):
            self.nodes.learn_from_air(num + number, user_of(num + number, key_of(key + number)))
            assert self.nodes.knows(num + number), "who comes is known, whoever is forgotten"

    @rule(num=NUMS)
    def prove(self, num: int) -> None:
        self.nodes.heard_message(num)

    @rule(num=NUMS, key=NUMS)
    def contest(self, num: int, key: int) -> None:
        self.nodes.contest_key(num, key_of(key))

    @rule(num=NUMS, count=st.integers(0, 60))
    def download(self, num: int, count: int) -> None:
        infos = [info_of(num + number, key_of(num + number)) for number in range(count)]
        self.nodes.learn_from_radio(infos, own_num=1)

    @precondition(lambda self: len(self.decided) < SHARES[Standing.KEPT] - 4)
    @rule(num=NUMS, key=NUMS, accept=st.booleans())
    def decide(self, num: int, key: int, accept: bool) -> None:
        holder = self.nodes.key_holder(key_of(key))
        decide(self.nodes, self.storage, num, key_of(key), accept=accept)
        self.decided.add(num)
        if accept and holder is not None:
            self.decided.add(holder.num)

    @rule(seconds=st.sampled_from([1.0, 4_000.0, DAY_S, -DAY_S]))
    def wait(self, seconds: float) -> None:
        self.clock.now_s += abs(seconds)
        self.wall_clock.now_s += seconds

    @rule(failing=st.booleans())
    def have_disk_trouble(self, failing: bool) -> None:
        self.storage.failing = failing

    @precondition(lambda self: not self.storage.failing)
    @rule()
    def restart(self) -> None:
        self.nodes.save_heard()
        self.nodes = self._new()

    @invariant()
    def the_table_is_within_its_limits(self) -> None:
        on_file = {node.num for node in self.nodes.everything().nodes}
        assert len(on_file) <= MOST
        assert self.nodes.count() <= MOST + MOST // 4

    @invariant()
    def nobody_is_forgotten_on_whom_the_operator_decided(self) -> None:
        assert all(self.nodes.knows(num) for num in self.decided)

    @invariant()
    def each_key_is_held_by_a_node_that_is_there(self) -> None:
        everything = self.nodes.everything()
        for node in everything.nodes:
            if node.public_key:
                holder = self.nodes.key_holder(node.public_key)
                assert holder is not None
                assert holder.num == node.num
        assert everything.other_keys.keys() <= {node.num for node in everything.nodes}
        keys, _ = self.nodes.public_keys()
        on_file = {node.num: node.public_key for node in everything.nodes if node.public_key}
        assert keys == on_file

    def teardown(self) -> None:
        self.storage.failing = False
        self.clock.now_s += 60.0
        self.nodes.save_heard()
        everything = self.nodes.everything()
        assert self.storage.rows.keys() == {node.num for node in everything.nodes}
        others = {num: set(kept) for num, kept in self.storage.other_keys.items() if kept}
        assert others == {num: set(kept) for num, kept in everything.other_keys.items() if kept}


TestFullTable = FullTable.TestCase
TestFullTable.settings = settings(max_examples=30, stateful_step_count=30)
