"""Others who want the node's one place: a person with a phone, a second bot, a poller."""

import random
from dataclasses import dataclass, field

from meshbot.model.cause import Cause
from tests.diagnosis.weeks.node import Connection, Port
from tests.diagnosis.weeks.site import Site

TRAVEL_S = 0.02


@dataclass(eq=False)
class Visitor:
    """A client that comes, may lose the place to another, and decides then."""

    site: Site
    rng: random.Random
    label: str = "client"
    place: Connection | None = field(default=None, init=False)

    def come(self) -> bool:
        """Take the place; return whether the node let it."""
        if self.site.port() is not Port.OPEN:
            return False
        self.place = self.site.node.accept(self)
        return True

    def go(self) -> None:
        """Leave, if it is still there."""
        if self.place is not None:
            self.site.node.leave(self.place)
            self.place = None

    def closed(self, connection: Connection, how: Cause) -> None:
        """Notice that the place is gone."""
        if connection is self.place:
            self.place = None
            self.lost()

    def lost(self) -> None:
        """Decide what to do without it."""


@dataclass(eq=False)
class Poller(Visitor):
    """Connects by its own clock, stays for seconds and leaves."""

    label: str = "interval"
    stay_s: tuple[float, float] = (3.0, 8.0)

    def start(self, interval_s: float) -> None:
        """Come from some time in the first interval on."""
        self.site.agenda.every(interval_s, self._visit, self.rng.uniform(0, interval_s))

    def _visit(self) -> None:
        if self.come():
            place = self.place
            self.site.agenda.after(
                self.rng.uniform(*self.stay_s), lambda: self.go() if self.place is place else None
            )


@dataclass(eq=False)
class Rival(Visitor):
    """A program that wants to stay, and comes back whenever it loses the place."""

    pause_s: tuple[float, float] = (5.0, 10.0)
    _stays: bool = False

    def start(self, spells_s: list[tuple[float, float]]) -> None:
        """Run in these times."""
        for start_s, end_s in spells_s:
            self.site.agenda.at(start_s, self._begin)
            self.site.agenda.at(end_s, self._end)

    def lost(self) -> None:
        """Come again after a pause."""
        self.site.agenda.after(self.rng.uniform(*self.pause_s), self._again)

    def _begin(self) -> None:
        self._stays = True
        self._again()

    def _again(self) -> None:
        if self._stays and self.place is None and not self.come():
            self.lost()

    def _end(self) -> None:
        self._stays = False
        self.go()


@dataclass(eq=False)
class Person(Visitor):
    """Opens the app in the evening, and again by hand when it lost the node."""

    reopens_s: tuple[float, float] = (25.0, 150.0)
    patience: tuple[int, int] = (3, 12)
    spell_s: tuple[float, float] = (600.0, 3_600.0)
    _left: int = 0
    _until_s: float = 0.0

    def start(self, spells_s: list[float]) -> None:
        """Begin to use the app at these times."""
        for at_s in spells_s:
            self.site.agenda.at(at_s, self._begin)

    def lost(self) -> None:
        """See it after a while, and open the app again unless there is no patience left."""
        self.site.agenda.after(self.rng.uniform(*self.reopens_s), self._reopen)

    def _begin(self) -> None:
        self._left = self.rng.randint(*self.patience)
        self._until_s = self.site.agenda.now_s + self.rng.uniform(*self.spell_s)
        self.site.agenda.at(self._until_s, self.go)
        self._reopen()

    def _reopen(self) -> None:
        if self.place is not None or self.site.agenda.now_s >= self._until_s or not self._left:
            return
        self._left -= 1
        if not self.come():
            self.lost()


def evenings(
    rng: random.Random, days: float, base_hour: float, hours: tuple[float, float], share: float
) -> list[float]:
    """Return times in some hours of some days; ``base_hour``: of the clock at second zero."""
    return [
        (day * 24 + rng.uniform(*hours) - base_hour) * 3_600.0
        for day in range(int(days) + 1)
        if rng.random() < share
    ]
