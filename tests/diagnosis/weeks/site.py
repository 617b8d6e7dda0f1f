"""The place of a week: the node, the way to it, and what is said on it."""

import random
from dataclasses import dataclass, field
from datetime import datetime

from tests.diagnosis.weeks.agenda import Agenda
from tests.diagnosis.weeks.air import Air, Fade
from tests.diagnosis.weeks.node import Connection, Node, Port
from tests.diagnosis.weeks.traffic import Traffic

OUTLIVED_S = 60.0
"""A fade shorter than this ends no session."""


def monday_s() -> float:
    """Return midnight of a Monday, by the local clock; it does not change within a week."""
    return datetime(2026, 10, 5).timestamp()


@dataclass(frozen=True, slots=True)
class Truth:
    """What in truth ended a session, and when that was noticed."""

    at_s: float
    cause: str


@dataclass
class Site:
    """All that a bot lives among."""

    agenda: Agenda
    air: Air
    node: Node
    traffic: Traffic
    rng: random.Random
    """Of the bots and of the network between."""
    base_s: float = field(default_factory=monday_s)
    truths: list[Truth] = field(default_factory=list)

    def wall_s(self, at_s: float) -> float:
        """Return a time of the agenda as seconds since 1970."""
        return self.base_s + at_s

    def port(self) -> Port:
        """Say what a knock meets now, the way included."""
        return Port.AWAY if self.fade() is not None else self.node.port()

    def fade(self) -> Fade | None:
        """Return the fade that lasts now, if there is one."""
        return self.air.fade_at(self.agenda.now_s)

    def away_since_s(self) -> float:
        """Return since when the node has been out of reach, if it is."""
        fade = self.fade()
        return self.node.away_since_s() if fade is None else fade.start_s

    def note_truth(self, connection: Connection | None, heard_s: float, otherwise: str) -> None:
        """Write down why a session ended that was last heard at ``heard_s``."""
        now_s = self.agenda.now_s
        fault = connection.fault if connection is not None else ""
        if not fault:
            fade = self.air.last_fade(heard_s, now_s)
            long = fade is not None and fade.end_s - fade.start_s >= OUTLIVED_S
            fault = fade.cause if fade is not None and long else otherwise
        self.truths.append(Truth(now_s, fault))
