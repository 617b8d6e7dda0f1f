"""Which key is believed of which node: the rules one by one, and together in any order."""

import zlib

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from meshtastic.protobuf import mesh_pb2

from meshbot.mesh import key_trust
from meshbot.mesh.key_outcome import KeyOutcome
from meshbot.mesh.key_trust import KeyTrust
from meshbot.model import other_key, public_key
from meshbot.model.key_decision import KeyDecision
from meshbot.model.key_source import KeySource
from meshbot.model.known_node import KnownNode
from meshbot.model.other_key import OtherKey
from node_manager import NodeManager
from tests.support.clock import Clock
from tests.support.fake_storage import FakeStorage

ANN, BOB, EVE = 0x0A, 0xB0B0B0B0, 0xFFFFFFFE
FIRST, SECOND, THIRD = (bytes([byte]) * 32 for byte in (1, 2, 3))
NOW = 1_700_000_000

UNUSABLE = [b"", b"\x01" * 31, b"\x01" * 33, bytes(32), b"\x01" + bytes(31), bytes(31) + b"\x80"]
UNUSABLE_IDS = ["none", "31 bytes", "33 bytes", "zero", "one", "zero except for the highest bit"]


def forged(number: int) -> bytes:
    """Return one of many keys that are nobody's."""
    return b"forged" + number.to_bytes(26, "big")


@pytest.fixture
def trust() -> KeyTrust:
    return KeyTrust()


@pytest.fixture
def ann(trust: KeyTrust) -> KnownNode:
    """A node with a key pinned."""
    node = KnownNode(ANN)
    assert trust.offer(node, FIRST, KeySource.AIR, NOW) is KeyOutcome.PINNED
    return node


@pytest.fixture
def bob() -> KnownNode:
    """A node without any key."""
    return KnownNode(BOB)


# -- Rule 1: what can be nobody's key ----------------------------------------------------------


@pytest.mark.parametrize("source", list(KeySource))
@pytest.mark.parametrize("key", UNUSABLE[1:], ids=UNUSABLE_IDS[1:])
def test_what_can_be_nobodys_key_is_never_taken(
    trust: KeyTrust, ann: KnownNode, bob: KnownNode, key: bytes, source: KeySource
) -> None:
    assert trust.offer(bob, key, source, NOW) is KeyOutcome.UNUSABLE
    assert trust.offer(ann, key, source, NOW) is KeyOutcome.UNUSABLE
    assert (ann.public_key, bob.public_key) == (FIRST, b"")
    assert trust.holder(key) is None
    assert trust.waiting() == []


def test_no_key_at_all_does_not_erase_one(trust: KeyTrust, ann: KnownNode) -> None:
    for source in KeySource:
        assert trust.offer(ann, b"", source, NOW) is KeyOutcome.UNUSABLE
    assert ann.public_key == FIRST


@pytest.mark.parametrize("key", UNUSABLE, ids=UNUSABLE_IDS)
def test_what_can_be_nobodys_key_is_not_even_taken_on_the_operators_word(
    trust: KeyTrust, ann: KnownNode, key: bytes
) -> None:
    trust.accept(ann, key, None, NOW)
    assert ann.public_key == FIRST
    assert trust.holder(key) is None


# -- Rule 2: another node's key ----------------------------------------------------------------


@pytest.mark.parametrize("source", [KeySource.AIR, KeySource.RADIO])
@pytest.mark.parametrize("own_key", [b"", SECOND], ids=["without a key", "with a key"])
def test_another_nodes_key_is_never_taken_and_waits(
    trust: KeyTrust, ann: KnownNode, bob: KnownNode, own_key: bytes, source: KeySource
) -> None:
    if own_key:
        trust.offer(bob, own_key, KeySource.AIR, NOW)
    assert trust.offer(bob, FIRST, source, NOW + 1) is KeyOutcome.TAKEN
    assert trust.offer(bob, FIRST, source, NOW + 2) is KeyOutcome.REPEATED
    assert (ann.public_key, bob.public_key) == (FIRST, own_key)
    assert trust.holder(FIRST) == ANN
    assert trust.waiting() == [OtherKey(BOB, FIRST, offered_at=NOW + 2)]


def test_a_key_is_free_once_its_holder_has_another(
    trust: KeyTrust, ann: KnownNode, bob: KnownNode
) -> None:
    trust.offer(bob, FIRST, KeySource.AIR, NOW)
    trust.offer(ann, SECOND, KeySource.RADIO, NOW)
    assert trust.offer(bob, FIRST, KeySource.AIR, NOW) is KeyOutcome.PINNED
    assert trust.holder(FIRST) == BOB
    assert trust.waiting() == [], "what is pinned waits no longer"


# -- Rule 3: the first key ---------------------------------------------------------------------


@pytest.mark.parametrize("source", [KeySource.AIR, KeySource.RADIO])
def test_the_first_key_of_a_node_is_pinned(
    trust: KeyTrust, bob: KnownNode, source: KeySource
) -> None:
    assert trust.offer(bob, FIRST, source, NOW) is KeyOutcome.PINNED
    assert bob.public_key == FIRST
    assert trust.holder(FIRST) == BOB
    assert trust.offer(bob, FIRST, source, NOW) is KeyOutcome.KNOWN
    assert trust.all_others() == {}


# -- Rule 4: another key over the air ----------------------------------------------------------


def test_another_key_over_the_air_changes_nothing_and_waits(
    trust: KeyTrust, ann: KnownNode
) -> None:
    assert trust.offer(ann, SECOND, KeySource.AIR, NOW) is KeyOutcome.OFFERED
    assert trust.offer(ann, SECOND, KeySource.AIR, NOW + 60) is KeyOutcome.REPEATED
    assert ann.public_key == FIRST
    assert trust.holder(SECOND) is None
    assert trust.others(ANN) == trust.waiting() == [OtherKey(ANN, SECOND, offered_at=NOW + 60)]


def test_the_key_offered_last_comes_first(trust: KeyTrust, ann: KnownNode) -> None:
    for offset, key in enumerate((SECOND, THIRD, SECOND)):
        trust.offer(ann, key, KeySource.AIR, NOW + offset)
    assert [other.public_key for other in trust.others(ANN)] == [SECOND, THIRD]


