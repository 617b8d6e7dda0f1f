"""Makes the fades of a week: steady Wi-Fi trouble, bursts of it, flapping, and power cuts.

All chance comes from the ``random.Random`` that is passed in.
"""

import random
from collections.abc import Iterator

from tests.diagnosis.weeks.air import Fade

DAY_S = 86_400.0
HOUR_S = 3_600.0


def _poisson(rng: random.Random, per_day: float, end_s: float) -> Iterator[float]:
    at_s = rng.expovariate(per_day / DAY_S) if per_day > 0 else end_s
    while at_s < end_s:
        yield at_s
        at_s += rng.expovariate(per_day / DAY_S)


def short_fades(rng: random.Random, end_s: float, per_day: float = 15.0) -> list[Fade]:
    """Fades of some seconds, which every Wi-Fi has and TCP outlives."""
    return [
        Fade(at_s, at_s + rng.lognormvariate(1.2, 0.9), "wifi")
        for at_s in _poisson(rng, per_day, end_s)
    ]


def long_fades(rng: random.Random, end_s: float, per_day: float) -> list[Fade]:
    """Fades of minutes, at any time: the node at the edge of its Wi-Fi."""
    return [
        Fade(at_s, at_s + min(130.0 + rng.expovariate(1 / 150.0), 1_800.0), "wifi")
        for at_s in _poisson(rng, per_day, end_s)
    ]


def bad_spells(
    rng: random.Random,
    end_s: float,
    *,
    good_s: float,
    bad_s: float,
    fade_s: tuple[float, float],
    gap_s: tuple[float, float],
) -> list[Fade]:
    """Good and bad spells, of exponential length; within bad ones a fade follows the other."""
    fades = []
    at_s = rng.expovariate(1 / good_s)
    while at_s < end_s:
        spell_end_s = at_s + rng.expovariate(1 / bad_s)
        while at_s < spell_end_s:
            fade = Fade(at_s, at_s + rng.uniform(*fade_s), "wifi")
            fades.append(fade)
            at_s = fade.end_s + rng.uniform(*gap_s)
        at_s += rng.expovariate(1 / good_s)
    return fades


def power_cuts(
    rng: random.Random, end_s: float, per_day: float, *, machine_on_wifi: bool
) -> list[Fade]:
    """The access point or the router loses its power: everything is away for minutes."""
    return [
        Fade(
            at_s,
            at_s + rng.uniform(125.0, 300.0),
            "power",
            others_too=True,
            machine_off=machine_on_wifi,
        )
        for at_s in _poisson(rng, per_day, end_s)
    ]


def in_hours(
    rng: random.Random, fades: list[Fade], first_hour: float, last_hour: float, base_hour: float
) -> list[Fade]:
    """Move fades into some hours of their day; ``base_hour``: of the clock at second zero."""
    moved = []
    for fade in fades:
        day_s = fade.start_s - (fade.start_s + base_hour * HOUR_S) % DAY_S
        start_s = day_s + rng.uniform(first_hour, last_hour) * HOUR_S
        if start_s > 0:
            length_s = fade.end_s - fade.start_s
            moved.append(
                Fade(
                    start_s,
                    start_s + length_s,
                    fade.cause,
                    others_too=fade.others_too,
                    machine_off=fade.machine_off,
                )
            )
    return moved
