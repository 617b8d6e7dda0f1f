"""Dates the lines of a text journal. Pure.

Lines begin with what ``journalctl`` or syslog puts in front of the bot's words (``short``,
``short-iso``, ``short-precise``, ``short-full``, ``short-unix``, ``short-monotonic``), or with
nothing. Where only the time of day is written, midnight is noticed by the time going back; where
the year is missing, the months count it; where only the time since the machine's start is written,
days count from today.
"""

import math
import re
from calendar import isleap
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from meshbot.diagnosis.month_names import MonthNames

DAY_S = 86_400.0
HOUR_S = 3_600.0
OLDEST_YEAR = 1970
DISORDER_S = 300.0
"""Lines of several writers may be out of order by this much, and a clock set back by it."""
AHEAD = timedelta(days=2)
"""The latest day that is not in the future, whatever the zone."""
LONG_STEP = timedelta(days=60)
TIME_OF_DAY = r"(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d):(?P<second>[0-5]\d|60)"

_ZONE = r"(?: ?(?P<zone>Z|UTC|[+-]\d\d:?\d\d))?"
_ISO = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[T ]" + TIME_OF_DAY + r"(?:[.,]\d+)?" + _ZONE
)
_SYSLOG = re.compile(
    r"(?P<name>(?:de )?\S{2,15}) +(?P<day>\d{1,2}) " + TIME_OF_DAY + r"(?:[.,]\d+)?\s"
)
_FAR_EAST = re.compile(
    r"(?P<year>\d{4})[年년] ?(?P<month>\d{1,2})[月월] ?(?P<day>\d{1,2})[日일]\D{0,12}?"
    + TIME_OF_DAY
)
_UNIX = re.compile(r"(?P<seconds>\d{1,10}\.\d{6})\s")
_SINCE_BOOT = re.compile(r"\[ *(?P<seconds>\d{1,9}\.\d{6})(?: <[^>]{0,20}>)?\]\s")
_SECOND = re.compile(r"(?P<second>[0-5]\d)(?:[.,]\d+)?" + _ZONE + r"\s")
_CLOCK_AT_END = re.compile(TIME_OF_DAY + r"\s*$")


