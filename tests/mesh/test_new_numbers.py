"""A node that moves to firmware 2.8 keeps its key and has another number: its CRC-32."""

import random
import zlib

import pytest
from meshtastic.protobuf import mesh_pb2

from meshbot.mesh.key_outcome import KeyOutcome
from meshbot.mesh.key_trust import MAX_NODES_WITH_OFFERS, MAX_OFFERED, KeyTrust
from meshbot.messages.order_gate import OrderGate
from meshbot.model.key_source import KeySource
from meshbot.model.known_node import KnownNode, node_id
from meshbot.model.other_key import HELD, OtherKey
from meshbot.simulation.wire import number_field
from meshbot.store.order_store import OrderStore
from node_manager import NodeManager
from tests.mesh.known_mesh import (
    ANN,
    BOB,
    EVE,
    KEYS,
    OTHER_KEY,
    OWN,
    Lines,
    decide,
    info_of,
    user_of,
)
from tests.support.clock import Clock
from tests.support.fake_storage import FakeStorage

NEW_ANN = zlib.crc32(KEYS[ANN])
NOW = 1_700_000_000
MOVED = (
    f"⚠️ {node_id(NEW_ANN)} annonce la clé AgICAgICAgIC de !0000000a, et porte le numéro que le "
    "firmware 2.8 donne à cette clé : sans doute le même nœud, qui a changé de numéro"
)
TO_DECIDE = f" ; à accepter (main_bot.py keys accept {NEW_ANN:08x}) ou à refuser"
PROVEN = ", ce que prouve sa signature ou un message scellé"
CLAIMED = ", mais rien ne le prouve encore"


def restarted(storage: FakeStorage) -> NodeManager:
    manager = NodeManager(storage, clock=Clock(0.0), wall_clock=Clock(float(NOW)))
    manager.load()
    return manager


def gate_of(manager: NodeManager, admin: int) -> OrderGate:
    orders = OrderStore(FakeStorage().database)
    return OrderGate(manager, orders, {admin: ""}, on_vanished=print)


def signed_info(num: int, key: bytes) -> mesh_pb2.NodeInfo:
    """Return an entry of the radio's database that says it saw a signature."""
    info = info_of(num, key)
    info.MergeFromString(number_field(14, 1))
    return info


def test_a_new_number_is_told_as_that_and_once_more_when_it_is_proven(
    known: NodeManager, lines: Lines
) -> None:
    lines()
    for _ in range(2):
        known.learn_from_air(NEW_ANN, user_of(NEW_ANN, KEYS[ANN]))
    assert lines() == [MOVED + CLAIMED + TO_DECIDE]
    for _ in range(2):
        known.learn_from_air(NEW_ANN, user_of(NEW_ANN, KEYS[ANN]), held=True)
    assert lines() == [MOVED + PROVEN + TO_DECIDE]
    known.learn_from_air(NEW_ANN, user_of(NEW_ANN, KEYS[ANN]))
    assert lines() == [], "what was proven stays so"
    assert (known.public_key(ANN), known.public_key(NEW_ANN)) == (KEYS[ANN], b"")


def test_a_message_that_the_key_sealed_proves_it_as_well(known: NodeManager, lines: Lines) -> None:
    lines()
    known.learn_from_message(NEW_ANN, KEYS[ANN])
    assert lines() == [MOVED + PROVEN + TO_DECIDE]
    (other,) = known.other_keys(NEW_ANN)
    assert other.held and other.waiting


def test_what_the_radio_verified_proves_it_as_well(known: NodeManager, lines: Lines) -> None:
    lines()
    known.learn_from_radio([signed_info(NEW_ANN, KEYS[ANN])])
    assert lines() == [MOVED + PROVEN + TO_DECIDE]


def test_whoever_accepts_it_moves_the_key_and_the_history_in_one_write(
    known: NodeManager, storage: FakeStorage, lines: Lines, wall_clock: Clock
) -> None:
    known.heard_message(ANN)
    known.key_pushed(ANN)
    known.save_heard()
    last_dm = int(wall_clock.now_s)
    known.learn_from_air(NEW_ANN, user_of(NEW_ANN, KEYS[ANN]))
    wall_clock.now_s += 1_000.0
    before = known.node(ANN)
    assert before is not None
    lines()
    writes: list[dict[int, bytes]] = []
    storage.before_write = lambda: writes.append(
        {num: row.public_key for num, row in storage.rows.items()}
    )
    assert decide(known, storage, NEW_ANN, KEYS[ANN], accept=True)
    assert [write[ANN] for write in writes] == [KEYS[ANN]], "one write"
    assert lines() == [
        f"🔑 {node_id(NEW_ANN)} est le nouveau numéro de !0000000a, accepté par l'opérateur : sa "
        "clé AgICAgICAgIC et ce qu'on sait de lui le suivent (ADMIN_NODES, lui, ne change pas "
        "tout seul)"
    ]
    for manager in (known, restarted(storage)):
        old, new = manager.node(ANN), manager.node(NEW_ANN)
        assert old is not None and new is not None
        assert (new.public_key, new.last_dm, new.pushed_at) == (KEYS[ANN], last_dm, last_dm)
        assert new.known_since == before.known_since
        assert (old.public_key, old.last_dm, old.pushed_at) == (b"", 0, 0)
        assert old.known_since == last_dm + 1_000, "who uses the old number is met today"
        assert [other.put_aside for other in manager.other_keys(ANN)] == [True]
        assert manager.other_keys(NEW_ANN) == []


