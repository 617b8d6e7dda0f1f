"""The air budget: no hour over it, the node's limit kept, and a way back from every answer."""

import math
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshbot.messages.air_budget import (
    ASK_AGAIN_S,
    CHANNEL_STALE_S,
    STALE_S,
    AirBudget,
    AirBudgetSettings,
)
from meshbot.messages.air_hour import HOUR_S
from meshbot.messages.air_limit import AirLimit
from meshbot.model.lora_airtime import LONG_FAST, preset_settings
from tests.support.clock import Clock
from tests.support.limits import WAIT_S

USUAL = AirBudgetSettings(total_percent=5.0, strangers_percent=1.0)


def budget_at(clock: Clock, settings: AirBudgetSettings = USUAL) -> AirBudget:
    return AirBudget(settings, clock)


def spend(budget: AirBudget, cost_s: float, *, stranger: bool) -> int:
    """Send texts until one has to wait; return how many went."""
    sent = 0
    while not budget.wait_s(cost_s, stranger=stranger):
        budget.charge(cost_s, stranger=stranger)
        sent += 1
    return sent


def test_a_text_costs_its_time_on_air() -> None:
    # 16 + 2 + 3 + 200 + 5 + 2 + 12 bytes at SF11, 250 kHz, 4/5: 248.25 symbols of 8.192 ms.
    assert AirBudget.cost_s(LONG_FAST, 200, sealed=True) == pytest.approx(248.25 * 8.192e-3)
    assert AirBudget.cost_s(None, 200, sealed=True) == AirBudget.cost_s(LONG_FAST, 200, sealed=True)
    assert AirBudget.cost_s(LONG_FAST, 200, sealed=False) < AirBudget.cost_s(
        LONG_FAST, 200, sealed=True
    )
    slow, fast = preset_settings(1), preset_settings(6)
    assert AirBudget.cost_s(slow, 50, sealed=True) > 20 * AirBudget.cost_s(fast, 50, sealed=True)


def test_strangers_have_a_share_of_what_all_have() -> None:
    clock = Clock(0.0)
    budget = budget_at(clock)
    assert spend(budget, 2.0, stranger=True) == 18  # 36 s
    assert budget.limit_on(2.0, stranger=True) is AirLimit.STRANGERS
    assert budget.limit_on(2.0, stranger=False) is None
    assert spend(budget, 2.0, stranger=False) == 72  # 180 s in all
    assert budget.limit_on(2.0, stranger=False) is AirLimit.TOTAL
    assert budget.used_percent() == (5.0, 1.0)


def test_the_wait_is_until_the_first_texts_are_an_hour_old() -> None:
    clock = Clock(0.0)
    budget = budget_at(clock)
    budget.charge(30.0, stranger=True)
    clock.now_s += 600
    assert budget.wait_s(6.0, stranger=True) == 0.0
    assert budget.wait_s(7.0, stranger=True) == HOUR_S - 600
    assert budget.wait_s(36.1, stranger=True) == math.inf
    clock.now_s += HOUR_S - 600
    assert budget.wait_s(36.0, stranger=True) == 0.0


@given(
    st.lists(
        st.tuples(
            st.floats(0, 400, allow_nan=False) | st.sampled_from([0.0, HOUR_S, 1e7]),
            st.floats(0.01, 15, allow_nan=False),
            st.booleans(),
            st.sampled_from([None, None, 0.0, 3.0, 8.9, math.nan, 101.0]),
        ),
        max_size=120,
    ),
    st.sampled_from([None, 1.0, 2.5, 10.0]),
)
def test_no_hour_has_more_than_the_budget_whatever_the_order(
    steps: list[tuple[float, float, bool, float | None]], allowed_percent: float | None
) -> None:
    clock = Clock(0.0)
    budget = budget_at(clock)
    budget.note_node(None, None, allowed_percent)
    sent: list[tuple[float, float, bool]] = []
    for pause_s, cost_s, stranger, air_percent in steps:
        clock.now_s += pause_s
        budget.note_node(air_percent, None, allowed_percent)
        if budget.wait_s(cost_s, stranger=stranger):
            continue
        budget.charge(cost_s, stranger=stranger)
        sent.append((clock.now_s, cost_s, stranger))
        hour = [item for item in sent if item[0] + HOUR_S > clock.now_s]
        total_percent = 5.0 if allowed_percent is None else min(5.0, allowed_percent / 2)
        assert sum(cost for _, cost, _ in hour) <= total_percent * 36 + 1e-9
        assert sum(cost for _, cost, of_stranger in hour if of_stranger) <= 36 + 1e-9


