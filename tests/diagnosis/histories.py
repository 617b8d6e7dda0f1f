"""Made-up lives of a link, for the diagnosis: as events, and as the journals of two bots.

A *fault* says of each session when and how it is lost; :func:`play` turns it into the events that
the bot would note, :func:`journal` into the lines that this bot, or an older one, would print. All
chance comes from the ``random.Random`` that is passed in.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from meshbot.model.link_event import EventKind, LinkEvent

DAY_S = 86_400.0
HOUR_S = 3_600.0
BASE_S = 1_790_000_000.0
KEYS = 42
FIN = "connexion fermée par le nœud (FIN)"
RST = "connexion réinitialisée par le nœud (RST)"
SILENT = "silence, le nœud ne répond plus"
REFUSED = "connexion refusée"
UNREACHABLE = "nœud injoignable"
CLEANUP_S = 15.0
STABILIZATION_S = 3.0
PERIODIC_S = 300.0
HOST = "192.168.1.38:4403"


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that has just begun. ``sync_s``: when its key sync is to run, if it is."""

    start_s: float
    number: int
    sync_s: float | None


@dataclass(frozen=True, slots=True)
class Cut:
    """How a session ends. ``at_s``: the last sign of life."""

    at_s: float
    cause: str = FIN
    silence_s: float = 0.0
    """How long the silence is when it is declared; 0 for a link that was cut."""
    failures: tuple[str, ...] = ()
    """Why the attempts before the one that succeeds fail."""
    away_s: float = 1.0
    """From the declared loss to the attempt that succeeds; cleaning up comes on top."""
    contested: bool = False
    restart: bool = False
    """The bot is stopped and started again, and the node resets the download of its base."""


Fault = Callable[[Opened], Cut]
Skip = Callable[[float], bool]


def never(at_s: float) -> bool:
    """Say that the sync is never skipped."""
    return False