def test_the_old_number_in_the_radios_database_is_no_news_any_more(
    known: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    known.learn_from_air(NEW_ANN, user_of(NEW_ANN, KEYS[ANN]))
    decide(known, storage, NEW_ANN, KEYS[ANN], accept=True)
    lines()
    for manager in (known, restarted(storage)):
        manager.learn_from_radio([info_of(ANN), info_of(NEW_ANN, KEYS[ANN])])
        assert lines() == []
        assert manager.public_key(NEW_ANN) == KEYS[ANN]
        assert manager.waiting_keys() == []


def test_somebody_who_uses_the_old_number_on_the_air_is_told(
    known: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    known.learn_from_air(NEW_ANN, user_of(NEW_ANN, KEYS[ANN]))
    decide(known, storage, NEW_ANN, KEYS[ANN], accept=True)
    lines()
    known.learn_from_air(ANN, user_of(ANN))
    (line,) = lines()
    assert "qui est celle de" in line
    assert f"{node_id(NEW_ANN)} est le CRC-32 de cette clé, et sans doute son vrai numéro" in line


def test_who_takes_the_old_number_is_no_administrator_by_that(
    known: NodeManager, storage: FakeStorage
) -> None:
    """``ADMIN_NODES`` may still name the old number alone."""
    known.learn_from_air(NEW_ANN, user_of(NEW_ANN, KEYS[ANN]))
    decide(known, storage, NEW_ANN, KEYS[ANN], accept=True)
    known.learn_from_air(ANN, user_of(ANN, OTHER_KEY))
    for manager in (known, restarted(storage)):
        assert manager.public_key(ANN) == OTHER_KEY
        assert not gate_of(manager, ANN).is_admin(ANN)
        assert gate_of(manager, NEW_ANN).is_admin(NEW_ANN)
    decide(known, storage, ANN, OTHER_KEY, accept=True)
    assert gate_of(known, ANN).is_admin(ANN)


@pytest.mark.parametrize("seed", range(4))
def test_of_two_numbers_in_a_radio_that_is_met_first_the_new_one_has_the_key(
    nodes: NodeManager, lines: Lines, seed: int
) -> None:
    infos = [info_of(num) for num in KEYS] + [info_of(NEW_ANN, KEYS[ANN])]
    random.Random(seed).shuffle(infos)
    nodes.learn_from_radio(infos, OWN)
    assert nodes.public_key(NEW_ANN) == KEYS[ANN]
    assert lines() == ["🔑 3 clés publiques apprises de la radio et enregistrées"]


def test_refused_it_is_not_brought_up_again(
    known: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    known.learn_from_air(NEW_ANN, user_of(NEW_ANN, KEYS[ANN]))
    decide(known, storage, NEW_ANN, KEYS[ANN], accept=False)
    lines()
    known.learn_from_air(NEW_ANN, user_of(NEW_ANN, KEYS[ANN]), held=True)
    known.learn_from_radio([signed_info(NEW_ANN, KEYS[ANN])])
    assert lines() == []
    assert known.public_key(ANN) == KEYS[ANN]


def test_a_mesh_that_moved_as_a_whole_costs_one_line(
    nodes: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    keys = {0x1000 + number: random.Random(number).randbytes(32) for number in range(50)}
    nodes.learn_from_radio([info_of(num, key) for num, key in keys.items()])
    lines()
    infos = [info_of(num, key) for num, key in keys.items()]
    infos += [signed_info(zlib.crc32(key), key) for key in keys.values()]
    for turn in range(2):
        manager = restarted(storage) if turn else nodes
        manager.learn_from_radio(infos)
        manager.save_heard()
        assert len(manager.waiting_keys()) == 50
        assert all(other.held for other in manager.waiting_keys())
    assert lines() == [
        "⚠️ La radio connaît 50 nœuds sous un nouveau numéro, celui que le firmware 2.8 donne à "
        "leur clé : à accepter (voir : main_bot.py keys list, puis keys accept --moved)"
    ], "and none after a restart"


def test_who_takes_the_number_before_its_owner_does_not_keep_it_from_him(
    known: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    """The number is known beforehand, so a forger can be there first, with a key of his own."""
    forged = b"\x07" * 32
    known.learn_from_air(NEW_ANN, user_of(NEW_ANN, forged))
    known.heard_message(NEW_ANN)
    lines()
    known.learn_from_air(NEW_ANN, user_of(NEW_ANN, KEYS[ANN]), held=True)
    in_the_way = " ; la clé connue de ce numéro, BwcHBwcHBwcH, ne va pas avec lui"
    assert lines() == [MOVED + PROVEN + in_the_way + TO_DECIDE]
    decide(known, storage, NEW_ANN, KEYS[ANN], accept=True)
    node = known.node(NEW_ANN)
    assert node is not None
    assert (node.public_key, node.last_dm) == (KEYS[ANN], 0), "what the forger sent is not Ann's"
    assert known.public_key(ANN) == b""
    assert [other.public_key for other in known.other_keys(NEW_ANN)] == [forged]


# -- Our own node ------------------------------------------------------------------------------


def test_our_own_node_says_itself_that_it_has_moved(
    known: NodeManager, storage: FakeStorage, lines: Lines
) -> None:
    new_own = zlib.crc32(KEYS[OWN])
    lines()
    for turn in range(2):
        manager = restarted(storage) if turn else known
        manager.learn_from_radio([info_of(new_own, KEYS[OWN]), info_of(ANN)], new_own)
        assert manager.public_key(new_own) == KEYS[OWN]
        assert manager.public_key(OWN) == b""
        assert manager.waiting_keys() == []
    (line,) = lines()
    assert line.startswith(
        f"⚠️ Notre nœud a changé de numéro : {node_id(new_own)}, et non plus !00000001 ; sa clé "
    )


def test_nobody_moves_our_own_node(nodes: NodeManager, lines: Lines) -> None:
    nodes.learn_from_radio([info_of(num) for num in KEYS], OWN)
    lines()
    stranger = zlib.crc32(KEYS[OWN])
    nodes.learn_from_air(stranger, user_of(stranger, KEYS[OWN]))
    (line,) = lines()
    assert "qui est celle de !00000001 : ignorée" in line
    assert nodes.previous_of(stranger, KEYS[OWN]) is None


# -- What a signature is worth beside another key ----------------------------------------------


def test_a_line_says_what_speaks_for_which_key(known: NodeManager, lines: Lines) -> None:
    old, new = b"\x31" * 32, b"\x32" * 32
    num = zlib.crc32(new)
    known.learn_from_air(num, user_of(num, old))
    lines()
    known.learn_from_air(num, user_of(num, new), held=True)
    known.learn_from_air(zlib.crc32(old), user_of(zlib.crc32(old), b"\x33" * 32))
    lines_now = lines()
    assert "; le numéro du nœud est le CRC-32 de cette clé ; elle signe, ou scelle" in lines_now[0]
    num = zlib.crc32(KEYS[EVE])
    known.learn_from_radio([info_of(EVE, b"\x34" * 32)])
    known.learn_from_air(num, user_of(num, KEYS[EVE]))
    lines()
    known.learn_from_air(num, user_of(num, b"\x35" * 32))
    (line,) = lines()
    assert line.endswith(
        "ignorée ; le numéro du nœud est le CRC-32 de la clé connue (voir : main_bot.py keys list)"
    )


def test_a_flood_of_claims_does_not_make_what_was_proven_forgotten() -> None:
    trust = KeyTrust()
    ann = KnownNode(ANN)
    assert trust.offer(ann, KEYS[ANN], KeySource.AIR, NOW) is KeyOutcome.PINNED
    new = KnownNode(NEW_ANN)
    assert trust.offer(new, KEYS[ANN], KeySource.AIR, NOW, held=True) is KeyOutcome.MOVED
    for number in range(MAX_NODES_WITH_OFFERS + 50):
        trust.offer(KnownNode(0x5000 + number), KEYS[ANN], KeySource.AIR, NOW + 1)
    assert OtherKey(NEW_ANN, KEYS[ANN], offered_at=NOW, replaced_by=HELD) in trust.waiting()
    bob = KnownNode(BOB, public_key=KEYS[BOB])
    trust.load([ann, bob], [])
    trust.offer(bob, KEYS[EVE], KeySource.AIR, NOW, held=True)
    for number in range(MAX_OFFERED + 3):
        trust.offer(bob, b"claimed" + bytes([number]) * 25, KeySource.AIR, NOW + 1)
    kept = trust.others(BOB)
    assert len(kept) == MAX_OFFERED
    assert OtherKey(BOB, KEYS[EVE], offered_at=NOW, replaced_by=HELD) in kept


def test_what_the_radio_used_against_the_known_key_is_contested_signed_or_not() -> None:
    trust = KeyTrust()
    bob = KnownNode(BOB)
    trust.offer(bob, KEYS[BOB], KeySource.AIR, NOW)
    trust.offer(bob, KEYS[EVE], KeySource.AIR, NOW, held=True)
    assert trust.contest(bob, KEYS[EVE], NOW + 1)
    assert trust.offer(bob, KEYS[EVE], KeySource.RADIO, NOW + 2) is KeyOutcome.CONTESTED
