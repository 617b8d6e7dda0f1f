"""What is learned of keys from the radio, the air and messages, and what is said about it."""

import itertools
import zlib

import pytest
from meshtastic.protobuf import mesh_pb2

from meshbot.mesh import key_lines
from meshbot.mesh.key_news import KeyNews
from meshbot.mesh.key_outcome import KeyOutcome
from meshbot.model.known_node import node_id
from node_manager import NodeManager
from tests.mesh.known_mesh import (
    ANN,
    BOB,
    EVE,
    KEYS,
    OTHER_KEY,
    Lines,
    decide,
    info_of,
    user_of,
)
from tests.support.clock import Clock
from tests.support.fake_storage import FakeStorage


def test_the_first_key_heard_stays_whatever_is_heard_later(
    nodes: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    nodes.learn_from_air(ANN, user_of(ANN, long_name="Ann"))
    lines()
    nodes.learn_from_air(ANN, user_of(ANN, OTHER_KEY, long_name="Ann"))
    assert nodes.public_key(ANN) == storage.rows[ANN].public_key == KEYS[ANN]
    (line,) = lines()
    assert line == (
        "⚠️ ‹Ann› (!0000000a) annonce une autre clé publique, mZmZmZmZmZmZ, que celle connue, "
        "AgICAgICAgIC : ignorée (voir : main_bot.py keys list)"
    )


def test_the_radios_own_database_is_believed_against_the_store(
    nodes: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    nodes.learn_from_air(ANN, user_of(ANN))
    lines()
    nodes.learn_from_radio([info_of(ANN, OTHER_KEY)])
    assert nodes.public_key(ANN) == storage.rows[ANN].public_key == OTHER_KEY
    assert lines() == [
        "🔑 Clé de !0000000a remplacée par celle de la base de la radio : mZmZmZmZmZmZ au lieu de "
        "AgICAgICAgIC",
        "🔑 1 clé publique apprise de la radio et enregistrée",
    ]


def test_a_key_that_the_radio_used_against_the_known_one_is_kept_out_after_a_restart_too(
    nodes: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    nodes.learn_from_air(ANN, user_of(ANN))
    nodes.contest_key(ANN, OTHER_KEY)
    nodes = NodeManager(storage, clock=Clock(0.0))  # without a word of warning to the old one
    nodes.load()
    lines()
    for _ in range(2):
        nodes.learn_from_radio([info_of(ANN, OTHER_KEY)])
    assert nodes.public_key(ANN) == KEYS[ANN]
    assert lines() == [
        "⚠️ La radio garde pour !0000000a la clé mZmZmZmZmZmZ, à trancher : AgICAgICAgIC reste la "
        "clé connue (voir : main_bot.py keys list)"
    ]


def test_a_radio_that_lost_a_key_does_not_make_us_lose_it(known: NodeManager) -> None:
    known.learn_from_radio([info_of(ANN, b""), mesh_pb2.NodeInfo(num=BOB)])
    assert (known.public_key(ANN), known.public_key(BOB)) == (KEYS[ANN], KEYS[BOB])


@pytest.mark.parametrize(
    "key",
    [b"", b"\x01" * 31, b"\x01" * 33, bytes(32), b"\x01" + bytes(31)],
    ids=["none", "31", "33", "zeros", "low order"],
)
def test_an_unusable_key_is_never_learned(nodes: NodeManager, lines: Lines, key: bytes) -> None:
    for _ in range(2):
        nodes.learn_from_air(ANN, user_of(ANN, key))
        nodes.learn_from_radio([info_of(BOB, key)])
    assert (nodes.public_key(ANN), nodes.public_key(BOB)) == (b"", b"")
    said = [f"⚠️ {node_id(num)} annonce une clé inutilisable : ignorée" for num in (ANN, BOB)]
    assert lines() == (said if key else [])
    nodes.learn_from_air(ANN, user_of(ANN))
    assert nodes.public_key(ANN) == KEYS[ANN], "and does not stand in the way of the real one"


def test_another_nodes_key_is_refused_and_its_holder_named(
    known: NodeManager, lines: Lines
) -> None:
    lines()
    for _ in range(2):
        known.learn_from_air(0x77, user_of(0x77, KEYS[ANN], long_name="Mallory"))
    assert known.public_key(0x77) == b""
    assert lines() == [
        "⚠️ ‹Mallory› (!00000077) annonce la clé AgICAgICAgIC, qui est celle de !0000000a : ignorée "
        "(voir : main_bot.py keys list)"
    ]


def test_a_line_says_when_a_number_speaks_for_the_key_announced(
    nodes: NodeManager, lines: Lines
) -> None:
    num = zlib.crc32(OTHER_KEY)
    nodes.learn_from_air(num, user_of(num, KEYS[ANN]))
    lines()
    nodes.learn_from_air(num, user_of(num, OTHER_KEY))
    (line,) = lines()
    assert " ; le numéro du nœud est le CRC-32 de cette clé (voir" in line


def test_many_forged_keys_cost_one_line_an_hour(
    known: NodeManager, lines: Lines, clock: Clock
) -> None:
    lines()
    for number in range(100):
        known.learn_from_air(ANN, user_of(ANN, b"forged" + bytes([number]) * 26))
    assert len(lines()) == 1
    clock.now_s += 3_600.0
    known.learn_from_air(ANN, user_of(ANN, OTHER_KEY))
    assert len(lines()) == 1


def test_the_radios_key_that_the_operator_put_aside_is_not_adopted_and_that_is_said(
    known: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    known.learn_from_air(ANN, user_of(ANN, OTHER_KEY))
    decide(known, storage, ANN, OTHER_KEY, accept=False)
    lines()
    known.learn_from_radio([info_of(ANN, OTHER_KEY)])
    assert known.public_key(ANN) == KEYS[ANN]
    assert lines() == [
        "⚠️ La radio garde pour !0000000a la clé mZmZmZmZmZmZ, que l'opérateur a écartée : "
        "AgICAgICAgIC reste la clé connue"
    ]


def test_lines_about_keys_not_believed_are_bounded_for_all_nodes_together(
    known: NodeManager, lines: Lines, clock: Clock
) -> None:
    lines()
    for num in range(1_000, 1_500):
        known.learn_from_air(num, user_of(num, KEYS[ANN]))
        known.learn_from_air(num, user_of(num, bytes(32)))
    assert (key_lines.MAX_REFUSED_LINES, key_lines.MAX_LINES_OF_STRANGERS) == (60, 40)
    assert len(lines()) == 40
    clock.now_s += 3_600.0
    known.learn_from_air(0x77, user_of(0x77, KEYS[ANN]))
    assert len(lines()) == 1


def test_a_flood_of_made_up_nodes_does_not_hide_the_line_about_a_regular(
    known: NodeManager, lines: Lines
) -> None:
    known.heard_message(ANN)
    for num in range(1_000, 1_500):
        known.learn_from_air(num, user_of(num, KEYS[BOB]))
    lines()
    known.learn_from_air(ANN, user_of(ANN, OTHER_KEY))
    (line,) = lines()
    assert "annonce une autre clé publique" in line


def test_a_radio_that_shows_another_key_each_time_does_not_fill_the_journal(
    known: NodeManager, lines: Lines
) -> None:
    lines()
    for number in range(1_000):
        known.learn_from_radio([info_of(ANN, number.to_bytes(32, "big"))])
    adopted = [line for line in lines() if "remplacée par celle de la base" in line]
    assert len(adopted) == key_lines.MAX_ADOPTED_LINES


def test_a_flood_of_keys_not_believed_does_not_wear_the_disk(
    known: NodeManager, storage: FakeStorage
) -> None:
    writes: list[None] = []
    storage.before_write = lambda: writes.append(None)
    for num in range(1_000, 1_500):
        known.learn_from_air(num, user_of(num, KEYS[ANN]))
    assert len(writes) <= key_lines.MAX_REFUSED_LINES
    known.save_heard()
    assert len(storage.other_keys[1_499]) == 1, "what was not told is written with the rest"


@pytest.mark.parametrize("turns", list(itertools.permutations(range(3))))
def test_keys_that_changed_hands_along_a_chain_change_hands_whatever_their_order(
    known: NodeManager, turns: tuple[int, ...]
) -> None:
    infos = [info_of(EVE, KEYS[BOB]), info_of(BOB, KEYS[ANN]), info_of(ANN, OTHER_KEY)]
    known.learn_from_radio([infos[turn] for turn in turns])
    assert [known.public_key(num) for num in (EVE, BOB, ANN)] == [KEYS[BOB], KEYS[ANN], OTHER_KEY]


@pytest.mark.parametrize("reverse", [False, True])
def test_a_key_that_changed_hands_in_the_radios_database_changes_hands(
    known: NodeManager, reverse: bool
) -> None:
    """In whatever order the entries come."""
    infos = [info_of(BOB, KEYS[ANN]), info_of(ANN, OTHER_KEY)]
    known.learn_from_radio(reversed(infos) if reverse else infos)
    assert (known.public_key(ANN), known.public_key(BOB)) == (OTHER_KEY, KEYS[ANN])
    assert known.waiting_keys() == []


def test_a_key_with_which_the_radio_opened_a_message_is_a_nodes_first_or_waits(
    nodes: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    nodes.learn_from_message(ANN, KEYS[ANN])
    assert nodes.public_key(ANN) == storage.rows[ANN].public_key == KEYS[ANN]
    assert lines() == ["🔑 Clé publique de !0000000a apprise et enregistrée"]
    nodes.learn_from_message(ANN, OTHER_KEY)
    assert nodes.public_key(ANN) == KEYS[ANN]
    assert [other.public_key for other in nodes.waiting_keys()] == [OTHER_KEY]


def test_a_key_learned_is_logged_once_with_its_owner(nodes: NodeManager, lines: Lines) -> None:
    for _ in range(2):
        nodes.learn_from_air(ANN, user_of(ANN, long_name="Ann"))
    assert lines() == ["🔑 Clé publique de ‹Ann› (!0000000a) apprise et enregistrée"]


def test_keys_of_the_radio_are_logged_in_one_line(nodes: NodeManager, lines: Lines) -> None:
    for _ in range(2):
        nodes.learn_from_radio([info_of(ANN), info_of(BOB)])
    assert lines() == ["🔑 2 clés publiques apprises de la radio et enregistrées"]


def test_a_name_cannot_write_lines_of_its_own(nodes: NodeManager, lines: Lines) -> None:
    nodes.learn_from_air(ANN, user_of(ANN, long_name="x\n✅ SYNC COMPLETE: 9 public keys"))
    (line,) = lines()
    assert "\n" not in line
    assert "SYNC COMPLETE" not in line


def test_a_key_that_waits_is_told_whether_it_came_by_air_or_from_the_radio(
    storage: FakeStorage,
) -> None:
    nodes = NodeManager(storage, clock=Clock(0.0))
    told: list[KeyNews] = []
    nodes.on_key_waits = told.append
    nodes.learn_from_air(ANN, user_of(ANN))
    nodes.learn_from_message(BOB, KEYS[BOB])
    assert told == []
    nodes.learn_from_air(BOB, user_of(BOB, OTHER_KEY))
    nodes.contest_key(ANN, OTHER_KEY)
    nodes.learn_from_radio([info_of(ANN, OTHER_KEY)])
    assert [(news.node.num, news.key, news.outcome) for news in told] == [
        (BOB, OTHER_KEY, KeyOutcome.OFFERED),
        (ANN, OTHER_KEY, KeyOutcome.CONTESTED),
    ]
    decide(nodes, storage, ANN, OTHER_KEY, accept=True)
    assert len(told) == 2