def test_a_key_offered_by_two_nodes_waits_for_both(
    trust: KeyTrust, ann: KnownNode, bob: KnownNode
) -> None:
    trust.offer(bob, SECOND, KeySource.AIR, NOW)
    for node in (ann, bob):
        assert trust.offer(node, THIRD, KeySource.AIR, NOW) is KeyOutcome.OFFERED
    assert {(other.num, other.public_key) for other in trust.waiting()} == {
        (ANN, THIRD),
        (BOB, THIRD),
    }


# -- Rule 5: another key in the radio's database -----------------------------------------------


def test_the_radios_key_replaces_the_pinned_one_which_goes_into_the_history(
    trust: KeyTrust, ann: KnownNode
) -> None:
    trust.offer(ann, SECOND, KeySource.AIR, NOW)
    assert trust.offer(ann, SECOND, KeySource.RADIO, NOW + 1) is KeyOutcome.ADOPTED
    assert ann.public_key == SECOND
    assert (trust.holder(SECOND), trust.holder(FIRST)) == (ANN, None)
    assert trust.others(ANN) == [OtherKey(ANN, FIRST, replaced_at=NOW + 1, replaced_by="radio")]
    assert trust.waiting() == []


def test_a_key_of_the_history_that_is_announced_again_waits(
    trust: KeyTrust, ann: KnownNode
) -> None:
    trust.offer(ann, SECOND, KeySource.RADIO, NOW)
    assert trust.offer(ann, FIRST, KeySource.AIR, NOW + 1) is KeyOutcome.OFFERED
    assert trust.waiting() == [
        OtherKey(ANN, FIRST, offered_at=NOW + 1, replaced_at=NOW, replaced_by="radio")
    ]


def test_the_radio_may_go_back_to_a_key_that_it_replaced_itself(
    trust: KeyTrust, ann: KnownNode
) -> None:
    trust.offer(ann, SECOND, KeySource.RADIO, NOW)
    assert trust.offer(ann, FIRST, KeySource.RADIO, NOW + 1) is KeyOutcome.ADOPTED
    assert ann.public_key == FIRST
    assert [other.public_key for other in trust.others(ANN)] == [SECOND]


def test_the_radio_does_not_bring_back_a_key_that_the_operator_refused(
    trust: KeyTrust, ann: KnownNode
) -> None:
    trust.offer(ann, SECOND, KeySource.AIR, NOW)
    trust.refuse(ann, SECOND, NOW)
    assert trust.offer(ann, SECOND, KeySource.RADIO, NOW + 1) is KeyOutcome.OVERRULED
    assert ann.public_key == FIRST
    assert trust.waiting() == []


def test_the_radio_does_not_bring_back_a_key_that_the_operator_replaced(
    trust: KeyTrust, ann: KnownNode
) -> None:
    trust.accept(ann, SECOND, None, NOW)
    assert trust.offer(ann, FIRST, KeySource.RADIO, NOW + 1) is KeyOutcome.OVERRULED
    assert ann.public_key == SECOND


def test_a_key_that_was_used_against_the_pinned_one_is_not_adopted_and_waits(
    trust: KeyTrust, ann: KnownNode
) -> None:
    assert trust.contest(ann, SECOND, NOW)
    assert not trust.contest(ann, SECOND, NOW + 1), "no news"
    for turn in range(2):
        assert trust.offer(ann, SECOND, KeySource.RADIO, NOW + 2 + turn) is KeyOutcome.CONTESTED
    assert ann.public_key == FIRST
    assert trust.waiting() == [
        OtherKey(ANN, SECOND, offered_at=NOW + 3, replaced_by=other_key.CONTESTED)
    ]
    assert not trust.is_disputed(ANN)
    assert trust.offer(ann, THIRD, KeySource.RADIO, NOW + 4) is KeyOutcome.ADOPTED, "another is"


def test_a_contested_key_is_accepted_or_refused_as_any_other(
    trust: KeyTrust, ann: KnownNode
) -> None:
    trust.contest(ann, SECOND, NOW)
    trust.accept(ann, SECOND, None, NOW + 1)
    assert ann.public_key == SECOND
    assert trust.others(ANN) == [OtherKey(ANN, FIRST, replaced_at=NOW + 1, replaced_by="operator")]
    trust.contest(ann, THIRD, NOW + 2)
    trust.refuse(ann, THIRD, NOW + 3)
    assert trust.waiting() == []
    assert not trust.contest(ann, THIRD, NOW + 4)
    assert trust.waiting() == [], "and it is not brought up again"
    assert trust.offer(ann, THIRD, KeySource.RADIO, NOW + 5) is KeyOutcome.OVERRULED


def test_no_flood_of_other_keys_makes_a_contested_one_forgotten(
    trust: KeyTrust, ann: KnownNode
) -> None:
    trust.contest(ann, SECOND, NOW)
    for number in range(100):
        trust.offer(ann, forged(number), KeySource.AIR, NOW + number)
    for num in range(0x100, 0x100 + key_trust.MAX_NODES_WITH_OFFERS + 10):
        other = KnownNode(num)
        trust.offer(other, forged(num), KeySource.AIR, NOW)
        trust.offer(other, FIRST, KeySource.AIR, NOW)
    assert trust.offer(ann, SECOND, KeySource.RADIO, NOW + 200) is KeyOutcome.CONTESTED
    assert len(trust.others(ANN)) == 1 + key_trust.MAX_OFFERED
    for number in range(100):
        trust.contest(ann, forged(number), NOW + number)
    assert len(trust.others(ANN)) <= key_trust.MAX_CONTESTED + key_trust.MAX_OFFERED


def test_what_was_used_against_no_pinned_key_is_not_contested(
    trust: KeyTrust, ann: KnownNode, bob: KnownNode
) -> None:
    assert not trust.contest(bob, SECOND, NOW)
    assert not any(trust.contest(ann, key, NOW) for key in (FIRST, *UNUSABLE))
    assert trust.all_others() == {}


