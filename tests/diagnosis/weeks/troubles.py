"""When a node gets into trouble of its own: at random, by the clock, in some hours, in loops."""

import random
from collections.abc import Callable, Iterable

from tests.diagnosis.weeks.node import Boot, Node
from tests.diagnosis.weeks.site import Site

DAY_S = 86_400.0
HOUR_S = 3_600.0
Trouble = Callable[[Node, random.Random, str], None]


def befall(
    site: Site, rng: random.Random, times_s: Iterable[float], trouble: Trouble, cause: str
) -> None:
    """Have the trouble happen at these times, in the name of a cause."""
    for at_s in times_s:
        if at_s > 0:
            site.agenda.at(at_s, lambda: trouble(site.node, rng, cause))


def at_random(rng: random.Random, end_s: float, per_day: float) -> list[float]:
    """Return times of a Poisson stream."""
    times_s = []
    at_s = rng.expovariate(per_day / DAY_S)
    while at_s < end_s:
        times_s.append(at_s)
        at_s += rng.expovariate(per_day / DAY_S)
    return times_s


def every(rng: random.Random, end_s: float, interval_s: float, jitter_s: float) -> list[float]:
    """Return times at a fixed interval, each a little early or late."""
    first_s = rng.uniform(0, interval_s)
    count = int((end_s - first_s) // interval_s) + 1
    return [first_s + n * interval_s + rng.uniform(-jitter_s, jitter_s) for n in range(count)]


def after_uptime(rng: random.Random, end_s: float, uptime_s: float, jitter_s: float) -> list[float]:
    """Return times one uptime apart, each counted from the one before: a leak that fills up."""
    times_s = []
    at_s = rng.uniform(0, uptime_s)
    while at_s < end_s:
        times_s.append(at_s)
        at_s += uptime_s + rng.uniform(-jitter_s, jitter_s)
    return times_s


def nightly(
    rng: random.Random, end_s: float, hour: float, base_hour: float, jitter_s: float
) -> list[float]:
    """Return one time a day, at an hour."""
    days = int(end_s // DAY_S) + 2
    return [
        day * DAY_S + (hour - base_hour) * HOUR_S + rng.uniform(0, jitter_s) for day in range(days)
    ]


def within_hours(
    rng: random.Random, end_s: float, per_day: float, hours: tuple[float, float], base_hour: float
) -> list[float]:
    """Return times of a Poisson stream that runs only in some hours of the day."""
    length_h = hours[1] - hours[0]
    dense = at_random(rng, end_s, per_day * 24.0 / length_h)
    return [at_s for at_s in dense if hours[0] <= (at_s / HOUR_S + base_hour) % 24 < hours[1]]


def crash_loop(site: Site, spells_s: Iterable[tuple[float, float]], orderly: bool) -> None:
    """In these times end every 12 s, with the port closed for 5 s after each start."""
    boot = Boot(0.8, 5.0)

    def crash(until_s: float) -> None:
        if site.agenda.now_s >= until_s:
            return
        (site.node.reboot if orderly else site.node.crash)("loop", boot)
        site.agenda.after(12.0, lambda: crash(until_s))

    for start_s, end_s in spells_s:
        site.agenda.at(start_s, lambda end_s=end_s: crash(end_s))  # type: ignore[misc]
