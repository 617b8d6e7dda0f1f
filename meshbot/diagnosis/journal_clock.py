"""Dates the lines of a text journal. Pure.

Lines begin with what ``journalctl`` or syslog puts in front of the bot's words (``short``,
``short-iso``, ``short-precise``, ``short-full``, ``short-unix``), or with nothing. Where only the
time of day is written, midnight is noticed by the time going back; where the year is missing, the
months count it.
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
TIME_OF_DAY = r"(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d):(?P<second>[0-5]\d|60)"

_ISO = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[T ]" + TIME_OF_DAY + r"(?:[.,]\d+)?"
    r"(?: ?(?P<zone>Z|UTC|[+-]\d\d:?\d\d))?"
)
_SYSLOG = re.compile(
    r"(?P<name>(?:de )?\S{2,15}) +(?P<day>\d{1,2}) " + TIME_OF_DAY + r"(?:[.,]\d+)?\s"
)
_UNIX = re.compile(r"(?P<seconds>\d{9,10})\.\d+\s")


class JournalClock:
    """Tells when the lines of one journal were written, in their order. Owned by one thread."""

    def __init__(self, now_s: float) -> None:
        """Take the present, for years and days that are not written."""
        self._now_s = now_s
        self._months = MonthNames()
        self._last_day: date | None = None
        self._in_second_hour = False
        """Whether an hour that comes twice in autumn has begun again."""
        self._shift_s = 0.0
        """What a clock without dates was set back by in autumn."""
        self.last_s: float | None = None
        """The time of the last line that had one."""
        self.has_dates = True
        """Whether the lines say which day they are of; without, days count from today."""

    def dated(self, prefix: str) -> float | None:
        """Return the time that a line's prefix gives, or None where there is none."""
        unix = _UNIX.match(prefix)
        if unix is not None:
            return self._in_order(float(unix["seconds"]))
        written = _ISO.search(prefix)
        if written is not None:
            return self._at(written, int(written["year"]), int(written["month"]), written["zone"])
        written = _SYSLOG.match(prefix)
        month = self._months.month(written["name"]) if written is not None else None
        if written is None or month is None:
            return None
        return self._at(written, self._year_of(month, int(written["day"])), month, None)

    def by_time_of_day(self, written: re.Match[str]) -> float:
        """Return the time of a line without a date: not long before the last one's."""
        of_day_s = (
            int(written["hour"]) * HOUR_S
            + int(written["minute"]) * 60.0
            + int(written["second"])
            + self._shift_s
        ) % DAY_S
        self.has_dates = False
        if self.last_s is None:
            midnight = datetime.fromtimestamp(self._now_s).replace(
                hour=0, minute=0, second=0, microsecond=0, tzinfo=UTC
            )
            return self._in_order(midnight.timestamp() + of_day_s)
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
        today = datetime.fromtimestamp(self._now_s)
        last = self._last_day
        year = last.year if last is not None else today.year
        if last is not None and last.month - month > 6:
            year += 1
        if last is None and (month, day) == (2, 29):
            while not isleap(year) or date(year, month, day) > today.date():
                year -= 1
        try:
            if last is None and date(year, month, day) > (today + timedelta(days=2)).date():
                year -= 1
            self._last_day = date(year, month, day)
        except ValueError:
            pass  # no such day: said later on
        return year

    def _in_order(self, wall_s: float) -> float:
        """Return a time that does not run back for a little disorder."""
        last_s = self.last_s
        if last_s is not None and last_s - DISORDER_S <= wall_s < last_s:
            return last_s
        self.last_s = wall_s
        return wall_s


def _zone(text: str) -> tzinfo:
    if text in ("Z", "UTC"):
        return UTC
    sign = -1 if text[0] == "-" else 1
    digits = text[1:].replace(":", "")
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