def odd_days(at_s: float) -> bool:
    """Say that the sync is skipped every other day."""
    return int((at_s - BASE_S) // DAY_S) % 2 == 1


def play(
    rng: random.Random,
    days: float,
    fault: Fault,
    *,
    asks: bool = True,
    skip: Skip = never,
    delay_s: float = 30.0,
    periodic: bool = False,
) -> list[LinkEvent]:
    """Return the events of so many days.

    ``asks``: it is this bot, which says so when it starts. ``periodic``: each periodic sync is
    told, as bots did that synced again whether anything had changed or not.
    """
    events: list[LinkEvent] = []
    end_s = BASE_S + days * DAY_S

    def note(
        kind: EventKind,
        at_s: float,
        *,
        seconds: float | None = None,
        count: int | None = None,
        text: str = "",
    ) -> None:
        events.append(LinkEvent(kind, at_s, at_s - BASE_S, 1, number, seconds, count, text))

    def sync(at_s: float) -> None:
        note(EventKind.SYNC_STARTED, at_s)
        note(EventKind.SYNC_COMPLETE, at_s, count=KEYS)

    number = 1
    now_s = BASE_S
    note(EventKind.STARTED, now_s, text="{}" if asks else "")
    now_s += 2.0
    note(EventKind.CONNECTED, now_s, seconds=2.0, count=80)
    sync(now_s)
    sync_s: float | None = now_s
    while True:
        skipped = number > 1 and skip(now_s)
        cut = fault(Opened(now_s, number, sync_s))
        declared_s = cut.at_s + cut.silence_s
        over_s = min(declared_s, end_s)
        if number > 1 and sync_s is not None and sync_s < over_s:
            sync(sync_s)
        if periodic or skipped:
            due_s = now_s + rng.uniform(0.0, PERIODIC_S)
            while due_s < over_s:
                sync(due_s)
                due_s += PERIODIC_S if periodic else DAY_S * days
        if declared_s >= end_s:
            break
        number += 1
        now_s = declared_s
        if cut.restart:
            note(EventKind.STOPPED, now_s)
            now_s += 5.0
            note(EventKind.STARTED, now_s, text="{}" if asks else "")
            now_s += 4.0
            note(EventKind.LOST, now_s, count=rng.randint(20, 90), text=RST)
        elif cut.silence_s:
            note(EventKind.SILENCE, now_s, seconds=round(cut.silence_s))
            if asks:
                note(EventKind.LOST, now_s, text=cut.cause)
            now_s += CLEANUP_S
        else:
            note(EventKind.LOST, now_s, text=cut.cause)
        cause = RST if cut.restart else cut.cause
        for attempt, failure in enumerate(cut.failures, start=1):
            note(EventKind.ATTEMPT, now_s, count=attempt, text=cause)
            cause = failure
            note(EventKind.NOT_OPENED, now_s, text=cause)
            now_s += cut.away_s / (1 + len(cut.failures))
        if cut.contested:
            note(EventKind.CONTESTED, now_s, count=3)
        now_s += cut.away_s / (1 + len(cut.failures))
        note(EventKind.ATTEMPT, now_s, count=len(cut.failures) + 1, text=cause)
        note(EventKind.CONNECTED, now_s, seconds=0.5, count=1)
        if cut.restart:
            sync_s = now_s
            sync(now_s)
            continue
        now_s += STABILIZATION_S
        if sync_s is not None and declared_s <= sync_s < now_s:
            note(EventKind.SYNC_SKIPPED, sync_s, text="reconnecting")
        note(EventKind.RECONNECTED, now_s, seconds=now_s - declared_s, count=len(cut.failures) + 1)
        if skip(now_s):
            sync_s = None
            note(EventKind.SYNC_SKIPPED, now_s, text="flag")
        else:
            sync_s = now_s + delay_s
            note(EventKind.SYNC_SCHEDULED, now_s, seconds=delay_s)
    note(EventKind.ALIVE, end_s, count=3, seconds=0.4)
    events.sort(key=lambda event: event.wall_s)
    return events


# -- Faults ------------------------------------------------------------------------------------


def ended(rng: random.Random, at_s: float, silent: bool) -> Cut:
    """Return an end that is noticed at once, or after a silence of two minutes and a bit."""
    return Cut(at_s, SILENT, rng.uniform(120.0, 130.0)) if silent else Cut(at_s)


def independent(rng: random.Random, per_day: float, *, silent: bool = True) -> Fault:
    """Losses that come at any time, whatever else happens."""
    return lambda opened: ended(rng, opened.start_s + rng.expovariate(per_day / DAY_S), silent)


def in_bursts(
    rng: random.Random,
    *,
    burst_s: float = HOUR_S,
    every_s: float = 12 * HOUR_S,
    spacing_s: float = 240.0,
    silent: bool = False,
) -> Fault:
    """Losses that crowd in bad hours and are rare outside, whatever else happens."""

    def fault(opened: Opened) -> Cut:
        at_s = opened.start_s
        while True:
            since_s = (at_s - BASE_S) % every_s
            bad = since_s < burst_s
            next_s = at_s + (burst_s if bad else every_s) - since_s
            at_s += rng.expovariate(1 / (spacing_s if bad else 5 * HOUR_S))
            if at_s < next_s:
                return ended(rng, at_s, silent)
            at_s = next_s

    return fault


def soon_after_reconnections(
    rng: random.Random, per_day: float, *, within_s: float = 20.0, share: float = 0.7
) -> Fault:
    """Losses of which most come in the first seconds of a session, for a reason of their own."""

    def fault(opened: Opened) -> Cut:
        if opened.number > 1 and rng.random() < share:
            return Cut(opened.start_s + rng.uniform(0.5, within_s), RST)
        return Cut(opened.start_s + rng.expovariate(per_day / DAY_S))

    return fault


def sync_kills(
    rng: random.Random, per_day: float, *, share: float = 0.5, silent: bool = True
) -> Fault:
    """Independent losses, and a sync that kills the link 30 to 60 s later."""

    def fault(opened: Opened) -> Cut:
        at_s = opened.start_s + rng.expovariate(per_day / DAY_S)
        if opened.number > 1 and opened.sync_s is not None and rng.random() < share:
            at_s = min(at_s, opened.sync_s + rng.uniform(30.0, 60.0))
        return ended(rng, at_s, silent)

    return fault


def another_client(rng: random.Random) -> Fault:
    """Another client comes now and then and takes the place, several times in a row."""
    left = 0

    def fault(opened: Opened) -> Cut:
        nonlocal left
        if left > 0:
            left -= 1
            at_s = opened.start_s + rng.uniform(1.0, 15.0)
            return Cut(at_s, contested=left == 0, away_s=10.0 if left == 0 else 1.0)
        left = rng.randint(2, 5)
        return Cut(opened.start_s + rng.expovariate(1 / (8 * HOUR_S)))

    return fault


def database_dump(rng: random.Random) -> Fault:
    """The node resets the connection while it sends its database, each time the bot is started."""
    return lambda opened: Cut(opened.start_s + rng.uniform(0.7, 1.3) * DAY_S, RST, restart=True)


def reboots(rng: random.Random, per_day: float = 3.0) -> Fault:
    """The node resets the link, refuses connections while it boots, and is back soon."""
    return lambda opened: Cut(
        opened.start_s + rng.expovariate(per_day / DAY_S),
        RST,
        failures=(REFUSED,) * rng.randint(2, 6),
        away_s=rng.uniform(5.0, 20.0),
    )


def bad_network(rng: random.Random, per_day: float = 4.0) -> Fault:
    """Silences that no question ends; the node is out of reach afterwards, for a while."""

    def fault(opened: Opened) -> Cut:
        at_s = opened.start_s + rng.expovariate(per_day / DAY_S)
        away = rng.random() < 0.6
        return Cut(
            at_s,
            SILENT,
            rng.uniform(120.0, 122.0),
            failures=(UNREACHABLE,) * rng.randint(1, 5) if away else (),
            away_s=rng.uniform(10.0, 300.0) if away else 1.0,
        )

    return fault


def quiet_nights(rng: random.Random) -> Fault:
    """No fault at all: at night packets are rarer than an older bot expects them."""

    def fault(opened: Opened) -> Cut:
        at_s = opened.start_s
        while True:
            hour = ((at_s - BASE_S) % DAY_S) / HOUR_S
            wait_s = rng.expovariate(1 / (90.0 if hour < 6 else 8.0))
            if wait_s > 120.0:
                return Cut(at_s, "silence", rng.uniform(120.0, 150.0))
            at_s += wait_s

    return fault


# -- As text -----------------------------------------------------------------------------------

_SKIPPED = {
    "flag": "ℹ️ Synchronisation clés publiques skippée (TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT=True)",
    "changed": "ℹ️ Interface changée pendant le délai, skip sync",
    "reconnecting": "ℹ️ Reconnexion en cours, skip sync différé",
}
_MONTHS = (
    ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    (
        *("janv.", "févr.", "mars", "avril", "mai", "juin"),
        *("juil.", "août", "sept.", "oct.", "nov.", "déc."),
    ),
)
_DAYS = (
    ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    ("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."),
)
WHO = "raspberrypi meshbot[1234]: "
PREFIXES: dict[str, Callable[[datetime], str]] = {
    "none": lambda at: "",
    "short": lambda at: f"{_MONTHS[0][at.month - 1]} {at.day:2} {at:%H:%M:%S} {WHO}",
    "short, French": lambda at: f"{_MONTHS[1][at.month - 1]} {at.day:02} {at:%H:%M:%S} {WHO}",
    "short-iso": lambda at: f"{at.astimezone():%Y-%m-%dT%H:%M:%S%z} {WHO}",
    "short-precise": lambda at: f"{_MONTHS[0][at.month - 1]} {at.day:02} {at:%H:%M:%S.%f} {WHO}",
    "short-full": lambda at: f"{_DAYS[0][at.weekday()]} {at:%Y-%m-%d %H:%M:%S} CET {WHO}",
    "short-full, French": lambda at: f"{_DAYS[1][at.weekday()]} {at:%Y-%m-%d %H:%M:%S} CET {WHO}",
    "short-unix": lambda at: f"{at.timestamp():.6f} {WHO}",
}
"""What ``journalctl -o`` puts in front of a line, by its name there."""


def messages_of(event: LinkEvent, *, first_of_outage: bool) -> list[str]:
    """Return what this bot prints about an event."""
    kind = event.kind
    if kind is EventKind.LOST:
        lines = []
        if event.count is not None:
            lines.append(
                f"⚠️ Liaison perdue pendant l'envoi de la base du nœud ({event.count} nœuds reçus)"
                " : prochain essai sans elle"
            )
        if first_of_outage:
            what = "perdue" if event.count is None else "impossible"
            lines.append(f"🔌 Liaison TCP {what} ({HOST}) : {event.text} ; nouvel essai aussitôt")
        return lines
    if kind is EventKind.SYNC_SKIPPED:
        lines = [_SKIPPED[event.text]]
        if event.text == "flag":
            lines.append("   Prochaine sync au prochain cycle périodique (5min)")
        return lines
    return {
        EventKind.STARTED: [f"🤖 MeshBot 0.1.0 : {KEYS} clés publiques connues"],
        EventKind.STOPPED: ["👋 Bot arrêté"],
        EventKind.CONNECTED: [f"✅ Connexion TCP établie : {HOST}"] if not first_of_outage else [],
        EventKind.SILENCE: [f"⚠️ SILENCE TCP: {event.seconds:.0f}s sans paquet (max: 120s)"]
        if event.seconds is not None
        else [],
        EventKind.ATTEMPT: [
            f"🔄 Tentative de reconnexion TCP n°{event.count}, après : {event.text}"
        ],
        EventKind.RECONNECTED: ["✅ Reconnexion TCP réussie (background)"],
        EventKind.CONTESTED: [
            f"⚠️ Le nœud a coupé {event.count} liaisons de suite en moins d'une minute : un autre "
            "client (téléphone, second bot, domotique) prend sans doute sa seule place TCP"
        ],
        EventKind.SYNC_SCHEDULED: [
            f"🔑 Synchronisation clés publiques programmée dans {event.seconds or 0:.0f}s..."
        ],
        EventKind.SYNC_STARTED: ["🔄 Starting public key synchronization to interface.nodes..."],
        EventKind.SYNC_COMPLETE: [
            f"✅ SYNC COMPLETE: {event.count} public keys synchronized (42 injectées, 0 déjà "
            "présentes)"
        ],
    }.get(kind, [])


_OF_AN_OLDER_BOT = (
    EventKind.SILENCE,
    EventKind.ATTEMPT,
    EventKind.RECONNECTED,
    EventKind.SYNC_SCHEDULED,
    EventKind.SYNC_SKIPPED,
    EventKind.SYNC_STARTED,
    EventKind.SYNC_COMPLETE,
)


def journal(
    events: Iterable[LinkEvent], *, prefix: str = "short", older: bool = False
) -> Iterator[str]:
    """Return the journal of this bot, or of an older one that says only what spec 2 lists."""
    down = False
    opened = False
    for event in events:
        if event.kind is EventKind.STARTED:
            down = opened = False
        if older:
            if event.kind not in _OF_AN_OLDER_BOT:
                continue
            lines = messages_of(event, first_of_outage=True)
            if event.kind is EventKind.ATTEMPT:
                lines = [f"🔄 Tentative de reconnexion TCP (cause : {event.text})"]
        else:
            first = opened if event.kind is EventKind.CONNECTED else not down
            lines = messages_of(event, first_of_outage=first)
        if event.kind is EventKind.LOST:
            down = True
        elif event.kind is EventKind.RECONNECTED or (
            event.kind is EventKind.CONNECTED and not opened
        ):
            down = False
        opened = opened or event.kind is EventKind.CONNECTED
        at = datetime.fromtimestamp(event.wall_s)
        for line in lines:
            yield f"{PREFIXES[prefix](at)}{at:%H:%M:%S} [INFO] {line}\n"
