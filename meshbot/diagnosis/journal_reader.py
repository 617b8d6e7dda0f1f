"""Reads the link's events out of a plain-text journal, this bot's or an older one's. Pure.

Lines are ``HH:MM:SS [LEVEL] message``, bare or after what ``journalctl`` or syslog puts in front.
Whatever is not about the link is ignored.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator

from meshbot.diagnosis.journal_clock import TIME_OF_DAY, JournalClock
from meshbot.diagnosis.journal_lines import JOURNAL_LINES, EventDetails
from meshbot.model.link_event import EventKind, LinkEvent

MAX_LINE_CHARS = 4_096
SIGN_OF_LIFE_S = 600.0

_BOT_LINE = re.compile(TIME_OF_DAY + r" \[(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)\] (?P<message>.*)")
_SYSTEMD = re.compile(r"systemd\[\d+\]: (?:\S+\.service: )?(?P<what>Started|Stopped|Deactivated)\b")
_UNIT = re.compile(r"\bmeshbot\.service\b|\bMeshBot\b")
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class JournalReader:
    """Turns lines into events, one by one; owned by one thread. ``lines`` counts what it saw."""

    def __init__(self, wall_clock: Callable[[], float] = time.time) -> None:
        """Take the present, for years that are not written, from ``wall_clock``."""
        self._clock = JournalClock(wall_clock())
        self._event_s: float | None = None
        """When the last event was."""
        self.lines = 0

    @property
    def last_s(self) -> float | None:
        """The time of the last line that had one."""
        return self._clock.last_s

    @property
    def has_dates(self) -> bool:
        """Whether the lines say which day they are of; without, days count from today."""
        return self._clock.has_dates

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
        return self._of_systemd(line) if bot_line is None else self._of_bot(line, bot_line)

    def _of_systemd(self, line: str) -> LinkEvent | None:
        systemd = _SYSTEMD.search(line)
        if systemd is None or _UNIT.search(line) is None:
            return None
        wall_s = self._clock.dated(line)
        if wall_s is None:
            return None
        started = systemd["what"] == "Started"
        return self._event(EventKind.STARTED if started else EventKind.STOPPED, wall_s, {})

    def _of_bot(self, line: str, bot_line: re.Match[str]) -> LinkEvent | None:
        wall_s = self._clock.dated(line[: bot_line.start()])
        if wall_s is None:
            wall_s = self._clock.by_time_of_day(bot_line)
        for known in JOURNAL_LINES:
            match = known.pattern.match(bot_line["message"])
            if match is not None:
                return self._event(known.kind, wall_s, known.details(match))
        if self._event_s is not None and wall_s - self._event_s >= SIGN_OF_LIFE_S:
            return self._event(EventKind.ALIVE, wall_s, {})  # whatever it says, the bot ran
        return None

    def _event(self, kind: EventKind, wall_s: float, details: EventDetails) -> LinkEvent:
        self._event_s = wall_s
        return LinkEvent(kind, wall_s, **details)
