"""Reads the link's events out of a plain-text journal, this bot's or another's. Pure.

Lines are bare or after what ``journalctl`` or syslog puts in front. Whatever is not about the link
is ignored, but for when it was written: it shows that the bot ran.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator

from meshbot.diagnosis.journal_clock import JournalClock
from meshbot.diagnosis.journal_entries import JournalEntries
from meshbot.diagnosis.journal_line import EventDetails
from meshbot.diagnosis.journal_lines import told_by
from meshbot.diagnosis.journal_sources import JournalSources
from meshbot.diagnosis.line_layout import LineLayout, layout_of
from meshbot.model.link_event import EventKind, LinkEvent

MAX_LINE_CHARS = 4_096
SIGN_OF_LIFE_S = 600.0

_SYSTEMD = re.compile(
    r"(?:(?!: ).){0,200}?\bsystemd\[\d+\]: (?:\S+\.service: )?"
    r"(?P<what>Started|Stopped|Deactivated)\b"
)
_UNIT = re.compile(
    r"\b(?P<unit>(?:meshbot|meshtastic-bot|mesh_bot|pong_bot|mmrelay)(?:@\S{1,200}?)?)\.service\b"
    r"|\bMeshBot\b"
)
_NAMED_UNIT = re.compile(r" (\S+\.[a-z]{4,9}) - ")
"""What newer versions of systemd say before a unit's description, in which names may be."""
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class JournalReader:
    """Turns lines into events, one by one; owned by one thread. ``lines`` counts what it saw.

    The ``run`` of an event is the number of the process that wrote it, see ``sources``.
    """

    def __init__(self, wall_clock: Callable[[], float] = time.time, language: str = "") -> None:
        """Take the present, for years that are not written, and this machine's language."""
        self._clock = JournalClock(wall_clock(), language)
        self._entries = JournalEntries()
        self._interface: str | None = None
        """The radio of which the first line was, where a bot has several."""
        self._skipped: LineLayout | None = None
        """The last line that did not need its time."""
        self.sources = JournalSources()
        self.lines = 0
        self.untimed = 0
        """How many lines about the link have no time."""
        self.other_interfaces = 0
        """How many lines are about another radio than the first."""
        self.is_of_this_bot = False
        """Whether there is a line that no other bot writes."""

    @property
    def last_s(self) -> float | None:
        """The time of the last line that had one."""
        if self._skipped is not None:
            self._time_of(self._skipped)
            self._skipped = None
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
        entry = self._entries.line_of(line)
        if entry is None:
            return None
        line = entry[:MAX_LINE_CHARS].strip("\x00\ufeff \t\r\n")
        if "\x1b" in line:
            line = _COLOURS.sub("", line)
        layout = layout_of(line)
        return self._of_systemd(line) if layout is None else self._of_bot(layout)

    def _of_systemd(self, line: str) -> LinkEvent | None:
        systemd = _SYSTEMD.match(line)
        if systemd is None:
            return None
        named = _NAMED_UNIT.match(line, systemd.end())
        unit = _UNIT.search(line if named is None else named[1])
        wall_s = self._clock.dated(line) if unit is not None else None
        if unit is None or wall_s is None:
            return None
        started = systemd["what"] == "Started"
        kind = EventKind.STARTED if started else EventKind.STOPPED
        number = self.sources.number_of_unit(unit["unit"] or "meshbot")
        return self._event(kind, wall_s, {}, number)

    def _of_bot(self, layout: LineLayout) -> LinkEvent | None:
        told = told_by(layout.words)
        if told is None:
            return self._sign_of_life(layout)
        row, match = told
        wall_s = self._time_of(layout)
        if wall_s is None:
            self.untimed += 1
            return None
        if not self._is_of_first_interface(match):
            return None
        self.is_of_this_bot = self.is_of_this_bot or row.own
        kind, details = row.kind, row.details(match)
        if layout.debug and row.own and kind is EventKind.LOST:
            # From the second on, this bot tells in these words of attempts that failed, too.
            kind = EventKind.NOT_OPENED
        number = self.sources.number_of(layout.prefix)
        return self._event(kind, wall_s, details, number)

    def _sign_of_life(self, layout: LineLayout) -> LinkEvent | None:
        """Return an event now and then for lines that tell none: whatever they say, the bot ran."""
        if self._clock.in_last_minute(layout.prefix):
            self._skipped = layout
            return None
        wall_s = self._time_of(layout)
        if wall_s is None:
            return None
        number = self.sources.number_of(layout.prefix)
        event_s = self.sources.event_s(number)
        if event_s is None or abs(wall_s - event_s) < SIGN_OF_LIFE_S:
            return None
        return self._event(EventKind.ALIVE, wall_s, {}, number)

    def _time_of(self, layout: LineLayout) -> float | None:
        self._skipped = None
        wall_s = self._clock.dated(layout.prefix)
        if wall_s is None and layout.clock is not None:
            wall_s = self._clock.by_time_of_day(layout.clock)
        return wall_s

    def _is_of_first_interface(self, match: re.Match[str]) -> bool:
        number = match.groupdict().get("interface")
        if number is None:
            return True
        self._interface = self._interface or number
        self.other_interfaces += number != self._interface
        return number == self._interface

    def _event(
        self, kind: EventKind, wall_s: float, details: EventDetails, number: int
    ) -> LinkEvent:
        self.sources.note(number, wall_s, about_link=kind is not EventKind.ALIVE)
        return LinkEvent(kind, wall_s, run=number, **details)