def test_a_former_key_that_the_radio_uses_again_is_no_news_and_ends_no_dispute(
    trust: KeyTrust, ann: KnownNode
) -> None:
    trust.offer(ann, SECOND, KeySource.RADIO, NOW)
    assert not trust.contest(ann, FIRST, NOW + 1)
    assert trust.is_disputed(ANN)
    assert trust.offer(ann, FIRST, KeySource.RADIO, NOW + 2) is KeyOutcome.ADOPTED


@pytest.mark.parametrize("num", [ANN, zlib.crc32(FIRST), zlib.crc32(SECOND)])
def test_a_key_whose_crc_32_is_the_nodes_number_gives_way_to_the_operator_only(
    trust: KeyTrust, num: int
) -> None:
    """From 2.8 on the owner of another key has another number."""
    node = KnownNode(num)
    trust.offer(node, FIRST, KeySource.AIR, NOW)
    spoken_for = num == zlib.crc32(FIRST)
    wanted = KeyOutcome.CONTESTED if spoken_for else KeyOutcome.ADOPTED
    assert trust.offer(node, SECOND, KeySource.RADIO, NOW + 1) is wanted
    assert node.public_key == (FIRST if spoken_for else SECOND)
    assert len(trust.waiting()) == int(spoken_for)
    trust.accept(node, SECOND, None, NOW + 2)
    assert node.public_key == SECOND


def test_a_number_that_speaks_for_an_adopted_key_leaves_the_dispute_about_it(
    trust: KeyTrust,
) -> None:
    node = KnownNode(zlib.crc32(SECOND))
    trust.offer(node, FIRST, KeySource.AIR, NOW)
    trust.offer(node, SECOND, KeySource.RADIO, NOW + 1)
    assert trust.offer(node, FIRST, KeySource.RADIO, NOW + 2) is KeyOutcome.CONTESTED
    assert trust.is_disputed(node.num)


# -- Rule 6: the operator's word ---------------------------------------------------------------


def test_what_the_operator_accepts_is_pinned(trust: KeyTrust, ann: KnownNode) -> None:
    trust.offer(ann, SECOND, KeySource.AIR, NOW)
    trust.accept(ann, SECOND, None, NOW + 1)
    assert ann.public_key == SECOND
    assert (trust.holder(SECOND), trust.holder(FIRST)) == (ANN, None)
    assert trust.others(ANN) == [OtherKey(ANN, FIRST, replaced_at=NOW + 1, replaced_by="operator")]
    assert trust.offer(ann, SECOND, KeySource.AIR, NOW + 2) is KeyOutcome.KNOWN


def test_what_the_operator_accepts_is_taken_from_the_node_that_held_it(
    trust: KeyTrust, ann: KnownNode, bob: KnownNode
) -> None:
    trust.offer(bob, SECOND, KeySource.AIR, NOW)
    trust.offer(bob, FIRST, KeySource.AIR, NOW)
    trust.accept(bob, FIRST, ann, NOW + 1)
    assert (ann.public_key, bob.public_key) == (b"", FIRST)
    assert (trust.holder(FIRST), trust.holder(SECOND)) == (BOB, None)
    assert trust.all_others() == {
        ANN: [OtherKey(ANN, FIRST, replaced_at=NOW + 1, replaced_by="operator")],
        BOB: [OtherKey(BOB, SECOND, replaced_at=NOW + 1, replaced_by="operator")],
    }


def test_accepting_the_pinned_key_changes_nothing(trust: KeyTrust, ann: KnownNode) -> None:
    trust.accept(ann, FIRST, ann, NOW)
    assert ann.public_key == FIRST
    assert trust.holder(FIRST) == ANN
    assert trust.others(ANN) == []


def test_that_the_operator_accepted_a_key_is_remembered_when_nothing_else_tells(
    trust: KeyTrust, ann: KnownNode
) -> None:
    trust.accept(ann, FIRST, ann, NOW)
    assert trust.is_decided(ANN)
    again = KeyTrust()
    stored = [other for others in trust.pop_unwritten().values() for other in others]
    again.load([KnownNode(ANN, public_key=FIRST)], stored)
    assert again.is_decided(ANN)
    assert again.others(ANN) == []
    again.refuse(ann, FIRST, NOW + 1)
    assert [other.refused_at for other in again.others(ANN)] == [NOW + 1]


def test_what_the_operator_refuses_is_not_brought_up_again(trust: KeyTrust, ann: KnownNode) -> None:
    trust.offer(ann, SECOND, KeySource.AIR, NOW)
    trust.refuse(ann, SECOND, NOW + 1)
    assert trust.waiting() == []
    assert trust.offer(ann, SECOND, KeySource.AIR, NOW + 2) is KeyOutcome.REPEATED
    assert trust.others(ANN) == [OtherKey(ANN, SECOND, refused_at=NOW + 1)]


def test_a_refused_key_is_not_pinned_as_a_nodes_first_when_heard_over_the_air(
    trust: KeyTrust, ann: KnownNode, bob: KnownNode
) -> None:
    trust.offer(bob, FIRST, KeySource.AIR, NOW)
    trust.refuse(bob, FIRST, NOW)
    trust.offer(ann, SECOND, KeySource.RADIO, NOW)  # the key is nobody's now
    assert trust.offer(bob, FIRST, KeySource.AIR, NOW) is KeyOutcome.REPEATED
    assert bob.public_key == b""


def test_a_refusal_concerns_one_node_only(trust: KeyTrust, ann: KnownNode, bob: KnownNode) -> None:
    trust.refuse(ann, SECOND, NOW)
    assert trust.offer(bob, SECOND, KeySource.AIR, NOW) is KeyOutcome.PINNED


def test_the_operator_may_accept_what_he_refused(trust: KeyTrust, ann: KnownNode) -> None:
    trust.refuse(ann, SECOND, NOW)
    trust.accept(ann, SECOND, None, NOW + 1)
    assert ann.public_key == SECOND
    trust.offer(ann, THIRD, KeySource.RADIO, NOW + 2)
    assert trust.offer(ann, SECOND, KeySource.AIR, NOW + 3) is KeyOutcome.OFFERED, (
        "refused no longer"
    )


