"""What recurs by the clock is found, and what only comes in bad hours is not."""

import random
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import accumulate

import pytest

from meshbot.diagnosis.schedule import Schedule, find_schedule
from meshbot.diagnosis.schedule_text import schedule_text
from tests.diagnosis.made import DAY_S, HOUR_S, NOON_S

MIDNIGHT_S = NOON_S - 12 * HOUR_S
MANY = 200


def at_hours(days: int, *hours: float, every_days: int = 1) -> list[float]:
    return [
        MIDNIGHT_S + day * DAY_S + hour * HOUR_S
        for day in range(0, days, every_days)
        for hour in sorted(hours)
    ]


def found_in(moments_s: list[float]) -> Schedule:
    schedule = find_schedule(moments_s, in_utc=True)
    assert schedule is not None
    return schedule


# -- An interval -------------------------------------------------------------------------------


@pytest.mark.parametrize("period_s", [346.0, 600.0, 900.0, 3_600.0, 21_600.0])
def test_an_interval_is_found_whatever_it_is(period_s: float) -> None:
    rng = random.Random(1)
    moments_s = [NOON_S + n * period_s + rng.uniform(-2.0, 2.0) for n in range(30)]
    schedule = found_in(moments_s)
    assert schedule.period_s == pytest.approx(period_s, rel=0.02)
    assert schedule.hours is None and schedule.weekday is None
    assert len(schedule.members) == schedule.total == 30
    assert schedule.share == 1.0


def test_an_interval_is_found_among_others_and_through_gaps() -> None:
    rng = random.Random(2)
    ticks_s = [NOON_S + n * 900.0 for n in range(200) if n % 9 != 4]
    others_s = [NOON_S + rng.uniform(0.0, 200 * 900.0) for _ in range(30)]
    moments_s = sorted(ticks_s + others_s)
    schedule = found_in(moments_s)
    assert schedule.period_s == pytest.approx(900.0, rel=0.02)
    members = {moments_s[place] for place in schedule.members}
    assert len(members & set(ticks_s)) > 0.7 * len(ticks_s)


def test_sessions_that_die_at_one_early_age_keep_no_time() -> None:
    """They come back as often as they are reopened: that is the reconnection's clock."""
    moments_s = [NOON_S + n * 160.0 for n in range(40)]
    assert find_schedule(moments_s, in_utc=True) is not None
    assert find_schedule(moments_s, [140.0] * 40, in_utc=True) is None


# -- A time of day, a day of the week ----------------------------------------------------------


def test_four_in_the_morning_is_found() -> None:
    schedule = found_in(at_hours(7, 4.01))
    assert schedule.hours is not None and schedule.period_s is None
    start, end = schedule.hours
    assert start <= 4.01 < end <= start + 1.0


def test_afternoons_are_found_over_midnight_too() -> None:
    rng = random.Random(3)
    for first, last in ((13.0, 18.0), (22.0, 26.0)):
        moments_s = sorted(
            at_s
            for day in range(8)
            for at_s in at_hours(1, *(rng.uniform(first, last) for _ in range(4)))
            for at_s in [at_s + day * DAY_S]
        )
        hours = found_in(moments_s).hours
        assert hours is not None
        middle = (hours[0] + (hours[1] - hours[0]) % 24 / 2) % 24
        assert abs((middle - (first + last) / 2 + 12) % 24 - 12) < 2.0


def test_a_day_of_the_week_is_found() -> None:
    rng = random.Random(4)
    sundays = [5 + 7 * week for week in range(8)]  # the first day is a Tuesday
    moments_s = sorted(
        MIDNIGHT_S + day * DAY_S + rng.uniform(0.0, DAY_S) for day in sundays for _ in range(3)
    )
    schedule = found_in(moments_s)
    assert (schedule.weekday, schedule.period_s, schedule.hours) == (6, None, None)


def test_one_bad_night_is_no_schedule() -> None:
    assert find_schedule(at_hours(1, *(4 + n / 17 + n * n / 90 for n in range(12)))) is None


@pytest.fixture
def in_paris(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_paris")
def test_the_local_clock_counts_where_days_are_known() -> None:
    """A box that restarts at four does so in summer and in winter."""
    days = [datetime(2026, 10, day, 4, 1).timestamp() for day in range(18, 32)]
    schedule = find_schedule(days)
    assert schedule is not None and schedule.hours is not None
    assert schedule.hours[0] <= 4.02 < schedule.hours[1]


# -- Chance ------------------------------------------------------------------------------------


def scattered(rng: random.Random) -> list[float]:
    return list(accumulate((rng.expovariate(5 / DAY_S) for _ in range(40)), initial=NOON_S))


def in_bad_hours(rng: random.Random) -> list[float]:
    begins_s = [NOON_S + rng.uniform(0.0, 7 * DAY_S) for _ in range(9)]
    return sorted(at_s + rng.uniform(0.0, HOUR_S) for at_s in begins_s for _ in range(6))


@pytest.mark.slow
@pytest.mark.parametrize("make", [scattered, in_bad_hours])
def test_losses_that_follow_no_clock_are_hardly_ever_said_to(
    make: Callable[[random.Random], list[float]],
) -> None:
    found = sum(find_schedule(make(random.Random(n)), in_utc=True) is not None for n in range(MANY))
    assert found <= 0.01 * MANY


def test_few_moments_are_no_schedule() -> None:
    assert find_schedule([], in_utc=True) is None
    assert find_schedule(at_hours(3, 4.0), in_utc=True) is None


# -- In words ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("period_s", "text"),
    [
        (346.2, "toutes les 346 s"),
        (300.4, "toutes les 5 min"),
        (598.9, "toutes les 10 min"),
        (3_600.0, "toutes les heures"),
        (5_400.0, "toutes les 1 h 30 min"),
        (21_610.0, "toutes les 6 h"),
    ],
)
def test_an_interval_is_said_as_people_say_it(period_s: float, text: str) -> None:
    assert schedule_text(Schedule(0.001, frozenset(), 5, period_s=period_s)) == text


@pytest.mark.parametrize(
    ("hours", "text"),
    [
        ((4.0, 4.25), "chaque jour vers 04:00"),
        ((23.5, 0.25), "chaque jour vers 23:30"),
        ((13.0, 17.75), "surtout entre 13:00 et 17:45"),
        ((22.0, 2.0), "surtout entre 22:00 et 02:00"),
    ],
)
def test_a_time_of_day_is_said_as_people_say_it(hours: tuple[float, float], text: str) -> None:
    assert schedule_text(Schedule(0.001, frozenset(), 5, hours=hours)) == text


def test_a_day_of_the_week_has_its_name() -> None:
    assert schedule_text(Schedule(0.001, frozenset(), 5, weekday=6)) == "le dimanche"
