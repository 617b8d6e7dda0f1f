"""Reads the link's events out of a plain-text journal, this bot's or an older one's. Pure.

Lines are ``HH:MM:SS [LEVEL] message``, bare or after what ``journalctl`` or syslog puts in front
(``short``, ``short-iso``, ``short-precise``, ``short-full``, ``short-unix``, in English or
French). Whatever is not about the link is ignored. Where only the time of day is written, midnight
is noticed by the time going back; where the year is missing, the months count it.
"""

import re
import time
from calendar import isleap
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone

from meshbot.model.link_event import EventKind, LinkEvent

MAX_LINE_CHARS = 4_096
DAY_S = 86_400.0
HOUR_S = 3_600.0
OLDEST_YEAR = 1970
SIGN_OF_LIFE_S = 600.0
DISORDER_S = 300.0
"""Lines of several writers may be out of order by this much, and a clock set back by it."""

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("jan", "janv", "gen", "ene"),
            ("feb", "févr", "fév", "fev"),
            ("mar", "mars", "mär", "märz", "mrt"),
            ("apr", "avril", "avr", "abr"),
            ("may", "mai", "mag", "mei"),
            ("jun", "juin", "giu", "juni"),
            ("jul", "juil", "lug", "juli"),
            ("aug", "août", "ago"),
            ("sep", "sept", "set"),
            ("oct", "okt", "ott", "out"),
            ("nov",),
            ("dec", "déc", "dez", "dic"),
        ),
        start=1,
    )
    for name in names
}
_CLOCK = r"(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d):(?P<second>[0-5]\d|60)"
_ISO = re.compile(
    r"(?:\w{2,5}\.? )?(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[T ]" + _CLOCK + r"(?:[.,]\d+)?"
    r"(?: ?(?P<zone>Z|UTC|[+-]\d\d:?\d\d))?"
)
_SYSLOG = re.compile(r"(?P<name>[^\W\d]{3,5})\.? +(?P<day>\d{1,2}) " + _CLOCK + r"(?:[.,]\d+)?\s")
_UNIX = re.compile(r"(?P<seconds>\d{9,10})\.\d+\s")
_BOT_LINE = re.compile(_CLOCK + r" \[(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)\] (?P<message>.*)")
_SYSTEMD = re.compile(r"systemd\[\d+\]: (?:\S+\.service: )?(?P<what>Started|Stopped|Deactivated)\b")

_UNIT = re.compile(r"\bmeshbot\.service\b|\bMeshBot\b")
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")

_Make = Callable[[re.Match[str]], dict[str, object]]


def _nothing(match: re.Match[str]) -> dict[str, object]:
    return {}


_SIGNS = "[\\s\ufe0f✅⚠ℹ🔑🔄🔌🤖👋]*"
"""What may stand before the words; not what stands before names and texts of others."""


def _pattern(text: str) -> re.Pattern[str]:
    """Match a line that begins with ``text``, after the bot's own signs only."""
    return re.compile(_SIGNS + text)


