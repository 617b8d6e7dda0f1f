"""What is known of the nodes: names, signals, times, who writes; within bounds."""

import pytest
from meshtastic.protobuf import mesh_pb2

from meshbot.model.known_node import KnownNode
from node_manager import NodeManager
from tests.mesh.known_mesh import ANN, BOB, EVE, OTHER_KEY, YEAR_S, info_of, user_of
from tests.support.clock import Clock
from tests.support.fake_storage import FakeStorage


def test_names_are_cut_and_an_empty_one_does_not_erase(nodes: NodeManager) -> None:
    nodes.learn_from_air(ANN, user_of(ANN, long_name="é" * 500, short_name="😀" * 500))
    nodes.learn_from_air(ANN, user_of(ANN))
    node = nodes.node(ANN)
    assert node is not None
    assert (node.long_name, node.short_name) == ("é" * 40, "😀" * 40)


def test_models_and_roles_newer_than_the_protocol_are_kept_as_numbers(nodes: NodeManager) -> None:
    user = mesh_pb2.User.FromString(b"\x28\xb8\x17\x38\x63")  # hw_model = 3000, role = 99
    nodes.learn_from_air(ANN, user)
    node = nodes.node(ANN)
    assert node is not None
    assert (node.hw_model, node.role) == ("3000", "99")


@pytest.mark.parametrize("num", [0, 0xFFFFFFFF], ids=["zero", "broadcast"])
def test_numbers_that_are_no_nodes_are_refused(nodes: NodeManager, num: int) -> None:
    nodes.learn_from_air(num, user_of(num, OTHER_KEY))
    nodes.learn_from_radio([info_of(num, OTHER_KEY)])
    nodes.heard(num, snr_db=None, hops=None)
    assert nodes.count() == 0
    assert nodes.node(num) is None


def test_the_radio_tells_signal_and_when_a_node_was_heard(nodes: NodeManager) -> None:
    nodes.learn_from_radio([info_of(ANN, last_heard=1_000, hops_away=3, snr=-7.5)])
    nodes.learn_from_radio([info_of(ANN, last_heard=900)])
    node = nodes.node(ANN)
    assert node is not None
    assert (node.last_heard, node.hops, node.snr_db) == (1_000, 3, -7.5)


def test_correspondents_are_those_with_a_key_who_wrote_the_latest_first(
    known: NodeManager, wall_clock: Clock
) -> None:
    known.learn_from_air(0x77, user_of(0x77, b"", long_name="without a key"))
    for num in (BOB, ANN, 0x77, EVE, BOB):
        wall_clock.now_s += 1.0
        known.heard_message(num)
    assert [node.num for node in known.correspondents()] == [BOB, EVE, ANN]


def test_a_message_noted_is_written_with_the_next_save(
    known: NodeManager, storage: FakeStorage
) -> None:
    known.heard_message(ANN)
    known.save_heard()
    assert storage.rows[ANN].last_dm == 1_700_000_000


def test_a_push_is_written_at_once_and_counted_for_as_long_as_asked(
    known: NodeManager, storage: FakeStorage, wall_clock: Clock
) -> None:
    known.key_pushed(ANN)
    assert storage.rows[ANN].pushed_at == 1_700_000_000
    wall_clock.now_s += 100.0
    known.key_pushed(BOB)
    assert known.pushes_since(1_700_000_000 - 1) == 2
    assert known.pushes_since(1_700_000_000) == 1
    assert known.pushes_since(1_700_000_100) == 0


def test_a_push_of_a_node_unknown_counts_for_nothing(known: NodeManager) -> None:
    assert not known.key_pushed(0x77)
    assert known.pushes_since(0.0) == 0
    assert known.node(0x77) is None


def test_hearing_notes_the_latest_signal(nodes: NodeManager) -> None:
    nodes.heard(ANN, snr_db=-3.0, hops=2)
    nodes.heard(ANN, snr_db=None, hops=None)
    node = nodes.node(ANN)
    assert node is not None
    assert (node.last_heard, node.snr_db, node.hops) == (1_700_000_000, None, None)


@pytest.mark.parametrize("jump_s", [YEAR_S, -YEAR_S])
def test_a_wall_clock_that_jumps_by_a_year_does_not_age_the_nodes_of_this_run(
    nodes: NodeManager, clock: Clock, wall_clock: Clock, jump_s: float
) -> None:
    nodes.heard(ANN, snr_db=None, hops=None)
    wall_clock.now_s += jump_s
    clock.now_s += 60.0
    node = nodes.node(ANN)
    assert node is not None
    assert nodes.heard_ago_s(node) == 60.0


def test_a_node_of_an_earlier_run_is_dated_by_the_wall_clock_if_that_makes_sense(
    nodes: NodeManager, wall_clock: Clock
) -> None:
    node = KnownNode(ANN, last_heard=int(wall_clock.now_s) - 30)
    assert nodes.heard_ago_s(node) == 30.0
    assert nodes.heard_ago_s(KnownNode(ANN, last_heard=int(wall_clock.now_s) + 30)) is None
    assert nodes.heard_ago_s(KnownNode(ANN)) is None