# -- What the region allows ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("allowed_percent", "total", "strangers"),
    [(None, 5.0, 1.0), (100.0, 5.0, 1.0), (10.0, 5.0, 1.0), (2.5, 1.25, 0.625), (1.0, 0.5, 0.25)],
)
def test_the_bot_takes_at_most_half_of_what_the_region_allows_the_node(
    allowed_percent: float | None, total: float, strangers: float
) -> None:
    budget = budget_at(Clock(0.0))
    budget.note_node(None, None, allowed_percent)
    assert budget.limit_percent(AirLimit.TOTAL) == total
    assert budget.limit_percent(AirLimit.STRANGERS) == strangers
    assert spend(budget, 1.0, stranger=False) == int(total * 36)


def test_strangers_who_may_have_everything_may_have_everything_of_less_as_well() -> None:
    budget = budget_at(Clock(0.0), AirBudgetSettings(4.0, 4.0))
    budget.note_node(None, None, 1.0)
    assert budget.limit_percent(AirLimit.STRANGERS) == 0.5


def test_the_node_is_never_taken_into_its_own_limit() -> None:
    clock = Clock(0.0)
    budget = budget_at(clock)
    budget.note_node(8.5, 4.0, 10.0)
    assert spend(budget, 2.0, stranger=False) == 9  # 18 s are what is left below 9 %
    assert budget.limit_on(2.0, stranger=False) is AirLimit.NODE
    assert budget.wait_s(2.0, stranger=False) == ASK_AGAIN_S


def test_what_the_node_reports_has_our_texts_in_it_already() -> None:
    clock = Clock(0.0)
    budget = budget_at(clock)
    budget.note_node(6.0, 4.0, 10.0)
    assert spend(budget, 2.0, stranger=False) == 54  # 108 s: from 6 to 9 %
    clock.now_s += 60
    budget.note_node(9.0, 4.0, 10.0)
    assert budget.wait_s(2.0, stranger=False) == ASK_AGAIN_S
    clock.now_s += 60
    budget.note_node(8.0, 4.0, 10.0)
    assert spend(budget, 2.0, stranger=False) == 18  # again 36 s, not none


@pytest.mark.parametrize("nonsense", [math.nan, math.inf, -1.0, 101.0, None])
def test_nonsense_of_the_node_changes_nothing(nonsense: float | None) -> None:
    clock = Clock(0.0)
    budget = budget_at(clock)
    budget.note_node(nonsense, nonsense, 10.0)
    assert budget.wait_s(2.0, stranger=True) == 0.0
    assert not budget.is_busy(stranger=True)
    budget.note_node(9.5, 4.0, 10.0)
    budget.note_node(nonsense, nonsense, 10.0)
    assert budget.wait_s(2.0, stranger=True) == ASK_AGAIN_S


@pytest.mark.parametrize("nonsense", [math.nan, math.inf, -1.0, 0.0, 101.0])
def test_a_region_that_makes_no_sense_is_no_limit(nonsense: float) -> None:
    budget = budget_at(Clock(0.0))
    budget.note_node(50.0, 4.0, nonsense)
    assert budget.wait_s(2.0, stranger=False) == 0.0


def test_a_figure_that_is_never_renewed_does_not_lock_the_bot_out() -> None:
    clock = Clock(0.0)
    budget = budget_at(clock)
    budget.note_node(50.0, 99.0, 10.0)
    assert budget.is_busy(stranger=True) and budget.wait_s(2.0, stranger=False) == ASK_AGAIN_S
    clock.now_s += STALE_S - 10
    assert budget.wait_s(2.0, stranger=False) == 10
    clock.now_s += 10
    assert budget.wait_s(2.0, stranger=False) == 0.0
    assert not budget.is_busy(stranger=True)


