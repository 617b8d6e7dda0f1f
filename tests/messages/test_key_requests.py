"""Strangers are asked for their key now and then only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshbot.messages.key_requests import (
    HOUR_S,
    MAX_PER_HOUR,
    SENDER_INTERVAL_S,
    SHARES,
    KeyRequests,
)
from meshbot.messages.packet_path import PacketPath

ANN, BOB = 0x0A, 0xB0B0B0B0
MAX_OF_STRANGERS_PER_HOUR = SHARES[PacketPath.DIRECT].most_of_strangers


def test_a_sender_is_asked_once_in_ten_minutes() -> None:
    requests = KeyRequests()
    assert SENDER_INTERVAL_S == 600.0
    assert requests.allows(ANN, 0.0)
    assert not requests.allows(ANN, 599.9)
    assert requests.allows(ANN, 600.0)


def test_asking_one_does_not_keep_from_asking_another() -> None:
    requests = KeyRequests()
    assert requests.allows(ANN, 0.0)
    assert requests.allows(BOB, 0.0)


def test_twelve_in_all_are_asked_in_an_hour() -> None:
    requests = KeyRequests()
    allowed = [num for num in range(1, 100) if requests.allows(num, float(num), familiar=True)]
    assert MAX_PER_HOUR == 12
    assert allowed == list(range(1, 13))
    assert not requests.allows(500, HOUR_S + 0.9, familiar=True)
    assert requests.allows(500, HOUR_S + 1.0, familiar=True), "the first of them was an hour ago"
    assert not requests.allows(501, HOUR_S + 1.9, familiar=True), "and that was the room for one"
    assert requests.allows(501, HOUR_S + 2.0, familiar=True)


def test_of_numbers_never_heard_before_eight_are_asked_in_an_hour() -> None:
    requests = KeyRequests()
    allowed = [num for num in range(1, 100) if requests.allows(num, float(num))]
    assert MAX_OF_STRANGERS_PER_HOUR == 8
    assert allowed == list(range(1, 9))
    assert not requests.allows(500, HOUR_S + 0.9)
    assert requests.allows(500, HOUR_S + 1.0)
    assert not requests.allows(501, HOUR_S + 1.9)


def test_a_flood_of_made_up_numbers_leaves_room_for_four_heard_before() -> None:
    requests = KeyRequests()
    for num in range(1, 1_000):
        requests.allows(num, 0.0)
    allowed = [num for num in range(2_000, 2_100) if requests.allows(num, 1.0, familiar=True)]
    assert allowed == [2_000, 2_001, 2_002, 2_003]


def test_who_was_heard_before_may_use_all_the_room_there_is() -> None:
    requests = KeyRequests()
    assert all(requests.allows(num, 0.0, familiar=True) for num in range(1, 7))
    assert all(requests.allows(num, 1.0) for num in range(100, 106))
    assert not requests.allows(200, 2.0)
    assert not requests.allows(200, 2.0, familiar=True)


@pytest.mark.parametrize("familiar", [True, False])
def test_in_any_hour_no_more_than_so_many_are_asked(familiar: bool) -> None:
    most = MAX_PER_HOUR if familiar else MAX_OF_STRANGERS_PER_HOUR
    requests = KeyRequests()
    asked_s = [s for s in range(20_000) if requests.allows(s % 50, float(s), familiar=familiar)]
    assert len(asked_s) > 2 * most
    assert all(
        later - earlier >= HOUR_S for earlier, later in zip(asked_s, asked_s[most:], strict=False)
    )


def test_a_request_that_was_not_allowed_does_not_put_the_next_one_off() -> None:
    requests = KeyRequests()
    for num in range(1, 13):
        assert requests.allows(num, 0.0, familiar=True)
    for now_s in range(0, 3_600, 60):
        assert not requests.allows(ANN + 100, float(now_s), familiar=True)
    assert requests.allows(ANN + 100, HOUR_S, familiar=True)


def test_a_stranger_for_whom_there_was_no_room_is_asked_once_he_is_familiar() -> None:
    requests = KeyRequests()
    for num in range(1, 9):
        assert requests.allows(num, 0.0)
    assert not requests.allows(ANN + 100, 1.0)
    assert requests.allows(ANN + 100, 2.0, familiar=True)


@pytest.mark.parametrize("familiar", [True, False])
def test_a_flood_by_mqtt_silences_neither_a_neighbour_nor_one_behind_hops(familiar: bool) -> None:
    requests = KeyRequests()
    flood = [
        num
        for num in range(1_000, 2_000)
        if requests.allows(num, 0.0, path=PacketPath.NETWORK, familiar=bool(num % 2))
    ]
    assert len(flood) == 3
    assert requests.allows(ANN, 1.0, path=PacketPath.DIRECT, familiar=familiar)
    assert requests.allows(BOB, 1.0, path=PacketPath.HOPS, familiar=familiar)


@pytest.mark.parametrize("familiar", [True, False])
def test_floods_from_afar_leave_a_neighbour_his_share(familiar: bool) -> None:
    requests = KeyRequests()
    for num in range(1_000, 2_000):
        path = PacketPath.HOPS if num % 3 else PacketPath.NETWORK
        requests.allows(num, 0.0, path=path, familiar=bool(num % 2))
    asked = [num for num in range(1, 100) if requests.allows(num, 1.0, familiar=familiar)]
    assert len(asked) >= 3


@given(
    st.lists(
        st.tuples(
            st.integers(1, 40), st.floats(0, 900), st.sampled_from(PacketPath), st.booleans()
        ),
        max_size=80,
    )
)
def test_whatever_is_heard_no_share_is_exceeded_in_any_hour(
    heard: list[tuple[int, float, PacketPath, bool]],
) -> None:
    requests, now_s = KeyRequests(), 0.0
    asked: list[tuple[float, PacketPath, bool]] = []
    for sender, pause_s, path, familiar in heard:
        now_s += pause_s
        if requests.allows(sender, now_s, path=path, familiar=familiar):
            asked.append((now_s, path, familiar))
            lately = [one for one in asked if now_s - one[0] < HOUR_S]
            assert len(lately) <= MAX_PER_HOUR
            by_network = [one for one in lately if one[1] is PacketPath.NETWORK]
            assert len(by_network) <= SHARES[PacketPath.NETWORK].most
            strangers = [one for one in lately if not one[2]]
            assert len(strangers) <= MAX_OF_STRANGERS_PER_HOUR
