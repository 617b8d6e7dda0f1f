"""What weeks are put together from, by name."""

from tests.diagnosis.weeks import sync_fault, troubles, weather
from tests.diagnosis.weeks.air import Fade
from tests.diagnosis.weeks.clients import Person, Poller, Rival, evenings
from tests.diagnosis.weeks.making import Befalls, Fades
from tests.diagnosis.weeks.site import Site
from tests.diagnosis.weeks.troubles import Trouble
from tests.diagnosis.weeks.week import Chances, Start

HOUR_S = 3_600.0
DAY_S = 86_400.0


def wifi(per_day: float, until: float = 1.0, since: float = 0.0) -> Fades:
    """Fades of minutes at any time of a part of the week."""
    return lambda chances, start: [
        fade
        for fade in weather.long_fades(chances.of(f"wifi {since}"), start.end_s, per_day)
        if since <= fade.start_s / start.end_s < until
    ]


def wifi_in_hours(per_day: float, first: float, last: float) -> Fades:
    """Fades of minutes in some hours of the day."""
    return lambda chances, start: weather.in_hours(
        chances.of("hours"),
        weather.long_fades(chances.of("wifi"), start.end_s, per_day),
        first,
        last,
        start.base_hour,
    )


def bursts(chances: Chances, start: Start) -> list[Fade]:
    """One or two bad spells a day, of fades some minutes apart."""
    return weather.bad_spells(
        chances.of("bursts"),
        start.end_s,
        good_s=14 * HOUR_S,
        bad_s=1.2 * HOUR_S,
        fade_s=(130.0, 420.0),
        gap_s=(120.0, 900.0),
    )


def flapping(chances: Chances, start: Start) -> list[Fade]:
    """Bad spells in which the link is back and dies again within a minute or two."""
    return weather.bad_spells(
        chances.of("flapping"),
        start.end_s,
        good_s=10 * HOUR_S,
        bad_s=0.8 * HOUR_S,
        fade_s=(130.0, 300.0),
        gap_s=(20.0, 130.0),
    )


def power(per_day: float, *, machine_on_wifi: bool) -> Fades:
    """The access point loses its power."""
    return lambda chances, start: weather.power_cuts(
        chances.of("power"), start.end_s, per_day, machine_on_wifi=machine_on_wifi
    )


def random_trouble(per_day: float, trouble: Trouble, cause: str) -> Befalls:
    """Something happens to the node at any time."""

    def befall(chances: Chances, start: Start, site: Site) -> None:
        times_s = troubles.at_random(chances.of(f"{cause} times"), start.end_s, per_day)
        troubles.befall(site, chances.of(cause), times_s, trouble, cause)

    return befall


def each(interval_s: float, trouble: Trouble, cause: str, jitter_s: float = 0.0) -> Befalls:
    """Something happens to the node at a fixed interval."""

    def befall(chances: Chances, start: Start, site: Site) -> None:
        times_s = troubles.every(chances.of(f"{cause} times"), start.end_s, interval_s, jitter_s)
        troubles.befall(site, chances.of(cause), times_s, trouble, cause)

    return befall


def at_night(hour: float, trouble: Trouble, cause: str, jitter_s: float = 60.0) -> Befalls:
    """Something happens to the node once a night."""

    def befall(chances: Chances, start: Start, site: Site) -> None:
        times_s = troubles.nightly(
            chances.of(f"{cause} times"), start.end_s, hour, start.base_hour, jitter_s
        )
        troubles.befall(site, chances.of(cause), times_s, trouble, cause)

    return befall


def in_hours(per_day: float, first: float, last: float, trouble: Trouble, cause: str) -> Befalls:
    """Something happens to the node in some hours only."""

    def befall(chances: Chances, start: Start, site: Site) -> None:
        times_s = troubles.within_hours(
            chances.of(f"{cause} times"), start.end_s, per_day, (first, last), start.base_hour
        )
        troubles.befall(site, chances.of(cause), times_s, trouble, cause)

    return befall


def crash_bursts(chances: Chances, start: Start, site: Site) -> None:
    """Bad hours, as of a weak supply, in which the node crashes again and again."""
    rng = chances.of("crash bursts")
    spells = weather.bad_spells(
        rng,
        start.end_s,
        good_s=16 * HOUR_S,
        bad_s=1.0 * HOUR_S,
        fade_s=(1.0, 2.0),
        gap_s=(90.0, 1_200.0),
    )
    times_s = [spell.start_s for spell in spells]
    troubles.befall(site, rng, times_s, sync_fault.crash_back_at_once, "crash")


def crash_loops(*, orderly: bool) -> Befalls:
    """An hour or two, most days, in which the node ends every 12 s: an empty battery."""

    def befall(chances: Chances, start: Start, site: Site) -> None:
        rng = chances.of("loops")
        begins_s = evenings(rng, start.end_s / DAY_S, start.base_hour, (0.0, 22.0), 0.8)
        spells_s = [(at_s, at_s + rng.uniform(0.6, 2.0) * HOUR_S) for at_s in begins_s if at_s > 0]
        troubles.crash_loop(site, spells_s, orderly)

    return befall


def poller(interval_s: float) -> Befalls:
    """A client that comes by its own clock."""
    return lambda chances, start, site: Poller(site, chances.of("poller")).start(interval_s)


def rival(pause_s: tuple[float, float], spells_a_day: float) -> Befalls:
    """A program that wants the place for itself, for some hours now and then."""

    def befall(chances: Chances, start: Start, site: Site) -> None:
        rng = chances.of("rival")
        begins_s = troubles.at_random(rng, start.end_s, spells_a_day)
        spells_s = [(at_s, at_s + rng.uniform(0.3, 3.0) * HOUR_S) for at_s in begins_s]
        Rival(site, chances.of("rival's pauses"), pause_s=pause_s).start(spells_s)

    return befall


def person(
    share: float = 0.8,
    hours: tuple[float, float] = (17.5, 22.5),
    *,
    patience: tuple[int, int] = (3, 12),
    times_a_day: int = 1,
) -> Befalls:
    """Somebody who opens an app, most evenings, and again by hand when it lost the node."""

    def befall(chances: Chances, start: Start, site: Site) -> None:
        rng = chances.of("person")
        begins_s = [
            at_s
            for _ in range(times_a_day)
            for at_s in evenings(rng, start.end_s / DAY_S, start.base_hour, hours, share)
            if at_s > 0
        ]
        Person(site, chances.of("person's patience"), patience=patience).start(begins_s)

    return befall
