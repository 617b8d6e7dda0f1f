"""Nodes found by what people call them, and named in turn; copies are handed out."""

import pytest

from node_manager import NodeManager
from tests.mesh.known_mesh import ANN, BOB, EVE, KEYS, OTHER_KEY, info_of, user_of
from tests.support.clock import Clock


@pytest.fixture
def named(nodes: NodeManager) -> NodeManager:
    nodes.learn_from_air(ANN, user_of(ANN, long_name="Anna Est", short_name="ANN"))
    nodes.learn_from_air(BOB, user_of(BOB, long_name="Annabelle", short_name="BEL"))
    nodes.learn_from_air(EVE, user_of(EVE, long_name="ann", short_name="EVE"))
    return nodes


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("!b0b0b0b0", [BOB]),
        ("B0B0B0B0", [BOB]),
        ("  bel ", [BOB]),
        ("ANN", [ANN, EVE]),
        ("anna", [ANN, BOB]),
        ("EST", [ANN]),
        ("nobody", []),
        ("", []),
        ("  ", []),
        ("😀" * 1_000, []),
    ],
)
def test_a_node_is_found_by_id_else_by_exact_name_else_by_part(
    named: NodeManager, text: str, found: list[int]
) -> None:
    assert sorted(node.num for node in named.find(text)) == sorted(found)


@pytest.mark.parametrize("text", ["❤️ zoé", "❤ Zoé", "❤ zoé\x07", "zoé", "zoe\u0301", "ｚｏé"])
def test_what_cannot_be_seen_in_a_name_need_not_be_typed(nodes: NodeManager, text: str) -> None:
    nodes.learn_from_air(ANN, user_of(ANN, long_name="❤️ Zo\u200dé", short_name="ZOE"))
    assert [node.num for node in nodes.find(text)] == [ANN]


def test_what_is_handed_out_are_copies(named: NodeManager) -> None:
    named.heard(ANN, snr_db=None, hops=None)
    copies = [named.node(ANN), *named.find("ANN"), *named.recently_heard(5)]
    for node in copies:
        assert node is not None
        node.public_key = OTHER_KEY
    assert named.public_key(ANN) == KEYS[ANN]


def test_a_label_is_name_and_id_or_the_id_alone(named: NodeManager) -> None:
    assert named.label(ANN) == "‹Anna\u00a0Est› (!0000000a)"
    assert named.label(0x77) == "!00000077"


def test_the_nodes_of_this_run_come_first_and_the_latest_of_them(
    nodes: NodeManager, clock: Clock
) -> None:
    nodes.learn_from_radio([info_of(EVE, last_heard=4_000_000_000), info_of(0x77, b"")])
    for num in (ANN, BOB):
        clock.now_s += 1.0
        nodes.heard(num, snr_db=None, hops=None)
    assert [node.num for node in nodes.recently_heard(10)] == [BOB, ANN, EVE]
    assert [node.num for node in nodes.recently_heard(1)] == [BOB]
