"""The sliding hour: exact, and bounded."""

import math

from hypothesis import given
from hypothesis import strategies as st

from meshbot.messages.air_hour import HOUR_S, AirHour

STEPS = st.lists(
    st.tuples(
        st.floats(0, 1_800, allow_nan=False) | st.sampled_from([0.0, 1.0, HOUR_S]),
        st.integers(1, 3_000_000),
    ),
    max_size=80,
)


@given(STEPS)
def test_no_less_than_what_was_sent_in_the_hour_and_no_more_than_a_second_longer(
    steps: list[tuple[float, int]],
) -> None:
    hour, now_s, sent = AirHour(), 1_000.0, []
    for pause_s, cost_us in steps:
        now_s += pause_s
        hour.add(cost_us, now_s)
        sent.append((now_s, cost_us))
        used_us = hour.used_us(now_s)
        assert used_us >= sum(cost for at_s, cost in sent if at_s + HOUR_S > now_s)
        assert used_us <= sum(cost for at_s, cost in sent if at_s + HOUR_S + 1.0 > now_s)


@given(STEPS, st.integers(1, 3_000_000))
def test_after_the_wait_there_is_room_and_just_before_there_is_none(
    steps: list[tuple[float, int]], cost_us: int
) -> None:
    hour, now_s, most_us = AirHour(), 0.0, 5_000_000
    for pause_s, sent_us in steps:
        now_s += pause_s
        hour.add(sent_us, now_s)
    wait_s = hour.wait_s(cost_us, most_us, now_s)
    assert wait_s < math.inf
    if wait_s > 0:
        assert hour.used_us(now_s + wait_s * 0.999_999) + cost_us > most_us
    assert hour.used_us(now_s + wait_s + 1e-6) + cost_us <= most_us


def test_an_hour_is_an_hour_to_the_moment() -> None:
    hour = AirHour()
    hour.add(5, 100.0)
    assert hour.used_us(100.0 + HOUR_S - 1e-3) == 5
    assert hour.used_us(100.0 + HOUR_S) == 0


def test_what_is_sent_within_a_second_is_over_together_with_the_last_of_it() -> None:
    hour = AirHour()
    for at_s in (0.0, 0.9, 1.5):  # the last one is in another second
        hour.add(1, at_s)
    used = [hour.used_us(HOUR_S + at_s) for at_s in (0.0, 0.8, 0.9, 1.4, 1.5)]
    assert used == [3, 3, 1, 1, 0]


def test_what_is_more_than_the_whole_never_fits() -> None:
    assert AirHour().wait_s(2, 1, 0.0) == math.inf


def test_its_memory_has_a_bound_however_much_is_sent() -> None:
    hour = AirHour()
    for step in range(40_000):
        hour.add(1, step * 0.1)
    assert len(hour) <= 3_601
    assert hour.used_us(4_000.0) >= 35_990
    assert hour.used_us(4_000.0 + HOUR_S) == 0