_PATTERNS: tuple[tuple[re.Pattern[str], EventKind, _Make], ...] = (
    (_pattern(r"MeshBot \S+ : "), EventKind.STARTED, lambda m: {"text": "MeshBot"}),
    (_pattern(r"Bot arrêté\s*$"), EventKind.STOPPED, _nothing),
    (_pattern(r"Connexion (?:TCP|série) établie"), EventKind.CONNECTED, _nothing),
    (_pattern(r"Reconnexion (?:TCP|série) réussie"), EventKind.RECONNECTED, _nothing),
    (
        _pattern(r"SILENCE (?:TCP|série): (\d{1,7})s sans paquet"),
        EventKind.SILENCE,
        lambda m: {"seconds": float(m.group(1))},
    ),
    (
        _pattern(
            r"Liaison (?:TCP|série) (?:perdue|fermée) (?:\(.*?\) )?: (.*?)(?: ; nouvel essai.*)?$"
        ),
        EventKind.LOST,
        lambda m: {"text": m.group(1)},
    ),
    (
        _pattern(r"Liaison (?:TCP|série) impossible (?:\(.*?\) )?: (.*?)(?: ; nouvel essai.*)?$"),
        EventKind.NOT_OPENED,
        lambda m: {"text": m.group(1)},
    ),
    (
        _pattern(r"Liaison perdue pendant l'envoi de la base du nœud \((\d{1,6})"),
        EventKind.LOST,
        lambda m: {"count": int(m.group(1)), "text": "pendant l'envoi de la base"},
    ),
    (
        _pattern(r"Le nœud a coupé (\d{1,6}) liaisons"),
        EventKind.CONTESTED,
        lambda m: {"count": int(m.group(1))},
    ),
    (
        _pattern(r"Synchronisation clés publiques programmée dans (\d+(?:[.,]\d+)?)"),
        EventKind.SYNC_SCHEDULED,
        lambda m: {"seconds": float(m.group(1).replace(",", "."))},
    ),
    (
        _pattern("Synchronisation clés publiques skippée"),
        EventKind.SYNC_SKIPPED,
        lambda m: {"text": "flag"},
    ),
    (
        _pattern("Interface changée pendant le délai"),
        EventKind.SYNC_SKIPPED,
        lambda m: {"text": "changed"},
    ),
    (
        _pattern("Reconnexion en cours, skip sync"),
        EventKind.SYNC_SKIPPED,
        lambda m: {"text": "reconnecting"},
    ),
    (_pattern("Starting public key synchronization"), EventKind.SYNC_STARTED, _nothing),
    (
        _pattern(r"SYNC COMPLETE: (\d{1,9})"),
        EventKind.SYNC_COMPLETE,
        lambda m: {"count": int(m.group(1))},
    ),
    (
        # The line that announces an attempt, in whatever words an older bot puts it.
        re.compile(
            r"(?!\W*[📩💬🔑📻📡🐢⛔🛠📨✉])(?:[^:]|TCP:)*?\breconnexion\b"
            r"(?:.*? n°(\d{1,7}))?(?:.*?après : (.*))?"
        ),
        EventKind.ATTEMPT,
        lambda m: {
            "count": int(m.group(1)) if m.group(1) else None,
            "text": m.group(2) or m.string,
        },
    ),
)