def test_a_refused_key_that_is_pinned_gives_way_to_the_one_it_replaced(
    trust: KeyTrust, ann: KnownNode
) -> None:
    trust.accept(ann, SECOND, None, NOW)
    trust.refuse(ann, SECOND, NOW + 1)
    assert ann.public_key == FIRST
    assert (trust.holder(FIRST), trust.holder(SECOND)) == (ANN, None)
    (refused,) = trust.others(ANN)
    assert (refused.public_key, refused.refused_at) == (SECOND, NOW + 1)
    assert trust.offer(ann, SECOND, KeySource.AIR, NOW + 2) is KeyOutcome.REPEATED
    assert trust.offer(ann, SECOND, KeySource.RADIO, NOW + 2) is KeyOutcome.OVERRULED


def test_a_refused_key_that_is_pinned_does_not_give_way_to_what_is_another_nodes_by_now(
    trust: KeyTrust, ann: KnownNode, bob: KnownNode
) -> None:
    trust.accept(ann, SECOND, None, NOW)
    trust.offer(bob, FIRST, KeySource.AIR, NOW)
    trust.refuse(ann, SECOND, NOW + 1)
    assert (ann.public_key, bob.public_key) == (b"", FIRST)
    assert (trust.holder(FIRST), trust.holder(SECOND)) == (BOB, None)
    assert trust.offer(ann, SECOND, KeySource.RADIO, NOW + 2) is KeyOutcome.REPEATED, (
        "a first one, too"
    )


def test_a_refused_first_key_leaves_none(trust: KeyTrust, ann: KnownNode) -> None:
    trust.refuse(ann, FIRST, NOW)
    assert ann.public_key == b""
    assert trust.holder(FIRST) is None
    assert trust.offer(ann, FIRST, KeySource.AIR, NOW + 1) is KeyOutcome.REPEATED


def test_of_former_keys_the_one_replaced_last_comes_back_whichever_is_announced_again(
    trust: KeyTrust, ann: KnownNode
) -> None:
    """Somebody with an old, lost key must not bring it back by announcing it."""
    trust.accept(ann, SECOND, None, NOW)
    trust.accept(ann, THIRD, None, NOW + 1)
    trust.offer(ann, FIRST, KeySource.AIR, NOW + 2)
    trust.refuse(ann, THIRD, NOW + 3)
    assert ann.public_key == SECOND


def test_a_former_key_that_was_refused_does_not_come_back(trust: KeyTrust, ann: KnownNode) -> None:
    trust.accept(ann, SECOND, None, NOW)
    trust.offer(ann, FIRST, KeySource.AIR, NOW + 1)
    trust.refuse(ann, FIRST, NOW + 2)
    trust.refuse(ann, SECOND, NOW + 3)
    assert ann.public_key == b""


def test_a_refusal_that_finds_the_key_adopted_from_the_radio_brings_the_former_one_back(
    trust: KeyTrust, ann: KnownNode
) -> None:
    """The radio told it between the operator's look and his word."""
    trust.offer(ann, SECOND, KeySource.AIR, NOW)
    trust.offer(ann, SECOND, KeySource.RADIO, NOW + 1)
    trust.refuse(ann, SECOND, NOW + 2)
    assert ann.public_key == FIRST
    assert not trust.is_disputed(ANN)


# -- Rule 7: what the radio says against an older key ------------------------------------------


def test_a_key_adopted_from_the_radio_is_disputed_until_the_operator_accepts_it(
    trust: KeyTrust, ann: KnownNode
) -> None:
    assert not trust.is_disputed(ANN), "nobody else claims to be the first one"
    trust.offer(ann, SECOND, KeySource.AIR, NOW)
    assert not trust.is_disputed(ANN), "what is heard over the air changes nothing"
    trust.offer(ann, SECOND, KeySource.RADIO, NOW)
    assert trust.is_disputed(ANN)
    assert not trust.is_disputed(BOB)
    trust.accept(ann, SECOND, ann, NOW + 1)
    assert not trust.is_disputed(ANN)
    assert ann.public_key == SECOND
    assert trust.offer(ann, FIRST, KeySource.RADIO, NOW + 2) is KeyOutcome.OVERRULED


def test_accepting_the_former_key_ends_a_dispute_as_well(trust: KeyTrust, ann: KnownNode) -> None:
    trust.offer(ann, SECOND, KeySource.RADIO, NOW)
    trust.accept(ann, FIRST, None, NOW + 1)
    assert not trust.is_disputed(ANN)
    assert ann.public_key == FIRST
    assert trust.offer(ann, SECOND, KeySource.RADIO, NOW + 2) is KeyOutcome.OVERRULED


def test_no_flood_ends_a_dispute(
    trust: KeyTrust, ann: KnownNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_trust, "MAX_NODES_WITH_OFFERS", 3)
    trust.offer(ann, SECOND, KeySource.RADIO, NOW)
    for number in range(100):
        trust.offer(ann, forged(number), KeySource.AIR, NOW + number)
        trust.offer(KnownNode(1_000 + number), SECOND, KeySource.AIR, NOW + number)
    trust.offer(ann, FIRST, KeySource.AIR, NOW + 200)
    trust.offer(ann, THIRD, KeySource.RADIO, NOW + 201)
    assert trust.is_disputed(ANN)


def test_a_dispute_survives_a_restart(trust: KeyTrust, ann: KnownNode) -> None:
    trust.offer(ann, SECOND, KeySource.RADIO, NOW)
    again = KeyTrust()
    again.load([KnownNode(ANN, public_key=SECOND)], trust.others(ANN))
    assert again.is_disputed(ANN)


def test_a_radio_that_goes_back_to_the_former_key_leaves_it_disputed(
    trust: KeyTrust, ann: KnownNode
) -> None:
    trust.offer(ann, SECOND, KeySource.RADIO, NOW)
    trust.offer(ann, FIRST, KeySource.RADIO, NOW + 1)
    assert trust.is_disputed(ANN)


# -- Rule 8: a first key that is none ------------------------------------------------------------


