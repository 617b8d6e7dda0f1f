"""One week: a place, what befalls it, and a bot that lives there."""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from meshbot.model.link_event import LinkEvent
from tests.diagnosis.weeks.agenda import Agenda
from tests.diagnosis.weeks.air import Air, Fade
from tests.diagnosis.weeks.node import Node, NodeTraits
from tests.diagnosis.weeks.site import Site, Truth, monday_s
from tests.diagnosis.weeks.traffic import NORMAL, MeshTraits, Traffic

DAY_S = 86_400.0
HOUR_S = 3_600.0


@dataclass
class Week:
    """What a bot left behind, and what was true."""

    events: list[LinkEvent] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    """Of a bot that writes text only."""
    truths: list[Truth] = field(default_factory=list)

    def shares(self) -> dict[str, float]:
        """Return the true share of each cause, the largest first."""
        counts = Counter(truth.cause for truth in self.truths)
        return {cause: n / len(self.truths) for cause, n in counts.most_common()}


class Chances:
    """One source of chance for each part of a week, so that they do not disturb each other."""

    def __init__(self, seed: str) -> None:
        """Derive all of them from one seed."""
        self._seed = seed

    def of(self, part: str) -> random.Random:
        """Return a part's own."""
        return random.Random(f"{self._seed}/{part}")


@dataclass(frozen=True)
class Start:
    """When and for how long a week is watched."""

    base_hour: float
    """Of the clock on the wall, at second zero."""
    end_s: float

    @property
    def base_s(self) -> float:
        """Second zero, since 1970."""
        return monday_s() + self.base_hour * HOUR_S


def start_of(chances: Chances, days: float) -> Start:
    """Return a start at some hour of a Monday."""
    return Start(chances.of("start").uniform(0.0, 24.0), days * DAY_S)


def make_site(
    chances: Chances,
    start: Start,
    *,
    fades: Iterable[Fade] = (),
    node: NodeTraits = NodeTraits(),  # noqa: B008 - immutable
    mesh: MeshTraits = NORMAL,
) -> Site:
    """Return a place where nothing happens yet but fades."""
    agenda = Agenda()
    return Site(
        agenda,
        Air(fades),
        Node(agenda, chances.of("node"), node),
        Traffic(chances.of("traffic"), mesh, start.base_hour),
        chances.of("bot"),
        base_s=start.base_s,
    )
