"""The days of a history: hour by hour how many losses, and whether the bot ran. Pure."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.page.wording import moment_of

MAX_DAYS = 92
HOURS = 24
DAY_S = 86_400.0
QUARTER_S = 900.0
"""Places differ from Greenwich by quarters of an hour: no hour begins within one."""


@dataclass
class Day:
    """A day of the local clock."""

    midnight: datetime
    start_s: float
    end_s: float
    losses: list[int] = field(default_factory=lambda: [0] * HOURS)
    """How many began in each hour."""
    ran: list[bool] = field(default_factory=lambda: [False] * HOURS)
    """Whether the bot ran in some part of each hour."""
    up_s: float = 0.0
    down_s: float = 0.0

    @property
    def count(self) -> int:
        """How many losses began in it."""
        return sum(self.losses)

    @property
    def uptime(self) -> float | None:
        """Which part of the observed time there was a link; None where the bot did not run."""
        observed_s = self.up_s + self.down_s
        return self.up_s / observed_s if observed_s else None


def loss_moments(history: LinkHistory) -> list[float]:
    """Return when losses began, those during the sending of the node's database included."""
    moments_s = [loss.died_s for loss in history.losses]
    moments_s += [at_s for at_s, _ in history.dump_losses]
    # What had begun before the time that was asked for was noticed in it.
    return [max(at_s, history.first_s) for at_s in moments_s]


def days_of(history: LinkHistory) -> list[Day]:
    """Return the last days, the oldest first; none where nothing is known."""
    if history.last_s <= 0:
        return []
    days = _empty_days(history)
    starts_s = [day.start_s for day in days]
    for at_s in loss_moments(history):
        place = bisect_right(starts_s, at_s) - 1
        if place >= 0:
            days[place].losses[moment_of(at_s, history.in_utc).hour] += 1
            days[place].ran[moment_of(at_s, history.in_utc).hour] = True
    ups = ((session.start_s, history.end_of(session)) for session in history.sessions)
    for link, spans in ((True, ups), (False, iter(history.down_spans))):
        for start_s, end_s in spans:
            _add_span(days, starts_s, (start_s, end_s), link=link, in_utc=history.in_utc)
    for day in days:
        _pass_over_missing_hour(day, history.in_utc)
    return days


def _empty_days(history: LinkHistory) -> list[Day]:
    midnight = moment_of(history.last_s, history.in_utc).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    days: list[Day] = []
    while len(days) < MAX_DAYS:
        end_s = (midnight + timedelta(days=1)).timestamp()  # 23 or 25 h twice a year
        if days and end_s <= history.first_s:
            break
        days.append(Day(midnight, midnight.timestamp(), end_s))
        midnight -= timedelta(days=1)
    return days[::-1]


def _add_span(
    days: list[Day],
    starts_s: list[float],
    span: tuple[float, float],
    *,
    link: bool,
    in_utc: bool,
) -> None:
    start_s, end_s = max(span[0], days[0].start_s), min(span[1], days[-1].end_s)
    for place in range(max(bisect_right(starts_s, start_s) - 1, 0), len(days)):
        day = days[place]
        if day.start_s >= end_s:
            break
        from_s, to_s = max(start_s, day.start_s), min(end_s, day.end_s)
        if to_s <= from_s:
            continue
        if link:
            day.up_s += to_s - from_s
        else:
            day.down_s += to_s - from_s
        for at_s in _quarters(from_s, to_s):
            day.ran[moment_of(at_s, in_utc).hour] = True


def _pass_over_missing_hour(day: Day, in_utc: bool) -> None:
    """Let the hour that a day of 23 lacks be as the one before it."""
    if day.end_s - day.start_s >= DAY_S:
        return
    there = {moment_of(at_s, in_utc).hour for at_s in _quarters(day.start_s, day.end_s)}
    for hour in set(range(1, HOURS)) - there:
        day.ran[hour] = day.ran[hour - 1]


def _quarters(from_s: float, to_s: float) -> Iterator[float]:
    """Yield a moment of each quarter of an hour that a time touches."""
    at_s = from_s
    while at_s < to_s:
        yield at_s
        at_s = (at_s // QUARTER_S + 1) * QUARTER_S
