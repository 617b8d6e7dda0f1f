"""Whose text is next, and when."""

import threading

import pytest

from meshbot.messages.text_turn import (
    ASKED_S,
    IDLE_TURN_S,
    UNDER_WAY_S,
    TextTurn,
    TurnSide,
    pause_s,
)
from tests.support.clock import Clock
from tests.support.limits import WAIT_S

BOT, GUESTS = TurnSide.BOT, TurnSide.GUESTS


@pytest.fixture
def clock() -> Clock:
    return Clock(100.0)


@pytest.fixture
def turn(clock: Clock) -> TextTurn:
    return TextTurn(clock)


def test_the_first_text_may_go_at_once(turn: TextTurn) -> None:
    assert turn.wait(BOT, 0.0)


def test_the_pause_after_a_text_holds_for_both(turn: TextTurn, clock: Clock) -> None:
    assert turn.try_take(GUESTS) == 0.0
    turn.given(GUESTS, 2.5)
    assert not turn.wait(BOT, 0.0)
    assert turn.try_take(GUESTS) == pytest.approx(2.5)
    clock.now_s += 2.5
    assert turn.wait(BOT, 0.0)


def test_a_turn_without_a_text_takes_no_pause(turn: TextTurn) -> None:
    assert turn.try_take(GUESTS) == 0.0
    turn.leave(GUESTS)
    assert turn.wait(BOT, 0.0)


def test_where_both_wait_they_alternate(turn: TextTurn, clock: Clock) -> None:
    order = []
    assert turn.try_take(BOT) == 0.0
    turn.given(BOT, 2.5)
    for _ in range(6):
        clock.now_s += 2.0
        turn.try_take(BOT)
        turn.try_take(GUESTS)
        clock.now_s += 0.5
        for side in (GUESTS, BOT, GUESTS, BOT):  # who asks first has nothing of it
            if turn.try_take(side) == 0.0:
                order.append(side)
                turn.given(side, 2.5)
                break
    assert order == [GUESTS, BOT] * 3


def test_who_asks_no_more_is_waited_for_a_moment_only(turn: TextTurn, clock: Clock) -> None:
    assert turn.try_take(BOT) == 0.0
    turn.try_take(GUESTS)
    turn.given(BOT, 0.0)
    assert 0 < turn.try_take(BOT) <= ASKED_S
    clock.now_s += ASKED_S
    assert turn.try_take(BOT) == 0.0


def test_who_makes_his_text_for_too_long_loses_his_turn(turn: TextTurn, clock: Clock) -> None:
    assert turn.wait(BOT, 0.0)
    assert turn.try_take(GUESTS) == pytest.approx(IDLE_TURN_S)
    clock.now_s += IDLE_TURN_S
    assert turn.try_take(GUESTS) == 0.0
    assert not turn.begin(BOT)
    turn.leave(BOT)
    assert turn.begin(GUESTS), "who lost it ends nobody's turn"


def test_who_makes_his_text_for_long_keeps_his_turn_if_nobody_waits(
    turn: TextTurn, clock: Clock
) -> None:
    assert turn.wait(BOT, 0.0)
    clock.now_s += 10 * IDLE_TURN_S
    assert turn.begin(BOT)


def test_a_text_under_way_is_waited_for_longer_but_not_for_ever(
    turn: TextTurn, clock: Clock
) -> None:
    assert turn.wait(BOT, 0.0)
    assert turn.begin(BOT)
    clock.now_s += UNDER_WAY_S - 1
    assert turn.try_take(GUESTS) > 0
    clock.now_s += 1
    assert turn.try_take(GUESTS) == 0.0


def test_a_wait_ends_with_the_others_turn() -> None:
    turn = TextTurn()
    assert turn.try_take(GUESTS) == 0.0
    waited: list[bool] = []
    thread = threading.Thread(target=lambda: waited.append(turn.wait(BOT, WAIT_S)))
    thread.start()
    turn.leave(GUESTS)
    thread.join(WAIT_S)
    assert waited == [True]


def test_a_wait_ends_when_its_side_is_closed() -> None:
    turn = TextTurn()
    assert turn.try_take(GUESTS) == 0.0
    waited: list[bool] = []
    thread = threading.Thread(target=lambda: waited.append(turn.wait(BOT, WAIT_S)))
    thread.start()
    turn.close(BOT)
    thread.join(WAIT_S)
    assert waited == [False]


def test_who_listens_hears_of_the_end_of_a_turn_that_was_one(turn: TextTurn) -> None:
    heard: list[str] = []
    turn.listen(lambda: heard.append("over"))
    turn.leave(BOT)
    assert heard == []
    assert turn.wait(BOT, 0.0)
    turn.leave(BOT)
    assert heard == ["over"]


@pytest.mark.parametrize(("air_s", "wanted_s"), [(0.0, 2.5), (2.5, 2.5), (5.0, 5.0)])
def test_a_text_that_is_long_on_the_air_makes_a_longer_pause(air_s: float, wanted_s: float) -> None:
    assert pause_s(2.5, air_s) == pytest.approx(wanted_s)
