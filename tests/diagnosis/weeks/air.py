"""The way between the bot's machine and the node: when nothing gets across it, and why.

A fade is known beforehand, as the weather is to those who made it; a TCP connection may outlive
it, see ``wire.py``.
"""

import bisect
from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Fade:
    """A time in which nothing gets across."""

    start_s: float
    end_s: float
    cause: str
    """What in truth it is, "wifi" or "power"."""
    others_too: bool = False
    """Whether other hosts of the network are out of reach as well."""
    machine_off: bool = False
    """Whether our own machine has no network, and says so at once."""


class Air:
    """All fades of a week, none overlapping another."""

    def __init__(self, fades: Iterable[Fade] = ()) -> None:
        """Take fades in any order; where two overlap, the graver one stays whole."""
        taken: list[Fade] = []
        for fade in sorted(fades, key=lambda each: (not each.others_too, each.start_s)):
            taken.extend(_without(fade, taken))
        self.fades = sorted(taken, key=lambda each: each.start_s)
        self._starts_s = [fade.start_s for fade in self.fades]

    def fade_at(self, at_s: float) -> Fade | None:
        """Return the fade that lasts at a time, if there is one."""
        place = bisect.bisect_right(self._starts_s, at_s) - 1
        if place < 0 or self.fades[place].end_s <= at_s:
            return None
        return self.fades[place]

    def last_fade(self, since_s: float, until_s: float) -> Fade | None:
        """Return the longest fade that reaches into a time, if there is one."""
        found = [fade for fade in self.fades if fade.start_s < until_s and fade.end_s > since_s]
        return max(found, key=lambda fade: fade.end_s - fade.start_s, default=None)


def _without(fade: Fade, taken: list[Fade]) -> list[Fade]:
    """Return what is left of a fade beside those that are taken."""
    parts = [fade]
    for other in taken:
        left: list[Fade] = []
        for part in parts:
            if other.end_s <= part.start_s or other.start_s >= part.end_s:
                left.append(part)
                continue
            if part.start_s < other.start_s:
                left.append(replace(part, end_s=other.start_s))
            if part.end_s > other.end_s:
                left.append(replace(part, start_s=other.end_s))
        parts = left
    return parts
