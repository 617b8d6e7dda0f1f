"""Sealed messages kept for a key: in order, bounded, and not for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meshtastic.protobuf import mesh_pb2

from meshbot.messages.heard_packet import HeardPacket
from meshbot.messages.packet_path import PacketPath, path_of
from meshbot.messages.waiting_messages import (
    KEEP_S,
    MAX_WAITING,
    MAX_WAITING_PER_SENDER,
    WaitingMessages,
)

ANN, BOB = 0x0A, 0xB0B0B0B0
ROOM = MAX_WAITING[PacketPath.DIRECT]


def message(
    sender: int,
    packet_id: int,
    received_s: float = 0.0,
    *,
    familiar: bool = False,
    path: PacketPath = PacketPath.DIRECT,
) -> HeardPacket:
    packet = mesh_pb2.MeshPacket(id=packet_id, encrypted=b"sealed", hop_start=3, hop_limit=3)
    packet.hop_limit -= path is PacketPath.HOPS
    packet.via_mqtt = path is PacketPath.NETWORK
    setattr(packet, "from", sender)
    return HeardPacket(packet, received_s, 1.5, familiar)


def ids_of(messages: list[HeardPacket]) -> list[int]:
    return [message.packet.id for message in messages]


def test_a_message_knows_its_sender() -> None:
    assert message(BOB, 1).sender == BOB


def test_messages_are_taken_in_the_order_they_came_and_once() -> None:
    waiting = WaitingMessages()
    for packet_id in (3, 1, 2):
        waiting.keep(message(ANN, packet_id))
    assert ids_of(waiting.take(ANN)) == [3, 1, 2]
    assert waiting.take(ANN) == []
    assert len(waiting) == 0


def test_a_message_comes_back_as_it_was_kept() -> None:
    waiting = WaitingMessages()
    kept = message(ANN, 7, received_s=12.0)
    waiting.keep(kept)
    assert waiting.take(ANN) == [kept]


def test_taking_one_senders_messages_leaves_the_others() -> None:
    waiting = WaitingMessages()
    waiting.keep(message(ANN, 1))
    waiting.keep(message(BOB, 2))
    assert ids_of(waiting.take(ANN)) == [1]
    assert waiting.senders(0.0) == {BOB}
    assert ids_of(waiting.take(BOB)) == [2]


def test_the_same_packet_is_kept_once() -> None:
    waiting = WaitingMessages()
    for received_s in (0.0, 5.0):
        waiting.keep(message(ANN, 1, received_s))
    assert [kept.received_s for kept in waiting.take(ANN)] == [0.0]


def test_two_senders_may_use_the_same_packet_id() -> None:
    waiting = WaitingMessages()
    waiting.keep(message(ANN, 1))
    waiting.keep(message(BOB, 1))
    assert len(waiting) == 2


def test_a_packet_may_be_kept_again_once_it_was_taken() -> None:
    waiting = WaitingMessages()
    waiting.keep(message(ANN, 1))
    waiting.take(ANN)
    waiting.keep(message(ANN, 1))
    assert ids_of(waiting.take(ANN)) == [1]


def test_messages_wait_ten_minutes_and_no_longer() -> None:
    assert KEEP_S == 600.0
    waiting = WaitingMessages()
    waiting.keep(message(ANN, 1, received_s=0.0))
    waiting.keep(message(BOB, 2, received_s=1.0))
    assert waiting.senders(599.9) == {ANN, BOB}
    assert waiting.senders(600.0) == {BOB}
    assert waiting.take(ANN) == []
    assert waiting.senders(601.0) == set()
    assert len(waiting) == 0


def test_of_one_sender_the_last_four_are_kept() -> None:
    waiting = WaitingMessages()
    waiting.keep(message(BOB, 99))
    for packet_id in range(1, 11):
        waiting.keep(message(ANN, packet_id))
    assert ids_of(waiting.take(ANN)) == [7, 8, 9, 10]
    assert ids_of(waiting.take(BOB)) == [99], "another sender's is not given up for them"


def test_of_many_senders_the_last_messages_are_kept() -> None:
    waiting = WaitingMessages()
    for sender in range(1, 100):
        waiting.keep(message(sender, 1))
        assert len(waiting) <= ROOM
    assert waiting.senders(0.0) == set(range(100 - ROOM, 100))


def test_a_full_store_gives_up_one_message_for_one() -> None:
    waiting = WaitingMessages()
    for sender in range(1, 4):
        for packet_id in range(4):
            waiting.keep(message(sender, packet_id))
    assert len(waiting) == ROOM
    waiting.keep(message(3, 50))
    assert ids_of(waiting.take(3)) == [1, 2, 3, 50]
    assert ids_of(waiting.take(1)) == [0, 1, 2, 3]


def test_a_flood_of_numbers_never_heard_before_costs_no_message_of_those_heard() -> None:
    waiting = WaitingMessages()
    waiting.keep(message(ANN, 1, familiar=True))
    for sender in range(1_000, 1_100):
        waiting.keep(message(sender, 1))
        if sender == 1_050:
            waiting.keep(message(BOB, 2, familiar=True))
    assert len(waiting) == ROOM
    assert ids_of(waiting.take(ANN)) == [1]
    assert ids_of(waiting.take(BOB)) == [2]
    rest = ROOM - 2
    assert waiting.senders(0.0) == set(range(1_100 - rest, 1_100)), "the last of the others"


def test_among_those_heard_before_the_oldest_gives_way_once_there_is_nobody_else() -> None:
    waiting = WaitingMessages()
    waiting.keep(message(BOB, 99))
    for sender in range(1_000, 1_000 + ROOM):
        waiting.keep(message(sender, 1, familiar=True))
    assert waiting.take(BOB) == []
    waiting.keep(message(ANN, 1, familiar=True))
    assert waiting.take(1_000) == []
    assert len(waiting) == ROOM
    assert not waiting.keep(message(BOB, 100)), "a stranger's pushes out nobody's"
    assert ids_of(waiting.take(1_001)) == [1]


@pytest.mark.parametrize("flood_path", PacketPath)
@pytest.mark.parametrize("path", PacketPath)
def test_a_flood_that_comes_one_way_pushes_out_nothing_that_came_another(
    flood_path: PacketPath, path: PacketPath
) -> None:
    waiting = WaitingMessages()
    waiting.keep(message(ANN, 1, path=path))
    for sender in range(1_000, 1_100):
        waiting.keep(message(sender, 1, path=flood_path, familiar=bool(sender % 2)))
    assert ids_of(waiting.take(ANN)) == ([] if flood_path is path else [1])


def test_messages_forged_in_somebodys_name_push_out_none_of_his_that_came_another_way() -> None:
    waiting = WaitingMessages()
    waiting.keep(message(ANN, 1, familiar=True))
    for packet_id in range(2, 50):
        waiting.keep(message(ANN, packet_id, familiar=True, path=PacketPath.NETWORK))
    kept = ids_of(waiting.take(ANN))
    assert kept[0] == 1
    assert len(kept) == 1 + MAX_WAITING_PER_SENDER


@given(
    st.lists(
        st.tuples(
            st.integers(1, 12), st.integers(0, 30), st.sampled_from(PacketPath), st.booleans()
        )
    )
)
def test_whatever_comes_so_many_wait_at_most(
    heard: list[tuple[int, int, PacketPath, bool]],
) -> None:
    waiting = WaitingMessages()
    for sender, packet_id, path, familiar in heard:
        before = len(waiting)
        kept = waiting.keep(message(sender, packet_id, path=path, familiar=familiar))
        assert before <= len(waiting) <= before + kept
    taken = [one for sender in range(1, 13) for one in waiting.take(sender)]
    for path, most in MAX_WAITING.items():
        assert sum(path_of(one) is path for one in taken) <= most
    assert len(waiting) == 0


def test_which_way_a_packet_came() -> None:
    for path in PacketPath:
        assert path_of(message(ANN, 1, path=path)) is path
    unknown = message(ANN, 1)
    unknown.packet.hop_start = unknown.packet.hop_limit = 0
    assert path_of(unknown) is PacketPath.HOPS
    by_udp = message(ANN, 1)
    by_udp.packet.transport_mechanism = mesh_pb2.MeshPacket.TransportMechanism.Value(
        "TRANSPORT_MULTICAST_UDP"
    )
    assert path_of(by_udp) is PacketPath.NETWORK