class JournalReader:
    """Turns lines into events, one by one; owned by one thread. ``lines`` counts what it saw."""

    def __init__(self, wall_clock: Callable[[], float] = time.time) -> None:
        """Take the present, for years that are not written, from ``wall_clock``."""
        self._now_s = wall_clock()
        self._last_s: float | None = None
        self._last_day: date | None = None
        self._second_hour_s: float | None = None
        """When an hour began again."""
        self._shift_s = 0.0
        """What a clock without dates was set back by in autumn."""
        self._event_s: float | None = None
        """When the last event was."""
        self.lines = 0
        self.has_dates = True
        """Whether the lines say which day they are of; without, days count from today."""

    @property
    def last_s(self) -> float | None:
        """The time of the last line that had one."""
        return self._last_s

    def events(self, lines: Iterable[str]) -> Iterator[LinkEvent]:
        """Return the events of the lines, as they come."""
        for line in lines:
            event = self.read(line)
            if event is not None:
                yield event

    def read(self, line: str) -> LinkEvent | None:
        """Return the event that a line is about, if it is."""
        self.lines += 1
        line = line[:MAX_LINE_CHARS].strip("\x00\ufeff \t\r\n")
        if "\x1b" in line:
            line = _COLOURS.sub("", line)
        bot_line = _BOT_LINE.search(line)
        if bot_line is None:
            systemd = _SYSTEMD.search(line)
            if systemd is None or _UNIT.search(line) is None:
                return None
            wall_s = self._dated(line)
            if wall_s is None:
                return None
            started = systemd.group("what") == "Started"
            return self._event(EventKind.STARTED if started else EventKind.STOPPED, wall_s, {})
        wall_s = self._dated(line[: bot_line.start()])
        if wall_s is None:
            wall_s = self._by_time_of_day(bot_line)
        message = bot_line.group("message")
        for pattern, kind, make in _PATTERNS:
            match = pattern.match(message)
            if match is not None:
                return self._event(kind, wall_s, make(match))
        if self._event_s is not None and wall_s - self._event_s >= SIGN_OF_LIFE_S:
            return self._event(EventKind.ALIVE, wall_s, {})  # whatever it says, the bot ran
        return None

    def _event(self, kind: EventKind, wall_s: float, details: dict[str, object]) -> LinkEvent:
        self._event_s = wall_s
        return LinkEvent(kind, wall_s, **details)  # type: ignore[arg-type]

    # -- Times ---------------------------------------------------------------------------------

    def _dated(self, prefix: str) -> float | None:
        """Return the time that a line's prefix gives, or None where there is none."""
        match = _UNIX.match(prefix)
        if match is not None:
            return self._in_order(float(match.group("seconds")))
        match = _ISO.search(prefix)
        if match is not None:
            return self._of_day(
                match, int(match.group("year")), int(match.group("month")), match.group("zone")
            )
        match = _SYSLOG.match(prefix)
        month = _MONTHS.get(match.group("name").casefold()) if match is not None else None
        if match is None or month is None:
            return None
        return self._of_day(match, self._year_of(month, int(match.group("day"))), month, None)

    def _of_day(
        self, match: re.Match[str], year: int, month: int, zone: str | None
    ) -> float | None:
        if year < OLDEST_YEAR:
            return None
        try:
            moment = datetime(
                year,
                month,
                int(match.group("day")),
                int(match.group("hour")),
                int(match.group("minute")),
                min(int(match.group("second")), 59),
                tzinfo=_zone(zone),
            )
            wall_s = moment.timestamp()
            if zone is None:
                wall_s = self._of_the_hour_that_comes_twice(moment, wall_s)
        except (ValueError, OverflowError, OSError):
            return None  # no such day
        return self._in_order(wall_s)

    def _of_the_hour_that_comes_twice(self, moment: datetime, wall_s: float) -> float:
        """Return the later of both times that an hour in autumn may mean, once it has begun."""
        later_s = moment.replace(fold=1).timestamp()
        last_s, began_s = self._last_s, self._second_hour_s
        if last_s is None or later_s <= wall_s or later_s < last_s - DISORDER_S:
            return wall_s
        if wall_s < last_s - DISORDER_S:
            self._second_hour_s = began_s = later_s
        begun = began_s is not None and -DISORDER_S <= later_s - began_s <= HOUR_S
        return later_s if begun else wall_s

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

    def _by_time_of_day(self, match: re.Match[str]) -> float:
        """Return the time of a line without a date: not long before the last one's."""
        of_day_s = (
            int(match.group("hour")) * HOUR_S
            + int(match.group("minute")) * 60.0
            + int(match.group("second"))
            + self._shift_s
        ) % DAY_S
        last_s = self._last_s
        self.has_dates = False
        if last_s is None:
            midnight = datetime.fromtimestamp(self._now_s).replace(
                hour=0, minute=0, second=0, microsecond=0, tzinfo=UTC
            )
            return self._in_order(midnight.timestamp() + of_day_s)
        last_of_day_s = last_s % DAY_S
        back_s = last_of_day_s - of_day_s
        wall_s = last_s - back_s
        if back_s > DISORDER_S:
            in_autumn = 3_000.0 < back_s < 3_700.0 and HOUR_S <= last_of_day_s < 3.1 * HOUR_S
            wall_s += HOUR_S if in_autumn else DAY_S
            self._shift_s += HOUR_S if in_autumn else 0.0
        elif back_s < DISORDER_S - DAY_S:
            wall_s -= DAY_S  # a straggler from before midnight
        return self._in_order(wall_s)

    def _in_order(self, wall_s: float) -> float:
        """Return a time that does not run back for a little disorder."""
        last_s = self._last_s
        if last_s is not None and last_s - DISORDER_S <= wall_s < last_s:
            return last_s
        self._last_s = wall_s
        return wall_s


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text in ("Z", "UTC"):
        return UTC
    sign = -1 if text[0] == "-" else 1
    digits = text[1:].replace(":", "")
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