def test_the_smallest_text_costs_something() -> None:
    budget = budget_at(Clock(0.0))
    for _ in range(10):
        budget.charge(1e-9, stranger=False)
    assert budget.used_percent()[0] > 0


def test_threads_that_charge_at_once_are_all_counted() -> None:
    budget = budget_at(Clock(0.0), AirBudgetSettings(100.0, 100.0))

    def charge() -> None:
        for _ in range(500):
            budget.charge(0.001, stranger=True)
            budget.wait_s(1.0, stranger=True)
            budget.note_node(1.0, 1.0, 10.0)

    threads = [threading.Thread(target=charge) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert budget.used_percent() == pytest.approx((2 / 36, 2 / 36))


def test_a_node_that_refused_says_for_how_long() -> None:
    clock = Clock(0.0)
    budget = budget_at(clock)
    budget.note_mute(420.0)
    assert budget.limit_on(1.0, stranger=False) is AirLimit.NODE
    assert budget.wait_s(1.0, stranger=False) == 420.0
    assert budget.is_busy(stranger=True)
    clock.now_s += 420.0
    assert budget.wait_s(1.0, stranger=False) == 0.0
    assert not budget.is_busy(stranger=True)


def test_a_node_that_restarted_is_mute_no_more() -> None:
    budget = budget_at(Clock(0.0))
    budget.note_mute(420.0)
    budget.note_mute(-math.inf)
    assert budget.wait_s(1.0, stranger=False) == 0.0


def test_another_region_counts_from_the_next_report_on() -> None:
    budget = budget_at(Clock(0.0))
    budget.note_node(5.0, 4.0, 1.0)
    assert budget.limit_on(1.0, stranger=False) is AirLimit.NODE
    budget.note_node(5.0, 4.0, None)
    assert budget.limit_on(1.0, stranger=False) is None


# -- Busy, retries, attacks ------------------------------------------------------------------------


def test_a_busy_channel_is_busy_for_as_long_as_that_is_news() -> None:
    clock = Clock(0.0)
    budget = budget_at(clock)
    budget.note_node(0.0, 24.9, 10.0)
    assert not budget.is_busy(stranger=True)
    budget.note_node(0.0, 25.0, 10.0)
    assert budget.is_busy(stranger=True)
    clock.now_s += CHANNEL_STALE_S
    assert not budget.is_busy(stranger=True)


@pytest.mark.parametrize(("stranger", "cost_s"), [(True, 18.1), (False, 90.1)])
def test_more_than_half_of_a_share_is_busy(stranger: bool, cost_s: float) -> None:
    clock = Clock(0.0)
    budget = budget_at(clock)
    budget.charge(cost_s - 0.2, stranger=stranger)
    assert not budget.is_busy(stranger=True)
    budget.charge(0.2, stranger=stranger)
    assert budget.is_busy(stranger=True)
    clock.now_s += HOUR_S + 1
    assert not budget.is_busy(stranger=True)


def test_a_text_given_up_by_the_node_costs_three_times_as_much() -> None:
    budget = budget_at(Clock(0.0))
    budget.charge(2.0, stranger=True)
    budget.charge_retries(2.0, stranger=True)
    assert budget.used_percent() == pytest.approx((6 / 36, 6 / 36))


def test_an_hour_of_a_flood_that_nobody_confirms_stays_near_the_share() -> None:
    """Each text is given up 21 s after it went: eight are under way when the first is known."""
    clock = Clock(0.0)
    budget = budget_at(clock)
    cost_s = AirBudget.cost_s(LONG_FAST, 200, sealed=True)
    given_up: list[float] = []
    for _ in range(int(2 * HOUR_S / 2.5)):
        clock.now_s += 2.5
        while given_up and given_up[0] <= clock.now_s:
            given_up.pop(0)
            budget.charge_retries(cost_s, stranger=True)
        if not budget.wait_s(cost_s, stranger=True):
            budget.charge(cost_s, stranger=True)
            given_up.append(clock.now_s + 21.0)
        assert budget.used_percent()[1] < 2.0
