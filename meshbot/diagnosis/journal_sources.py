"""Whose lines a journal holds: one bot's, or those of several that ran at the same time. Pure.

``journalctl`` and syslog say it in front of each line: host, unit, process. A bot that is started
again is another process, but then one ends before the other begins. Processes that overlap are
several bots, of which only one can be judged.
"""

import re
from dataclasses import dataclass

from meshbot.text.language import tr

_WHO = re.compile(
    r"(?:^|\s)(?P<host>[^\s\[\]:]+) (?P<unit>[^\s\[\]:]+)(?:\[(?P<pid>\d{1,10})\])?: "
)
UNKNOWN = 0
"""The number of lines that do not say whose they are; they belong to any bot."""
OVERLAP_EVENTS = 3
"""A process that ends may still have so much to say when the next one has begun."""


@dataclass
class Source:
    """One process. ``first`` and ``last`` count the events of the whole journal."""

    host: str
    unit: str
    pid: str
    first: int
    last: int
    events: int = 0
    event_s: float | None = None
    """When its last event was."""

    @property
    def name(self) -> str:
        """Where and which unit, as an operator knows it."""
        return f"{self.host} {self.unit}"


class _Chain:
    """Processes that follow one another: one bot's life."""

    def __init__(self, number: int, source: Source) -> None:
        self.numbers = [number]
        self.name, self.first, self.last = source.name, source.first, source.last
        self.unit = source.unit
        self.events = source.events

    def take(self, number: int, source: Source) -> None:
        self.numbers.append(number)
        self.last = max(self.last, source.last)
        self.events += source.events

    def overlaps(self, other: "_Chain") -> bool:
        """Say whether both ran at the same time."""
        both = min(self.last, other.last) - max(self.first, other.first)
        return both > OVERLAP_EVENTS or self._contains(other) or other._contains(self)

    def _contains(self, other: "_Chain") -> bool:
        return self.first < other.first and other.last < self.last


class JournalSources:
    """Keeps who wrote how much, and when. Owned by one thread."""

    def __init__(self) -> None:
        """Know nobody."""
        self._by_name: dict[tuple[str, str, str], int] = {}
        self._sources: list[Source] = []
        self._units: list[str] = []
        self._events = 0
        self._unknown_s: float | None = None
        """When the last event was of which nobody knows who wrote it."""

    def number_of(self, prefix: str) -> int:
        """Return the number of the process that a line's prefix names."""
        who = _WHO.search(prefix)
        if who is None:
            return UNKNOWN
        name = (who["host"], who["unit"], who["pid"] or "")
        number = self._by_name.get(name)
        if number is None:
            self._sources.append(Source(*name, first=self._events, last=self._events))
            number = self._by_name[name] = len(self._sources)
        return number

    def number_of_unit(self, unit: str) -> int:
        """Return the number, below 0, of what systemd says of a unit."""
        if unit not in self._units:
            self._units.append(unit)
        return -1 - self._units.index(unit)

    def event_s(self, number: int) -> float | None:
        """Return when the last event of a process was."""
        return self._sources[number - 1].event_s if number > 0 else self._unknown_s

    def note(self, number: int, wall_s: float, *, about_link: bool) -> None:
        """Count an event of a process."""
        self._events += 1
        if number <= 0:
            self._unknown_s = wall_s
        else:
            source = self._sources[number - 1]
            source.last, source.event_s = self._events, wall_s
            source.events += about_link

    def judged(self) -> tuple[frozenset[int] | None, list[str]]:
        """Return the processes to judge, None for all, and what is to be said about it."""
        kept: list[_Chain] = []
        left: list[_Chain] = []
        for chain in sorted(self._chains(), key=lambda chain: -chain.events):
            (left if any(chain.overlaps(one) for one in kept) else kept).append(chain)
        if not kept:
            return None, []
        numbers = {number for chain in kept for number in chain.numbers} | {UNKNOWN}
        units = {chain.unit for chain in kept}
        numbers |= {self.number_of_unit(unit) for unit in self._units if not left or unit in units}
        if not left:
            return frozenset(numbers), []
        names = ", ".join(dict.fromkeys(chain.name for chain in left))
        return frozenset(numbers), [
            tr(
                "Plusieurs bots dans ce journal : seul {name} est jugé "
                "({events} lignes sur la liaison), pas {names} "
                "({sum})",
                name=kept[0].name,
                events=kept[0].events,
                names=names,
                sum=sum(chain.events for chain in left),
            )
        ]

    def _chains(self) -> list[_Chain]:
        """Return the lives: processes of one name, one after another."""
        chains: list[_Chain] = []
        ordered = sorted(enumerate(self._sources, 1), key=lambda item: item[1].first)
        open_by_name: dict[str, list[_Chain]] = {}
        for number, source in ordered:
            same = open_by_name.setdefault(source.name, [])
            for chain in same:
                if chain.last <= source.first + OVERLAP_EVENTS:
                    chain.take(number, source)
                    break
            else:
                chain = _Chain(number, source)
                same.append(chain)
                chains.append(chain)
        return [chain for chain in chains if chain.events]