class JournalClock:
    """Tells when the lines of one journal were written, in their order. Owned by one thread."""

    def __init__(self, now_s: float, language: str = "") -> None:
        """Take the present, for years and days that are not written, and this machine's language.

        The language tells the months of names that mean two.
        """
        self._now_s = now_s
        self._months = MonthNames(language)
        self._last_day: date | None = None
        self._latest_day: date | None = None
        """The same, but not set back by a clock that has lost the time."""
        self._in_second_hour = False
        """Whether an hour that comes twice in autumn has begun again."""
        self._shift_s = 0.0
        """What a clock without dates was set back by in autumn."""
        self._boot_s: float | None = None
        """When the machine started, for lines that say the time since."""
        self._minute: tuple[str, str | None, float] | None = None
        """How the last dated line began, down to its minute, with its zone and that minute."""
        self._seen_minute = ""
        """How the last line that had a time began, down to its minute."""
        self.last_s: float | None = None
        """The time of the last line that had one."""
        self.has_dates = True
        """Whether the lines say which day they are of; without, days count from today."""

    def in_last_minute(self, line: str) -> bool:
        """Say whether a line is of the same minute as the last one that had a time."""
        return bool(self._seen_minute) and line.startswith(self._seen_minute)

    def dated(self, prefix: str) -> float | None:
        """Return the time that a line's prefix gives, or None where there is none."""
        if self._minute is not None and prefix.startswith(self._minute[0]):
            begins, zone, minute_s = self._minute
            second = _SECOND.match(prefix, len(begins))
            if second is not None and second["zone"] == zone:
                return self._in_order(minute_s + int(second["second"]))
        unix = _UNIX.match(prefix)
        if unix is not None:
            return self._in_order(float(unix["seconds"]))
        written = _ISO.search(prefix) or _FAR_EAST.search(prefix)
        if written is not None:
            zone = written.groupdict().get("zone")
            return self._at(written, int(written["year"]), int(written["month"]), zone)
        since_boot = _SINCE_BOOT.match(prefix)
        if since_boot is not None:
            return self._since_boot(float(since_boot["seconds"]), prefix)
        written = _SYSLOG.match(prefix)
        month = self._months.month(written["name"]) if written is not None else None
        if written is None or month is None:
            return None
        return self._at(written, self._year_of(month, int(written["day"])), month, None)

    def by_time_of_day(self, written: re.Match[str]) -> float:
        """Return the time of a line without a date: not long before the last one's."""
        of_day_s = (_of_day_s(written) + self._shift_s) % DAY_S
        self.has_dates = False
        self._seen_minute = written.string[: written.start("second")]
        if self.last_s is None:
            return self._in_order(self._today_s() + of_day_s)
        last_of_day_s = self.last_s % DAY_S
        back_s = last_of_day_s - of_day_s
        wall_s = self.last_s - back_s
        if 3_000.0 < back_s < 3_700.0 and HOUR_S <= last_of_day_s < 3.1 * HOUR_S:
            wall_s += HOUR_S  # in autumn; otherwise a whole day would be made of it
            self._shift_s += HOUR_S
        elif back_s > DISORDER_S:
            wall_s += DAY_S
        elif back_s < DISORDER_S - DAY_S:
            wall_s -= DAY_S  # a straggler from before midnight
        return self._in_order(wall_s)

    def _today_s(self) -> float:
        """Return the last midnight on local clocks, as a journal without dates is read."""
        midnight = datetime.fromtimestamp(self._now_s).replace(
            hour=0, minute=0, second=0, microsecond=0, tzinfo=UTC
        )
        return midnight.timestamp()

    def _since_boot(self, uptime_s: float, prefix: str) -> float:
        """Return the time of a line that says how long the machine ran, from what went before."""
        self.has_dates = False
        last_s = self.last_s
        if self._boot_s is None or (
            last_s is not None and self._boot_s + uptime_s < last_s - DISORDER_S
        ):
            # The first line, or the machine was started again, nobody knows when.
            self._boot_s = last_s
            if last_s is None:
                clock = _CLOCK_AT_END.search(prefix)
                of_day_s = _of_day_s(clock) if clock is not None else uptime_s % DAY_S
                self._boot_s = self._today_s() + of_day_s - uptime_s
        return self._in_order((self._boot_s or 0.0) + uptime_s)

    def _at(self, written: re.Match[str], year: int, month: int, zone: str | None) -> float | None:
        if year < OLDEST_YEAR:
            return None
        try:
            moment = datetime(
                year,
                month,
                int(written["day"]),
                int(written["hour"]),
                int(written["minute"]),
                min(int(written["second"]), 59),
                tzinfo=_zone(zone) if zone is not None else None,
            )
            wall_s = moment.timestamp() if zone is not None else self._local(moment)
        except (ValueError, OverflowError, OSError):
            return None  # no such day
        self._seen_minute = written.string[: written.start("second")]
        self._minute = (self._seen_minute, zone, wall_s - moment.second)
        return self._in_order(wall_s)

    def _local(self, moment: datetime) -> float:
        """Return a local time; in the hour that autumn repeats the second, once it began."""
        first_s, second_s = moment.timestamp(), moment.replace(fold=1).timestamp()
        earliest_s = self.last_s - DISORDER_S if self.last_s is not None else -math.inf
        if second_s < earliest_s:
            return first_s  # the clock was set back
        if second_s <= first_s:
            self._in_second_hour = False
        elif first_s < earliest_s:
            self._in_second_hour = True
        return second_s if self._in_second_hour else first_s

    def _year_of(self, month: int, day: int) -> int:
        """Return the year of a line that gives none: not in the future, and never back in time."""
        horizon = (datetime.fromtimestamp(self._now_s) + AHEAD).date()
        last, latest = self._last_day, self._latest_day
        if last is None or latest is None:
            year = _first_year(month, day, horizon)
        else:
            year = _next_year(month, day, last, latest, horizon)
        told = _day(year, month, day)
        if told is not None:
            self._last_day = told
            self._latest_day = told if latest is None else max(latest, told)
        return year

    def _in_order(self, wall_s: float) -> float:
        """Return a time that does not run back for a little disorder."""
        last_s = self.last_s
        if last_s is not None and last_s - DISORDER_S <= wall_s < last_s:
            return last_s
        self.last_s = wall_s
        return wall_s


def _of_day_s(clock: re.Match[str]) -> float:
    return int(clock["hour"]) * HOUR_S + int(clock["minute"]) * 60.0 + int(clock["second"])


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None  # said later on


def _first_year(month: int, day: int, horizon: date) -> int:
    """Return the last year in which there was such a day."""
    year = (horizon - AHEAD).year
    if (month, day) == (2, 29):
        while not isleap(year) or date(year, month, day) > horizon:
            year -= 1
    told = _day(year, month, day)
    return year - 1 if told is not None and told > horizon else year


def _next_year(month: int, day: int, last: date, latest: date, horizon: date) -> int:
    """Return the year of a day that follows ``last``; ``latest`` is the latest day so far."""
    for year in (last.year, last.year + 1):
        told = _day(year, month, day)
        if told is not None and latest <= told <= horizon:
            return year
    known = latest <= horizon  # a journal of many years, guessed too late, goes on beyond it
    if last.month - month > 6:
        return last.year if known else last.year + 1
    told = _day(last.year, month, day)
    if known and told is not None and told > horizon and told - last > LONG_STEP:
        return last.year - 1  # a clock that has lost the time
    return last.year


def _zone(text: str) -> tzinfo:
    if text in ("Z", "UTC"):
        return UTC
    sign = -1 if text[0] == "-" else 1
    digits = text[1:].replace(":", "")
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
