"""Whether two sites lose their links at the same moments, more often than by chance. Pure.

Losses of both within half a minute make a pair; each loss is in one pair at most. What chance gives
is measured on the losses themselves: those of one site are moved by two minutes, four, and so on to
an hour, to either side, and the pairs are counted anew. So bad hours that both happen to have, and
clients that come by the clock, give as many pairs when moved and prove nothing. A relation takes
three pairs, more than at any of the sixty moves by more than such a number scatters (its root), and
so many that chance gives them in less than one of two hundred reports (Poisson's distribution),
however many sites are compared.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from meshbot.diagnosis.binomial import poisson_tail
from meshbot.diagnosis.sites.site import Site

NEAR_S = 30.0
MIN_PAIRS = 3
MOVE_S = 120.0
MOVES = 30
"""To each side."""
MAX_P = 0.005
MOST_LOSSES = 5_000
"""Of a site, the last ones: more would take long, and tell no more."""


@dataclass(frozen=True)
class SharedLosses:
    """Two sites that lose their links together."""

    first: str
    second: str
    moments_s: tuple[float, ...]
    """When both did, by the losses of the first."""
    of_first: int
    """How many losses it had in the time in which both bots ran."""
    of_second: int
    expected: float
    """How many pairs chance gives."""
    p_value: float
    """How likely so many are by chance, with as many comparisons as were made."""


def shared_losses(sites: Sequence[Site]) -> list[SharedLosses]:
    """Return the sites that share their losses, two by two, the most losses first.

    Sites whose journals do not tell the day cannot be compared.
    """
    pairs = list(combinations((site for site in sites if not site.in_utc), 2))
    found = [shared for one, other in pairs if (shared := _compared(one, other, len(pairs)))]
    return sorted(found, key=lambda shared: -len(shared.moments_s))


def _compared(one: Site, other: Site, comparisons: int) -> SharedLosses | None:
    from_s, to_s = max(one.first_s, other.first_s), min(one.last_s, other.last_s)
    first = _between(one.moments_s, from_s, to_s)
    second = _between(other.moments_s, from_s, to_s)
    together = tuple(_together(first, second))
    if len(together) < MIN_PAIRS:
        return None
    by_chance = [
        sum(1 for _ in _together(first, [at_s + side * move * MOVE_S for at_s in second]))
        for move in range(1, MOVES + 1)
        for side in (-1, 1)
    ]
    # One more than was counted: that none came at sixty moves does not make one impossible.
    expected = (sum(by_chance) + 1) / len(by_chance)
    p_value = min(1.0, poisson_tail(len(together), expected) * comparisons)
    most = max(by_chance)
    if len(together) <= most + math.sqrt(most) or p_value > MAX_P:
        return None
    return SharedLosses(one.name, other.name, together, len(first), len(second), expected, p_value)


def _between(moments_s: Sequence[float], from_s: float, to_s: float) -> list[float]:
    start, end = bisect_left(moments_s, from_s), bisect_right(moments_s, to_s)
    return list(moments_s[max(start, end - MOST_LOSSES) : end])


def _together(first: Sequence[float], second: Sequence[float]) -> Iterator[float]:
    """Yield the moments of the first that have a partner, both in order."""
    place = 0
    for at_s in first:
        while place < len(second) and second[place] < at_s - NEAR_S:
            place += 1
        if place < len(second) and second[place] <= at_s + NEAR_S:
            yield at_s
            place += 1


def groups_of(shared: Sequence[SharedLosses]) -> list[list[SharedLosses]]:
    """Return the pairs in groups: what shares a site with a pair of a group belongs to it."""
    groups: list[list[SharedLosses]] = []
    for one in shared:
        near = [group for group in groups if any(_touch(one, other) for other in group)]
        groups = [group for group in groups if group not in near]
        groups.append([*(pair for group in near for pair in group), one])
    return groups


def _touch(one: SharedLosses, other: SharedLosses) -> bool:
    return bool({one.first, one.second} & {other.first, other.second})
