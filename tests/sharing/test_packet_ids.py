"""Whose packet is whose, with ids that collide."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meshtastic.protobuf import mesh_pb2

from meshbot.sharing.packet_ids import (
    KEPT_S,
    MAX_ALL,
    MAX_EACH,
    MAX_FORMER,
    REPEATED,
    Owner,
    PacketIds,
)
from tests.support.clock import Clock

FIRST_DRAWN = 1_000
ANN, BOB, CAROL = 1, 2, 3


@pytest.fixture
def clock() -> Clock:
    return Clock(100.0)


@pytest.fixture
def ids(clock: Clock) -> PacketIds:
    return PacketIds(clock, itertools.count(FIRST_DRAWN).__next__)


def text(reply_id: int = 0, request_id: int = 0) -> mesh_pb2.MeshPacket:
    packet = mesh_pb2.MeshPacket(id=5)
    packet.decoded.payload = b"hi"
    packet.decoded.reply_id, packet.decoded.request_id = reply_id, request_id
    return packet


def test_an_id_that_nobody_has_stays(ids: PacketIds) -> None:
    assert ids.enter(ANN, 7) == 7
    assert ids.owner(7) == Owner(ANN, 7)
    assert ids.owner(8) is None


def test_an_id_of_another_becomes_a_new_one(ids: PacketIds) -> None:
    ids.enter(ANN, 7)
    assert ids.enter(BOB, 7) == FIRST_DRAWN
    assert ids.owner(7) == Owner(ANN, 7)
    assert ids.owner(FIRST_DRAWN) == Owner(BOB, 7)


def test_an_id_of_the_bot_becomes_a_new_one(ids: PacketIds) -> None:
    ids.note_bot(7)
    assert ids.enter(ANN, 7) == FIRST_DRAWN
    assert ids.owner(7) == Owner(None, 7)


def test_an_id_that_is_left_to_us_is_made(ids: PacketIds) -> None:
    assert ids.enter(ANN, 0) == FIRST_DRAWN
    assert ids.owner(FIRST_DRAWN) == Owner(ANN, FIRST_DRAWN)
    assert ids.enter(ANN, 0) == FIRST_DRAWN + 1
    assert ids.enter(ANN, FIRST_DRAWN) is None


def test_ids_that_are_made_are_new_and_not_zero() -> None:
    drawn = iter([1 << 32, 0xFFFFFFFF, 0xFFFFFFFF, 7, 7])
    ids = PacketIds(Clock(0.0), drawn.__next__)
    ids.note_bot(1)
    assert ids.enter(ANN, 0) == 2  # not 0, and not the bot's
    assert ids.enter(ANN, 0) == 0xFFFFFFFF
    assert ids.enter(ANN, 0) == 3  # beyond the largest it begins again
    ids.enter(BOB, 9)
    assert ids.enter(ANN, 9) == 7
    ids.enter(CAROL, 9)  # 7 is taken
    assert ids.owner(8) == Owner(CAROL, 9)


def test_what_is_made_is_no_other_id_of_the_same_client() -> None:
    ids = PacketIds(Clock(0.0), lambda: 7)
    ids.enter(BOB, 7)
    assert ids.enter(ANN, 7) == 8
    ids.enter(BOB, 9)
    ids.unsent(7)  # free on the air, but Ann calls a packet so
    assert ids.enter(ANN, 9) == 10


def test_a_repetition_is_seen_until_twenty_others_came(ids: PacketIds) -> None:
    ids.enter(ANN, 7)
    for own_id in range(100, 100 + REPEATED - 1):
        ids.enter(ANN, own_id)
        assert ids.enter(ANN, 7) is None
    assert ids.enter(BOB, 7) is not None  # another's is none
    ids.enter(ANN, 500)
    assert ids.enter(ANN, 7) == 7
    assert ids.enter(ANN, 7) is None


def test_what_the_node_never_got_may_be_tried_again(ids: PacketIds) -> None:
    ids.enter(ANN, 7)
    ids.enter(BOB, 7)
    ids.unsent(FIRST_DRAWN)
    ids.unsent(FIRST_DRAWN)
    assert ids.owner(FIRST_DRAWN) is None
    assert ids.enter(BOB, 7) == FIRST_DRAWN + 1
    ids.unsent(7)
    assert ids.enter(ANN, 7) == 7


def test_who_comes_back_and_says_it_again_has_the_id_again(ids: PacketIds) -> None:
    ids.enter(ANN, 7)
    ids.forget(ANN)
    assert ids.owner(7) == Owner(ANN, 7)
    assert ids.is_orphan(7)
    assert ids.enter(CAROL, 7) == 7
    assert ids.owner(7) == Owner(CAROL, 7)
    assert not ids.is_orphan(7)
    assert ids.enter(BOB, 7) == FIRST_DRAWN


def test_a_client_that_is_forgotten_and_speaks_after_all(ids: PacketIds) -> None:
    ids.enter(ANN, 7)
    ids.forget(ANN)
    ids.forget(ANN)
    assert ids.enter(ANN, 8) == 8
    assert ids.enter(ANN, 7) == 7
    ids.forget(ANN)
    for own_id in range(10_000, 10_000 + MAX_ALL):
        ids.enter(own_id // MAX_EACH, own_id)
    assert len(ids) == MAX_ALL
    assert ids.owner(7) is None


def test_the_bots_packet_takes_an_id_over(ids: PacketIds) -> None:
    ids.enter(ANN, 7)
    ids.note_bot(7)
    ids.note_bot(7)
    ids.note_bot(0)
    assert ids.owner(7) == Owner(None, 7)
    assert ids.owner(0) is None
    assert len(ids) == 1


def test_under_another_id_it_is_still_its_owners(ids: PacketIds) -> None:
    ids.enter(ANN, 7)
    ids.renumber(7, 8)
    assert ids.owner(7) == ids.owner(8) == Owner(ANN, 7)
    assert ids.meant_by(ANN, 7) == 8
    assert ids.seen_by(ANN, 8) == ids.seen_by(ANN, 7) == 7
    assert ids.meant_by(ANN, 8) == 7
    assert ids.enter(BOB, 7) == FIRST_DRAWN
    assert ids.enter(BOB, 8) == FIRST_DRAWN + 1


def test_of_many_renumberings_the_first_and_the_last_are_known(ids: PacketIds) -> None:
    ids.enter(ANN, 7)
    for old_id in range(7, 107):
        ids.renumber(old_id, old_id + 1)
    assert len(ids) == 1 + MAX_FORMER
    assert ids.owner(107) == ids.owner(106) == ids.owner(7) == Owner(ANN, 7)
    assert ids.owner(50) is None
    ids.unsent(107)
    assert len(ids) == 0


def test_renumberings_that_make_no_sense_change_nothing(ids: PacketIds) -> None:
    ids.enter(ANN, 7)
    ids.renumber(99, 100)
    ids.renumber(7, 0)
    ids.renumber(7, 7)
    assert len(ids) == 1
    assert ids.meant_by(ANN, 7) == 7


def test_a_packet_of_who_is_gone_is_renumbered_too(ids: PacketIds) -> None:
    ids.enter(ANN, 7)
    ids.forget(ANN)
    ids.renumber(7, 8)
    assert ids.owner(8) == Owner(ANN, 7)
    ids.enter(BOB, 9)
    ids.renumber(9, 8)
    assert ids.owner(8) == Owner(BOB, 9)
    assert ids.owner(7) is None


def test_references_are_turned_both_ways(ids: PacketIds) -> None:
    ids.enter(ANN, 7)
    ids.enter(BOB, 7)
    packet = text(reply_id=7, request_id=7)
    ids.outgoing(BOB, packet)
    assert packet == text(FIRST_DRAWN, FIRST_DRAWN)
    assert ids.seen_by(BOB, FIRST_DRAWN) == 7
    packet = text(7, 7)
    ids.outgoing(ANN, packet)
    ids.outgoing(CAROL, packet)
    assert packet == text(7, 7)


def test_to_who_uses_an_id_itself_anothers_is_shown_by_another(ids: PacketIds) -> None:
    ids.enter(ANN, 7)
    ids.enter(BOB, 7)
    assert ids.seen_by(BOB, 7) == FIRST_DRAWN  # somebody answers Ann
    shown = text(reply_id=FIRST_DRAWN)
    ids.outgoing(BOB, shown)  # and Bob joins in
    assert shown == text(reply_id=7)


def test_what_refers_to_nothing_is_left_alone(ids: PacketIds) -> None:
    ids.enter(ANN, 7)
    packet = text()
    before = packet.SerializeToString()
    ids.outgoing(ANN, packet)
    sealed = mesh_pb2.MeshPacket(encrypted=b"sealed")
    ids.outgoing(ANN, sealed)
    assert packet.SerializeToString() == before
    assert sealed.HasField("encrypted")


def test_one_client_forgets_its_own_oldest_alone(ids: PacketIds) -> None:
    ids.enter(BOB, 5)
    for own_id in range(10_000, 10_000 + 3 * MAX_EACH):
        assert ids.enter(ANN, own_id) == own_id
    assert len(ids) == MAX_EACH + 1
    assert ids.owner(5) == Owner(BOB, 5)
    assert ids.owner(10_000) is None
    assert ids.owner(10_000 + 3 * MAX_EACH - 1) is not None


def test_all_clients_together_are_bounded_and_who_is_gone_goes_first(ids: PacketIds) -> None:
    ids.enter(BOB, 5)
    for client in range(10, 10 + 2 * MAX_ALL):
        ids.enter(client, 1_000_000 + client)
        ids.forget(client)
    assert len(ids) == MAX_ALL
    assert ids.owner(5) == Owner(BOB, 5)
    last = 10 + 2 * MAX_ALL - 1
    assert ids.owner(1_000_000 + last) == Owner(last, 1_000_000 + last)


def test_nothing_is_kept_for_ever(ids: PacketIds, clock: Clock) -> None:
    ids.enter(ANN, 7)
    ids.note_bot(8)
    ids.enter(BOB, 9)
    ids.forget(BOB)
    clock.now_s += KEPT_S
    ids.enter(CAROL, 10)
    assert len(ids) == 4
    clock.now_s += 1.0
    ids.enter(CAROL, 11)
    assert len(ids) == 2
    assert ids.enter(ANN, 7) == 7


@given(st.randoms(use_true_random=False), st.integers(1, 60))
def test_names_and_packets_match_one_to_one(chance: random.Random, steps: int) -> None:
    """Whatever was entered, left, renumbered or forgotten: no two packets have one name."""
    ids = PacketIds(Clock(0.0), lambda: chance.randrange(12))
    for _ in range(steps):
        client, own_id = chance.randrange(1, 5), chance.randrange(10)
        match chance.randrange(8):
            case 0:
                ids.note_bot(own_id)
            case 1:
                ids.forget(client)
            case 2:
                ids.renumber(own_id, chance.randrange(1, 16))
            case 3:
                ids.unsent(own_id)
            case _:
                ids.enter(client, own_id)
    everything = range(40)
    for client in range(1, 5):
        current = [
            air_id
            for air_id in everything
            if ids.meant_by(client, ids.seen_by(client, air_id)) == air_id
        ]
        former = set(everything) - set(current)
        names = [ids.seen_by(client, air_id) for air_id in current]
        assert len(set(names)) == len(names)
        for air_id in former:  # only its own, by an id that it no longer has
            owner = ids.owner(air_id)
            assert owner is not None
            assert owner.client == client
        for air_id in everything:
            owner = ids.owner(air_id)
            if owner is not None and owner.client == client and not ids.is_orphan(air_id):
                assert ids.seen_by(client, air_id) == owner.own_id