@pytest.mark.parametrize("source", list(KeySource))
def test_who_comes_after_a_key_that_was_taken_away_is_unconfirmed(
    trust: KeyTrust, ann: KnownNode, bob: KnownNode, source: KeySource
) -> None:
    assert not trust.is_unconfirmed(ANN), "a first key is what an operator trusts"
    trust.accept(bob, FIRST, ann, NOW + 1)
    assert not trust.is_unconfirmed(BOB)
    assert trust.offer(ann, SECOND, source, NOW + 2) is KeyOutcome.PINNED
    assert trust.is_unconfirmed(ANN)
    assert SECOND not in [other.public_key for other in trust.others(ANN)]
    again = KeyTrust()
    again.load([KnownNode(ANN, public_key=SECOND)], trust.stored_others(ANN))
    assert again.is_unconfirmed(ANN), "after a restart as well"
    trust.accept(ann, SECOND, ann, NOW + 3)
    assert not trust.is_unconfirmed(ANN)


def test_who_comes_after_a_key_that_the_operator_refused_is_unconfirmed(
    trust: KeyTrust, ann: KnownNode
) -> None:
    trust.refuse(ann, FIRST, NOW + 1)
    trust.offer(ann, SECOND, KeySource.AIR, NOW + 2)
    assert trust.is_unconfirmed(ANN)
    trust.accept(ann, THIRD, None, NOW + 3)
    assert not trust.is_unconfirmed(ANN)
    trust.refuse(ann, THIRD, NOW + 4)
    assert (ann.public_key, trust.is_unconfirmed(ANN)) == (SECOND, False), "by his own word"


def test_no_flood_confirms_a_key(
    trust: KeyTrust, ann: KnownNode, bob: KnownNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_trust, "MAX_NODES_WITH_OFFERS", 3)
    trust.accept(bob, FIRST, ann, NOW + 1)
    trust.offer(ann, SECOND, KeySource.AIR, NOW + 2)
    for number in range(100):
        trust.offer(ann, forged(number), KeySource.AIR, NOW + number)
        trust.offer(KnownNode(1_000 + number), SECOND, KeySource.AIR, NOW + number)
    assert trust.is_unconfirmed(ANN)


# -- Bounds ------------------------------------------------------------------------------------


def test_of_many_keys_announced_for_a_node_the_last_ones_are_kept(
    trust: KeyTrust, ann: KnownNode
) -> None:
    assert key_trust.MAX_OFFERED == 4
    for number in range(100):
        assert trust.offer(ann, forged(number), KeySource.AIR, NOW + number) is KeyOutcome.OFFERED
    kept = [other.public_key for other in trust.others(ANN)]
    assert kept == [forged(number) for number in (99, 98, 97, 96)]
    assert ann.public_key == FIRST


def test_of_many_keys_replaced_by_the_radio_the_last_ones_are_kept(
    trust: KeyTrust, ann: KnownNode
) -> None:
    assert key_trust.MAX_REPLACED_BY_RADIO == 4
    for number in range(100):
        trust.offer(ann, forged(number), KeySource.RADIO, NOW + number)
    assert ann.public_key == forged(99)
    kept = [other.public_key for other in trust.others(ANN)]
    assert kept == [forged(number) for number in (98, 97, 96, 95)]
    assert all(trust.holder(forged(number)) is None for number in range(99)), "nor held by anybody"
    assert trust.is_disputed(ANN)


def test_of_many_keys_replaced_by_the_operator_the_last_ones_are_kept(
    trust: KeyTrust, ann: KnownNode
) -> None:
    assert key_trust.MAX_REPLACED_BY_OPERATOR == 16
    for number in range(100):
        trust.accept(ann, forged(number), None, NOW + number)
    assert ann.public_key == forged(99)
    kept = [other.public_key for other in trust.others(ANN)]
    assert kept == [forged(number) for number in range(98, 82, -1)]


def test_of_many_keys_refused_the_last_ones_are_kept(trust: KeyTrust, ann: KnownNode) -> None:
    assert key_trust.MAX_REFUSED == 64
    for number in range(200):
        trust.offer(ann, forged(number), KeySource.AIR, NOW + number)
        trust.refuse(ann, forged(number), NOW + number)
    kept = [other.public_key for other in trust.others(ANN)]
    assert kept == [forged(number) for number in range(199, 135, -1)]


def test_offers_and_their_refusals_cannot_flush_what_the_operator_decided_before(
    trust: KeyTrust, ann: KnownNode
) -> None:
    """Somebody who announces keys without end has the operator refuse them one by one."""
    trust.accept(ann, SECOND, None, NOW)
    trust.offer(ann, THIRD, KeySource.AIR, NOW)
    trust.refuse(ann, THIRD, NOW)
    for number in range(5):
        trust.offer(ann, forged(number), KeySource.AIR, NOW + 1)
        trust.refuse(ann, forged(number), NOW + 1)
    assert trust.offer(ann, FIRST, KeySource.RADIO, NOW + 2) is KeyOutcome.OVERRULED
    assert trust.offer(ann, THIRD, KeySource.RADIO, NOW + 2) is KeyOutcome.OVERRULED
    assert trust.offer(ann, THIRD, KeySource.AIR, NOW + 2) is KeyOutcome.REPEATED
    for number in range(5):
        assert trust.offer(ann, forged(number), KeySource.AIR, NOW + 3) is KeyOutcome.REPEATED
    assert (ann.public_key, trust.waiting()) == (SECOND, [])


def test_the_radio_changing_its_mind_does_not_flush_what_the_operator_decided_before(
    trust: KeyTrust, ann: KnownNode
) -> None:
    trust.accept(ann, SECOND, None, NOW)
    for number in range(100):
        trust.offer(ann, forged(number), KeySource.RADIO, NOW + number)
    assert trust.offer(ann, FIRST, KeySource.RADIO, NOW + 200) is KeyOutcome.OVERRULED
    assert ann.public_key == forged(99)


def test_a_flood_of_announcements_costs_neither_the_refusals_nor_the_history(
    trust: KeyTrust, ann: KnownNode
) -> None:
    trust.offer(ann, SECOND, KeySource.RADIO, NOW)
    trust.refuse(ann, THIRD, NOW)
    for number in range(100):
        trust.offer(ann, forged(number), KeySource.AIR, NOW + number)
    assert OtherKey(ANN, FIRST, replaced_at=NOW, replaced_by="radio") in trust.others(ANN)
    assert trust.offer(ann, THIRD, KeySource.AIR, NOW) is KeyOutcome.REPEATED


