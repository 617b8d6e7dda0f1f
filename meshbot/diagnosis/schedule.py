"""What recurs by the clock in a list of moments: an interval, a time of day, a day of the week.

Each is found by a test whose probability is multiplied by the number of places that were looked at,
so that searching longer does not find more. Losses come in bad hours; so the time of day is judged
by turning each day by itself: a bad hour stays together, and only that bad hours come at the same
time on many days speaks for a schedule. Pure.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from itertools import pairwise
from math import fsum, inf, log, sqrt
from statistics import NormalDist, fmean, pvariance

from meshbot.diagnosis.binomial import binomial_tail

HOUR_S = 3_600.0
ALPHA = 0.005
"""After the search is paid for."""
BINS = 96
"""Quarters of an hour in a day."""
WIDTHS = (1, 2, 4, 8, 16, 24)
"""How many of them a time of day may last: up to six hours."""
MIN_MOMENTS = 5
MIN_DAYS = 4
MIN_WEEKS = 4
MIN_SHARE = 0.4
"""A schedule that explains fewer of the moments than that is not spoken of."""
MIN_EXCESS = 3.0
"""How many times as many as by chance there must be: no rhythm is perfectly smooth."""
MANY = 400
"""Above that a sum is as good as normally distributed."""
SHORTEST_PERIOD_S = 150.0
LONGEST_PERIOD_S = 13 * HOUR_S
SHORT_LIFE_S = 150.0
"""Sessions that live no longer keep time by the reconnection, not by a clock."""
TOLERANCE = 0.02
"""Gaps of one interval differ by so much at most, and by ``SLACK_S``."""
SLACK_S = 4.0
SURROUNDINGS = 1.4
"""How much longer or shorter the gaps may be that tell how many to expect by chance."""


@dataclass(frozen=True)
class Schedule:
    """Something that recurs by the clock. Exactly one of the three is set."""

    p_value: float
    """The probability of so much regularity by chance, the search paid for."""
    members: frozenset[int] = field(repr=False)
    """Which of the moments belong to it, by their place in the list."""
    total: int
    period_s: float | None = None
    hours: tuple[float, float] | None = None
    """From when until when, in hours of the local day; may run over midnight."""
    weekday: int | None = None
    """0 is Monday."""

    @property
    def share(self) -> float:
        """How many of the moments belong to it."""
        return len(self.members) / max(1, self.total)


def find_schedule(
    moments_s: Sequence[float], lives_s: Sequence[float] | None = None, *, in_utc: bool = False
) -> Schedule | None:
    """Return the schedule that most of the moments, in their order, follow beyond chance.

    ``lives_s``: how long what ended at each moment had lasted. What dies at a certain early age
    comes back at an interval too; that is not one of a clock.
    """
    if len(moments_s) < MIN_MOMENTS:
        return None
    zone = UTC if in_utc else None
    found = [
        _period(moments_s, lives_s),
        _time_of_day(moments_s, zone),
        _day_of_week(moments_s, zone),
    ]
    good = [one for one in found if one is not None and one.share >= MIN_SHARE]
    return min(good, key=lambda one: one.p_value, default=None)


# -- An interval -------------------------------------------------------------------------------


def _period(moments_s: Sequence[float], lives_s: Sequence[float] | None) -> Schedule | None:
    """Return the interval that most gaps have, if they are closer together than by chance."""
    lives_s = [inf] * len(moments_s) if lives_s is None else lives_s
    gaps = sorted(
        (later_s - sooner_s, place)
        for place, (sooner_s, later_s) in enumerate(pairwise(moments_s), start=1)
        if SHORTEST_PERIOD_S / SURROUNDINGS <= later_s - sooner_s <= LONGEST_PERIOD_S
        and lives_s[place] >= SHORT_LIFE_S
    )
    best: tuple[float, int, int] | None = None
    low = high = near_low = near_high = 0
    for middle_s, _ in gaps:
        if middle_s < SHORTEST_PERIOD_S:
            continue
        slack_s = TOLERANCE * middle_s / 2 + SLACK_S
        low = _first_above(gaps, low, middle_s - slack_s)
        high = _first_above(gaps, high, middle_s + slack_s)
        near_low = _first_above(gaps, near_low, middle_s / SURROUNDINGS)
        near_high = _first_above(gaps, near_high, middle_s * SURROUNDINGS)
        inside, around = high - low, near_high - near_low
        chance = log((middle_s + slack_s) / (middle_s - slack_s)) / (2 * log(SURROUNDINGS))
        if inside < max(MIN_MOMENTS - 1, MIN_EXCESS * chance * around, MIN_SHARE * len(gaps) / 2):
            continue
        p_value = binomial_tail(inside, around, chance) * len(gaps)
        if best is None or p_value < best[0]:
            best = (p_value, low, high)
    if best is None or best[0] >= ALPHA:
        return None
    p_value, low, high = best
    period_s = gaps[(low + high) // 2][0]
    members = set()
    for gap_s, place in gaps:
        times = round(gap_s / period_s)
        if times >= 1 and abs(gap_s - times * period_s) <= TOLERANCE * period_s + SLACK_S:
            members |= {place, place - 1}
    return Schedule(p_value, frozenset(members), len(moments_s), period_s=period_s)


def _first_above(gaps: Sequence[tuple[float, int]], place: int, gap_s: float) -> int:
    while place < len(gaps) and gaps[place][0] < gap_s:
        place += 1
    return place


# -- A time of day, a day of the week ---------------------------------------------------------


def _time_of_day(moments_s: Sequence[float], zone: tzinfo | None) -> Schedule | None:
    """Return the part of the day in which most of the moments are."""
    places = []
    for at_s in moments_s:
        moment = datetime.fromtimestamp(at_s, zone)
        places.append((moment.toordinal(), (moment.hour * 60 + moment.minute) // 15))
    found = _recurring(places, BINS, WIDTHS, MIN_DAYS)
    if found is None:
        return None
    p_value, start, width, members = found
    hours = (start / 4, (start + width) % BINS / 4)
    return Schedule(p_value, members, len(moments_s), hours=hours)


def _day_of_week(moments_s: Sequence[float], zone: tzinfo | None) -> Schedule | None:
    """Return the day of the week on which most of the moments are."""
    days = [date.toordinal(datetime.fromtimestamp(at_s, zone)) for at_s in moments_s]
    # The first of January of the year 1 was a Monday.
    found = _recurring([divmod(day - 1, 7) for day in days], 7, (1,), MIN_WEEKS)
    if found is None:
        return None
    p_value, start, _, members = found
    return Schedule(p_value, members, len(moments_s), weekday=start)


def _recurring(
    places: Sequence[tuple[int, int]], bins: int, widths: Sequence[int], min_rounds: int
) -> tuple[float, int, int, frozenset[int]] | None:
    """Return where in its round each moment tends to be: probability, bin, width, members.

    ``places``: of each moment, its round (a day, a week) and its bin therein.
    """
    rounds: dict[int, Counter[int]] = {}
    for number, place in places:
        rounds.setdefault(number, Counter())[place] += 1
    if len(rounds) < min_rounds:
        return None
    best: tuple[float, int, int] | None = None
    for width in widths:
        sums = [_turned(counts, bins, width) for counts in rounds.values()]
        totals = [sum(column) for column in zip(*sums, strict=True)]
        most = max(totals)
        start = totals.index(most)
        hit = sum(one[start] > 0 for one in sums)
        if most < MIN_SHARE * len(places) or hit < min_rounds:
            continue
        places_apart = min(bins, 4 * bins // width)  # windows that overlap are one and the same
        p_value = _tail_of_sums(sums, most) * places_apart * len(widths)
        if best is None or p_value < best[0]:
            best = (p_value, start, width)
    if best is None or best[0] >= ALPHA:
        return None
    p_value, start, width = best
    members = (index for index, (_, place) in enumerate(places) if (place - start) % bins < width)
    return p_value, start, width, frozenset(members)


def _turned(counts: Counter[int], bins: int, width: int) -> list[int]:
    """Return how many of a round's moments a window holds, for each place where it may begin."""
    inside = sum(counts[place] for place in range(width))
    held = []
    for start in range(bins):
        held.append(inside)
        inside += counts[(start + width) % bins] - counts[start]
    return held


def _tail_of_sums(sums: Sequence[Sequence[int]], most: int) -> float:
    """Return how likely so large a sum is if each round is turned by itself."""
    if sum(max(one) for one in sums) > MANY:
        mean = fsum(fmean(one) for one in sums)
        spread = sqrt(fsum(pvariance(one) for one in sums))
        return 1.0 - NormalDist(mean, spread).cdf(most - 0.5) if spread else 1.0
    chances = {0: 1.0}
    for one in sums:
        weights = Counter(one)
        added: dict[int, float] = {}
        for total, chance in chances.items():
            for value, weight in weights.items():
                added[total + value] = added.get(total + value, 0.0) + chance * weight / len(one)
        chances = added
    return fsum(chance for total, chance in chances.items() if total >= most)
