import time
from collections.abc import Iterator

import pytest

from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.page.days import MAX_DAYS, days_of, loss_moments
from meshbot.model.cause import Cause
from tests.diagnosis.made import DAY_S, HOUR_S, NOON_S, history, lost_at, session
from tests.diagnosis.sample_weeks import sample_history

pytestmark = pytest.mark.slow


@pytest.fixture
def in_paris(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_losses_are_counted_in_their_hour() -> None:
    (day,) = days_of(lost_at(NOON_S, NOON_S + 1_000, NOON_S + HOUR_S))
    assert day.losses[11:15] == [0, 2, 1, 0]
    assert day.count == 3


def test_an_hour_is_that_of_the_local_clock(in_paris: None) -> None:
    made = lost_at(NOON_S)
    made.in_utc = False
    (day,) = days_of(made)
    assert day.losses.index(1) == 14  # summer


def test_a_reset_counts_where_the_node_can_have_died() -> None:
    made = lost_at(NOON_S + 10)
    made.losses[0].cause = Cause.RESET
    made.losses[0].heard_s = NOON_S - 10
    assert days_of(made)[0].losses.index(1) == 11


def test_what_began_before_the_time_asked_for_counts_at_its_start() -> None:
    made = lost_at(NOON_S)
    made.losses[0].began_s = NOON_S - 2 * DAY_S
    made.losses[0].cause = Cause.SILENCE
    made.leave_out_before(NOON_S - 60)
    assert [day.count for day in days_of(made)] == [1]


def test_hours_in_which_the_bot_did_not_run_are_known() -> None:
    (day,) = days_of(history(session(NOON_S + 1_800, NOON_S + 2 * HOUR_S + 60, cause=None)))
    assert [hour for hour in range(24) if day.ran[hour]] == [12, 13, 14]
    assert day.uptime == 1.0


def test_a_day_without_the_bot_has_no_availability() -> None:
    days = days_of(
        history(
            session(NOON_S, NOON_S + HOUR_S, cause=None),
            session(NOON_S + 2 * DAY_S, NOON_S + 2 * DAY_S + HOUR_S, cause=None),
        )
    )
    made_up = [day.uptime for day in days]
    assert len(days) == 3 and made_up[0] is not None
    # in between the bot ran without a link all the time
    assert made_up[1] == 0.0 and days[1].down_s == DAY_S


def test_the_days_when_clocks_change_have_23_and_25_hours(in_paris: None) -> None:
    for noon_s, hours in ((1_774_778_400.0, 23), (1_792_926_000.0, 25)):
        made = history(session(noon_s - 2 * DAY_S, noon_s + 2 * DAY_S, cause=None), in_utc=False)
        lengths = {(day.end_s - day.start_s) / HOUR_S for day in days_of(made)}
        assert lengths == {24.0, float(hours)}
        assert all(all(day.ran[1:23]) for day in days_of(made)[1:-1])


@pytest.mark.parametrize("name", ["crashes, back at once", "steady Wi-Fi"])
def test_days_add_up_to_the_history(name: str) -> None:
    made = sample_history(name, days=20)
    days = days_of(made)
    assert sum(day.count for day in days) == len(made.losses) > 50
    assert sum(day.up_s for day in days) == pytest.approx(made.up_s)
    assert sum(day.down_s for day in days) == pytest.approx(made.down_s)


def test_losses_during_the_sending_of_the_database_count_too() -> None:
    made = sample_history("dump at each start")
    assert len(made.dump_losses) > 3
    assert sum(day.count for day in days_of(made)) == len(made.dump_losses) + len(made.losses)


def test_only_the_last_days_are_kept() -> None:
    made = lost_at(NOON_S - 200 * DAY_S, NOON_S - 10 * DAY_S, NOON_S)
    days = days_of(made)
    assert len(days) == MAX_DAYS
    assert sum(day.count for day in days) == 2 < len(loss_moments(made))


def test_nothing_has_no_days() -> None:
    assert days_of(LinkHistory()) == []


def test_a_clock_that_was_decades_off_costs_no_time() -> None:
    made = lost_at(NOON_S)
    made.first_s = 86_400.0
    made.down_spans.insert(0, (86_400.0, NOON_S - HOUR_S))
    made.losses.insert(0, Loss(86_400.0, 86_400.0, Cause.FIN))
    days = days_of(made)
    assert len(days) == MAX_DAYS and sum(day.count for day in days) == 1