def test_a_flood_after_a_former_key_was_announced_again_does_not_cost_it_either(
    trust: KeyTrust, ann: KnownNode
) -> None:
    """Somebody who sends forged keys sends the former one first, to have the history forgotten."""
    trust.accept(ann, SECOND, None, NOW)
    trust.offer(ann, FIRST, KeySource.AIR, NOW)
    for number in range(100):
        trust.offer(ann, forged(number), KeySource.AIR, NOW + 1 + number)
    (former,) = [other for other in trust.others(ANN) if other.public_key == FIRST]
    assert (former.replaced_at, former.replaced_by) == (NOW, "operator")
    assert sum(other.waiting for other in trust.others(ANN)) == key_trust.MAX_OFFERED
    assert trust.offer(ann, FIRST, KeySource.RADIO, NOW + 200) is KeyOutcome.OVERRULED


def test_a_refusal_holds_though_the_clock_was_set_back(trust: KeyTrust, ann: KnownNode) -> None:
    """A Raspberry Pi has no clock of its own: it may wake up in the past."""
    for number in range(key_trust.MAX_REFUSED):
        trust.refuse(ann, forged(number), NOW + number)
    trust.offer(ann, SECOND, KeySource.AIR, NOW - 1_000)
    trust.refuse(ann, SECOND, NOW - 1_000)
    assert trust.offer(ann, SECOND, KeySource.AIR, NOW - 999) is KeyOutcome.REPEATED


def test_a_key_announced_after_the_clock_was_set_back_is_news_once(
    trust: KeyTrust, ann: KnownNode
) -> None:
    for number in range(key_trust.MAX_OFFERED):
        trust.offer(ann, forged(number), KeySource.AIR, NOW + number)
    assert trust.offer(ann, SECOND, KeySource.AIR, NOW - 1_000) is KeyOutcome.OFFERED
    assert trust.offer(ann, SECOND, KeySource.AIR, NOW - 999) is KeyOutcome.REPEATED
    assert SECOND in [other.public_key for other in trust.waiting()]


def test_of_too_many_nodes_those_longest_without_news_are_forgotten(
    trust: KeyTrust, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_trust, "MAX_NODES_WITH_OFFERS", 3)
    nodes = [KnownNode(num) for num in range(1, 6)]
    for node in nodes:
        trust.offer(node, forged(node.num), KeySource.AIR, NOW)
    for node in nodes[:3]:
        trust.offer(node, forged(100 + node.num), KeySource.AIR, NOW)
    trust.offer(nodes[0], forged(101), KeySource.AIR, NOW + 1)
    trust.pop_unwritten()
    trust.offer(nodes[3], forged(104), KeySource.AIR, NOW + 2)
    assert set(trust.all_others()) == {1, 3, 4}
    assert trust.pop_unwritten() == {
        2: [],
        4: [OtherKey(4, forged(104), offered_at=NOW + 2)],
    }, "what is forgotten is forgotten on disk too"


