"""Keys whose private halves are known beforehand are never believed, and always named."""

import hashlib
import zlib

import pytest

from meshbot.mesh.key_outcome import KeyOutcome
from meshbot.mesh.key_trust import KeyTrust
from meshbot.model import weak_keys
from meshbot.model.key_source import KeySource
from meshbot.model.known_node import KnownNode
from meshbot.model.weak_keys import WEAK_KEY_HASHES, is_weak_key
from node_manager import NodeManager
from tests.mesh.known_mesh import ANN, BOB, EVE, KEYS, OWN, Lines, decide, info_of, user_of
from tests.support.clock import Clock
from tests.support.fake_storage import FakeStorage

WEAK = b"\x77" * 32
ADVICE = (
    "son propriétaire doit mettre son firmware à jour (2.6.11 au moins), ou refaire ses clés "
    "(Sécurité)"
)


@pytest.fixture(autouse=True)
def weak_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a key weak: of the true ones only the hashes are known."""
    known = WEAK_KEY_HASHES | {hashlib.sha256(WEAK).digest()}
    monkeypatch.setattr(weak_keys, "WEAK_KEY_HASHES", known)


def restarted(storage: FakeStorage) -> NodeManager:
    manager = NodeManager(storage, clock=Clock(0.0), wall_clock=Clock(1.7e9))
    manager.load()
    return manager


def test_there_are_as_many_as_the_firmware_knows() -> None:
    assert len(weak_keys.WEAK_KEY_HASHES) == 24 + 1
    assert {len(digest) for digest in WEAK_KEY_HASHES} == {32}
    assert is_weak_key(WEAK)
    assert not any(is_weak_key(key) for key in (b"", *KEYS.values(), WEAK[1:]))


@pytest.mark.parametrize("from_radio", [False, True], ids=["air", "radio"])
def test_a_weak_key_is_told_once_with_what_helps_and_is_nobodys(
    nodes: NodeManager, storage: FakeStorage, lines: Lines, from_radio: bool
) -> None:
    for _ in range(2):
        if from_radio:
            nodes.learn_from_radio([info_of(ANN, WEAK)])
        else:
            nodes.learn_from_air(ANN, user_of(ANN, WEAK))
    assert nodes.public_key(ANN) == b""
    assert nodes.waiting_keys() == [], "there is nothing to decide"
    assert [other.num for other in nodes.weak_keys()] == [ANN]
    assert lines() == [
        "⚠️ !0000000a a une clé connue d'avance (hasard trop faible), d3d3d3d3d3d3 : jamais crue, "
        f"d'autres peuvent lire ses messages et écrire à sa place ; {ADVICE}"
    ]
    nodes.save_heard()
    assert [other.num for other in restarted(storage).weak_keys()] == [ANN]


def test_somebody_who_announces_one_for_a_node_with_a_key_changes_nothing(
    known: NodeManager, lines: Lines
) -> None:
    lines()
    known.learn_from_air(ANN, user_of(ANN, WEAK))
    assert known.public_key(ANN) == KEYS[ANN]
    assert lines() == [
        "⚠️ !0000000a annonce une clé connue d'avance (hasard trop faible), d3d3d3d3d3d3 : ignorée, "
        "AgICAgICAgIC reste la clé connue"
    ]
    assert known.weak_keys() == []


def test_its_owners_next_key_is_pinned_as_the_first(nodes: NodeManager) -> None:
    nodes.learn_from_air(ANN, user_of(ANN, WEAK))
    nodes.learn_from_air(ANN, user_of(ANN))
    assert nodes.public_key(ANN) == KEYS[ANN]


def test_a_radio_full_of_weak_keys_costs_one_line(nodes: NodeManager, lines: Lines) -> None:
    nodes.learn_from_radio([info_of(num, WEAK) for num in range(100, 130)])
    assert lines() == [
        "⚠️ La radio connaît 30 nœuds dont la clé est connue d'avance (hasard trop faible) : jamais "
        "crue (voir : main_bot.py keys list)"
    ]
    assert len(nodes.weak_keys()) == 30


def test_our_own_is_told_elsewhere(nodes: NodeManager, lines: Lines) -> None:
    nodes.learn_from_radio([info_of(OWN, WEAK)], OWN)
    assert lines() == []


def test_one_that_was_stored_is_put_aside_and_that_is_said(
    storage: FakeStorage, lines: Lines
) -> None:
    for num in (ANN, BOB):
        storage.rows[num] = KnownNode(num, public_key=WEAK if num == ANN else KEYS[num])
    nodes = restarted(storage)
    assert (nodes.public_key(ANN), nodes.public_key(BOB)) == (b"", KEYS[BOB])
    assert lines() == [
        "⚠️ Clé enregistrée de !0000000a écartée, d3d3d3d3d3d3 : connue d'avance (hasard trop "
        f"faible) ; {ADVICE}"
    ]
    nodes.save_heard()
    again = restarted(storage)
    assert lines() == []
    assert [other.num for other in again.weak_keys()] == [ANN]


def test_many_that_were_stored_cost_few_lines(storage: FakeStorage, lines: Lines) -> None:
    for num in range(100, 140):
        storage.rows[num] = KnownNode(num, public_key=WEAK)
    restarted(storage)
    told = lines()
    assert len(told) == 4
    assert told[-1].startswith("⚠️ 37 autres clés écartées, connues d'avance elles aussi")


def test_the_operator_cannot_accept_one(
    nodes: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    nodes.learn_from_air(ANN, user_of(ANN))
    lines()
    decide(nodes, storage, ANN, WEAK, accept=True)
    assert nodes.public_key(ANN) == KEYS[ANN]
    assert lines() == []
    assert storage.decisions == []


def test_no_rule_pins_one() -> None:
    trust = KeyTrust()
    node = KnownNode(EVE)
    for source in KeySource:
        assert trust.offer(node, WEAK, source, 5) in (KeyOutcome.WEAK, KeyOutcome.REPEATED)
    trust.accept(node, WEAK, None, 6)
    node.public_key = KEYS[EVE]
    assert not trust.contest(node, WEAK, 7)
    assert (node.public_key, trust.holder(WEAK)) == (KEYS[EVE], None)


def test_a_flood_of_numbers_with_a_weak_key_stays_within_bounds() -> None:
    trust = KeyTrust()
    for num in range(1, 1_200):
        trust.offer(KnownNode(num), WEAK, KeySource.AIR, num)
    assert 900 < len(trust.weak()) <= 1_000


def test_who_comes_after_a_weak_key_that_was_stored_is_unconfirmed() -> None:
    trust, ann = KeyTrust(), KnownNode(ANN, public_key=WEAK)
    trust.load([ann], [])
    assert trust.offer(ann, KEYS[ANN], KeySource.AIR, 1) is KeyOutcome.PINNED
    assert trust.is_unconfirmed(ANN)
    trust.refuse(ann, KEYS[ANN], 2)
    assert ann.public_key == b"", "what comes back is no weak key"


@pytest.mark.parametrize("own_key", [KEYS[OWN], WEAK], ids=["good", "weak"])
def test_a_message_sealed_for_a_weak_key_of_ours_shows_nobody(
    nodes: NodeManager, own_key: bytes
) -> None:
    """Who has our private key seals in the name of anybody, and so under any number."""
    nodes.learn_from_radio([info_of(OWN, own_key), info_of(ANN)], OWN)
    new_ann = zlib.crc32(KEYS[ANN])
    nodes.learn_from_message(new_ann, KEYS[ANN])
    (waiting,) = nodes.waiting_keys()
    assert (waiting.num, waiting.held) == (new_ann, own_key != WEAK)
    nodes.learn_from_radio([info_of(OWN, KEYS[OWN])], OWN)
    nodes.learn_from_message(new_ann, KEYS[ANN])
    assert [other.held for other in nodes.waiting_keys()] == [True], "with its next key it does"