def test_of_too_many_nodes_those_without_a_key_of_their_own_are_forgotten_first(
    trust: KeyTrust, ann: KnownNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ann's key can be announced under any number that nobody has."""
    monkeypatch.setattr(key_trust, "MAX_NODES_WITH_OFFERS", 3)
    trust.offer(ann, SECOND, KeySource.AIR, NOW)
    for num in range(100, 200):
        trust.offer(KnownNode(num), FIRST, KeySource.AIR, NOW + num)
    assert set(trust.all_others()) == {ANN, 198, 199}


def test_nodes_with_a_history_or_a_refusal_are_not_forgotten_for_others(
    trust: KeyTrust, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_trust, "MAX_NODES_WITH_OFFERS", 3)
    nodes = [KnownNode(num) for num in range(1, 10)]
    for node in nodes:
        trust.offer(node, forged(node.num), KeySource.AIR, NOW)
    trust.refuse(nodes[0], SECOND, NOW)
    trust.offer(nodes[1], forged(102), KeySource.RADIO, NOW)
    for node in nodes[2:]:
        trust.offer(node, forged(100 + node.num), KeySource.AIR, NOW)
    assert set(trust.all_others()) == {1, 2, 9}


# -- Saving and loading ------------------------------------------------------------------------


def test_what_changed_is_handed_out_once(trust: KeyTrust, ann: KnownNode) -> None:
    trust.pop_unwritten()
    trust.offer(ann, SECOND, KeySource.AIR, NOW)
    assert trust.pop_unwritten() == {ANN: [OtherKey(ANN, SECOND, offered_at=NOW)]}
    assert trust.pop_unwritten() == {}


def test_what_is_gone_is_handed_out_as_nothing(trust: KeyTrust, bob: KnownNode) -> None:
    ann = KnownNode(ANN)
    trust.offer(ann, FIRST, KeySource.AIR, NOW)
    trust.offer(bob, FIRST, KeySource.AIR, NOW)
    trust.offer(ann, SECOND, KeySource.RADIO, NOW)
    trust.pop_unwritten()
    trust.offer(bob, FIRST, KeySource.AIR, NOW)
    assert trust.pop_unwritten() == {BOB: []}


def test_what_could_not_be_written_is_handed_out_again_as_it_is_then(
    trust: KeyTrust, ann: KnownNode
) -> None:
    trust.offer(ann, SECOND, KeySource.AIR, NOW)
    taken = trust.pop_unwritten()
    trust.refuse(ann, SECOND, NOW + 1)
    trust.mark_unwritten(taken)
    assert trust.pop_unwritten() == {ANN: [OtherKey(ANN, SECOND, refused_at=NOW + 1)]}


def test_stored_keys_are_held_and_other_keys_remembered(trust: KeyTrust) -> None:
    nodes = [KnownNode(ANN, public_key=FIRST), KnownNode(BOB, public_key=SECOND), KnownNode(EVE)]
    others = [OtherKey(ANN, THIRD, offered_at=NOW), OtherKey(EVE, forged(1), refused_at=NOW)]
    assert trust.load(nodes, others) == []
    assert (trust.holder(FIRST), trust.holder(SECOND)) == (ANN, BOB)
    assert trust.all_others() == {ANN: [others[0]], EVE: [others[1]]}
    assert trust.pop_unwritten() == {}
    assert trust.offer(nodes[0], THIRD, KeySource.AIR, NOW) is KeyOutcome.REPEATED
    assert trust.offer(nodes[2], forged(1), KeySource.AIR, NOW) is KeyOutcome.REPEATED


@pytest.mark.parametrize("key", UNUSABLE[1:], ids=UNUSABLE_IDS[1:])
def test_a_stored_key_that_is_unusable_is_dropped(trust: KeyTrust, key: bytes) -> None:
    node = KnownNode(ANN, public_key=key)
    assert trust.load([node], []) == [(node, key)]
    assert node.public_key == b""
    assert trust.holder(key) is None


def test_of_two_stored_nodes_with_one_key_the_first_keeps_it(trust: KeyTrust) -> None:
    ann, bob = KnownNode(ANN, public_key=FIRST), KnownNode(BOB, public_key=FIRST)
    assert trust.load([ann, bob], []) == [(bob, FIRST)]
    assert (ann.public_key, bob.public_key) == (FIRST, b"")
    assert trust.holder(FIRST) == ANN
    assert trust.offer(bob, FIRST, KeySource.RADIO, NOW) is KeyOutcome.TAKEN


def test_something_is_known_of_nodes_with_other_keys_and_of_those_mended(trust: KeyTrust) -> None:
    trust.load([KnownNode(ANN, public_key=FIRST), KnownNode(BOB, public_key=FIRST)], [])
    assert not trust.knows(ANN)
    assert trust.knows(BOB)
    trust.offer(KnownNode(EVE), FIRST, KeySource.AIR, NOW)
    assert trust.knows(EVE)
    trust.load([], [])
    assert not any(trust.knows(num) for num in (ANN, BOB, EVE))


def test_loading_forgets_what_was_known_before(trust: KeyTrust, ann: KnownNode) -> None:
    trust.offer(ann, SECOND, KeySource.AIR, NOW)
    trust.load([], [])
    assert trust.holder(FIRST) is None
    assert trust.all_others() == {}


# -- Showing a key -----------------------------------------------------------------------------


def test_a_key_is_shown_in_base64_and_its_fingerprint_is_the_beginning() -> None:
    assert public_key.base64_text(FIRST) == "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
    assert public_key.fingerprint(FIRST) == "AQEBAQEBAQEB"


def test_a_number_speaks_for_the_key_whose_crc_32_it_is() -> None:
    assert public_key.is_number_of(zlib.crc32(FIRST), FIRST)
    assert not public_key.is_number_of(zlib.crc32(FIRST) ^ 1, FIRST)
    assert not public_key.is_number_of(0, b""), "the CRC-32 of nothing"


# -- Any order of events -----------------------------------------------------------------------

NUMS = (ANN, BOB, EVE)
USABLE = [FIRST, SECOND, THIRD, forged(1), forged(2)]
nums = st.sampled_from(NUMS)
usable_keys = st.sampled_from(USABLE)
any_keys = st.sampled_from(USABLE + UNUSABLE)


class TickingClock(Clock):
    """A clock on which no two events have the same time."""

    def __call__(self) -> float:
        self.now_s += 1.0
        return self.now_s


class KeysOfNodes(RuleBasedStateMachine):
    """A node manager on a store, told keys by everybody in any order.

    ``expected`` is what the rules allow to be pinned, kept here a second time, for the operator and
    the radio exactly, so that a key which any other word changed is noticed at once. ``former``
    are the keys that were pinned before, in the order they were replaced, ``refused`` those that
    the operator refused.
    """

    @initialize()
    def begin(self) -> None:
        self.storage = FakeStorage()
        self.decisions: list[KeyDecision] = []
        """What the operator decided and the bot has not been made to look at."""
        self.wall_clock = TickingClock(float(NOW))
        self.expected: dict[int, bytes] = dict.fromkeys(NUMS, b"")
        self.former: dict[int, list[bytes]] = {num: [] for num in NUMS}
        self.refused: dict[int, set[bytes]] = {num: set() for num in NUMS}
        self.disputed: set[int] = set()
        self.start_manager()

    def start_manager(self) -> None:
        self.clock = Clock(0.0)
        self.nodes = NodeManager(self.storage, clock=self.clock, wall_clock=self.wall_clock)
        self.nodes.load()

    def pinned(self) -> dict[int, bytes]:
        return {num: self.nodes.public_key(num) for num in NUMS}

    def retire(self, num: int) -> None:
        """Expect that a node's key has gone into its history."""
        if self.expected[num]:
            self.former[num].append(self.expected[num])
            self.expected[num] = b""

    def pin(self, num: int, key: bytes) -> None:
        """Expect that a node has a key, which then is no former or refused one."""
        self.expected[num] = key
        if key in self.former[num]:
            self.former[num].remove(key)
        self.refused[num].discard(key)

    def expect_first_only(self, num: int, key: bytes) -> None:
        """Expect that a word over the air gave a key to a node that had none, or changed nothing.

        It changes nothing either for a key that the operator refused.
        """
        if (
            not self.expected[num]
            and key in USABLE
            and key not in self.expected.values()
            and key not in self.refused[num]
        ):
            self.pin(num, key)
        assert self.pinned() == self.expected

    @rule(num=nums, key=any_keys, named=st.booleans())
    def node_info(self, num: int, key: bytes, named: bool) -> None:
        name = "Somebody" if named else ""
        self.nodes.learn_from_air(num, mesh_pb2.User(long_name=name, public_key=key))
        self.expect_first_only(num, key)

    @rule(num=nums, key=any_keys)
    def message_opened(self, num: int, key: bytes) -> None:
        self.nodes.learn_from_message(num, key)
        self.expect_first_only(num, key)

    @rule(num=nums, key=any_keys)
    def opened_against_the_pinned_key(self, num: int, key: bytes) -> None:
        self.nodes.contest_key(num, key)
        assert self.pinned() == self.expected
        others = {other.public_key: other for other in self.nodes.other_keys(num)}
        if key in USABLE and self.expected[num] not in (b"", key):
            assert others[key].contested or others[key].replaced_at or others[key].refused_at

    @rule(entries=st.lists(st.tuples(nums, any_keys), max_size=4, unique_by=lambda entry: entry[0]))
    def download(self, entries: list[tuple[int, bytes]]) -> None:
        before = self.pinned()
        self.nodes.learn_from_radio(
            mesh_pb2.NodeInfo(num=num, user=mesh_pb2.User(public_key=key)) for num, key in entries
        )
        told = dict(entries)
        for num, key in self.pinned().items():
            assert key in (before[num], told.get(num)), "it told another key, or none"
            assert key or not before[num], "a key was lost"
            put_aside = [
                other.public_key
                for other in self.nodes.other_keys(num)
                if other.refused_at
                or other.contested
                or other.replaced_by == KeySource.OPERATOR.value
            ]
            if (wanted := told.get(num, b"")) in USABLE and wanted not in put_aside:
                holder = self.nodes.key_holder(wanted)
                assert holder is not None, "it was not believed, though nobody else has the key"
        for num, key in self.pinned().items():
            if key != before[num]:
                assert key not in self.refused[num]
                if before[num]:
                    self.disputed.add(num)
                self.retire(num)
                self.pin(num, key)
        assert self.pinned() == self.expected

    @rule(num=nums, key=usable_keys, accept=st.booleans())
    def operator_decides(self, num: int, key: bytes, accept: bool) -> None:
        self.storage.add_decision(num, key, accept=accept)
        self.decisions = [one for one in self.decisions if (one.num, one.public_key) != (num, key)]
        self.decisions.append(self.storage.load_decisions()[-1])

    @rule()
    def bot_carries_out_decisions(self) -> None:
        self.nodes.carry_out_decisions()
        for decision in self.decisions:
            (self.expect_accepted if decision.accept else self.expect_refused)(
                decision.num, decision.public_key
            )
        self.decisions.clear()
        assert self.pinned() == self.expected
        self.check_decisions_are_gone()

    @rule()
    def bot_saves(self) -> None:
        self.nodes.save_heard()
        if not self.storage.failing:
            assert self.storage.decisions == self.decisions

    def check_decisions_are_gone(self) -> None:
        assert self.storage.decisions == []

    def expect_accepted(self, num: int, key: bytes) -> None:
        for holder in NUMS:
            if holder != num and self.expected[holder] == key:
                self.retire(holder)
                self.disputed.discard(holder)
        if self.expected[num] != key:
            self.retire(num)
        self.pin(num, key)
        self.disputed.discard(num)

    def expect_refused(self, num: int, key: bytes) -> None:
        if self.expected[num] == key:
            back = [former for former in self.former[num] if former not in self.refused[num]]
            self.retire(num)
            if back and back[-1] not in self.expected.values():
                self.pin(num, back[-1])
            self.disputed.discard(num)
        self.refused[num].add(key)

    @rule(seconds=st.sampled_from([0, 1, 3_600]))
    def time_passes(self, seconds: int) -> None:
        self.clock.now_s += seconds
        self.wall_clock.now_s += seconds

    @rule()
    def bot_starts_again(self) -> None:
        self.start_manager()
        assert self.pinned() == self.expected

    @rule()
    def bot_stops_and_starts_again(self) -> None:
        waiting = {(other.num, other.public_key) for other in self.nodes.waiting_keys()}
        self.nodes.save_heard()
        self.start_manager()
        assert self.pinned() == self.expected
        assert {(other.num, other.public_key) for other in self.nodes.waiting_keys()} == waiting

    @invariant()
    def no_two_nodes_hold_one_key(self) -> None:
        keys = [key for key in self.pinned().values() if key]
        assert len(keys) == len(set(keys))
        assert set(keys) <= set(USABLE)

    @invariant()
    def holders_are_those_with_the_key_pinned(self) -> None:
        for key in USABLE:
            holder = self.nodes.key_holder(key)
            holders = [num for num, pinned in self.pinned().items() if pinned == key]
            assert ([holder.num] if holder is not None else []) == holders

    @invariant()
    def keys_of_the_radio_against_older_ones_are_disputed(self) -> None:
        """Those that no word of the operator has settled, and those only."""
        assert {num for num in NUMS if self.nodes.is_disputed(num)} >= {
            num for num in self.disputed if self.expected[num]
        }

    @invariant()
    def a_pinned_key_does_not_wait(self) -> None:
        waiting = {(other.num, other.public_key) for other in self.nodes.waiting_keys()}
        assert not waiting & set(self.pinned().items())


class KeysOnAFailingDisk(KeysOfNodes):
    """The same with a disk that is full now and then, but never when the bot stops."""

    def check_decisions_are_gone(self) -> None:
        """Those carried out while the disk was full may stand there until it is written next."""

    @rule()
    def disk_fills(self) -> None:
        self.storage.failing = True

    @rule()
    def disk_has_room(self) -> None:
        self.storage.failing = False

    def start_manager(self) -> None:
        """Stop the bot first: nothing can be asked of one that dies with a full disk."""
        if hasattr(self, "nodes"):
            self.storage.failing = False
            self.nodes.save_heard()
            assert self.storage.decisions == self.decisions
        super().start_manager()


TestKeysOfNodes = KeysOfNodes.TestCase
TestKeysOfNodes.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestKeysOfNodes.pytestmark = [pytest.mark.slow]  # type: ignore[attr-defined]
TestKeysOnAFailingDisk = KeysOnAFailingDisk.TestCase
TestKeysOnAFailingDisk.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestKeysOnAFailingDisk.pytestmark = [pytest.mark.slow]  # type: ignore[attr-defined]


def test_a_flood_of_offers_is_bounded_and_looked_through_now_and_then(
    trust: KeyTrust, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_trust, "MAX_NODES_WITH_OFFERS", 40)
    looks: list[int] = []
    forget = trust._forget_offers

    def count(number: int) -> None:
        looks.append(number)
        forget(number)

    monkeypatch.setattr(trust, "_forget_offers", count)
    for num in range(1, 401):
        node = KnownNode(num)
        trust.offer(node, forged(num), KeySource.AIR, NOW)
        trust.offer(node, forged(1_000 + num), KeySource.AIR, NOW)
        assert len(trust.all_others()) <= 40
    assert set(looks) == {3}
    assert 400 in trust.all_others()
