"""Lines of a journal become events of the link, at the right time; everything else is ignored."""

import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.journal_reader import MAX_LINE_CHARS, JournalReader
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.text import counted_lines
from meshbot.text.cause_texts import cause_in
from tests.diagnosis.made import DAY_S, HOUR_S
from tests.diagnosis.prefixes import PREFIXES, WHO
from tests.diagnosis.sample_weeks import sample, sample_events
from tests.diagnosis.weeks.bot_journal import BotJournal
from tests.diagnosis.weeks.site import monday_s

pytestmark = pytest.mark.slow

NOW_S = datetime(2026, 11, 23, 12, 0, 0).timestamp()
K = EventKind
SILENCE = "⚠️ SILENCE TCP: 124s sans paquet (max: 120s)"
BACK = "✅ Reconnexion TCP réussie (background)"


def reader(now_s: float = NOW_S) -> JournalReader:
    return JournalReader(lambda: now_s)


def read(*lines: str, now_s: float = NOW_S) -> list[LinkEvent]:
    return list(reader(now_s).events(lines))


def said(message: str) -> LinkEvent | None:
    return reader().read(f"13:35:58 [INFO] {message}\n")


def seconds_between(*lines: str, now_s: float = NOW_S) -> list[float]:
    """Return how much later each event is than the first."""
    events = read(*lines, now_s=now_s)
    assert len(events) == len(lines)
    return [event.wall_s - events[0].wall_s for event in events]


@pytest.fixture
def in_paris(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


# -- What the lines say ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "kind", "seconds", "count", "text"),
    [
        ("🤖 MeshBot 0.1.0 : 40 clés publiques connues", K.STARTED, None, None, "MeshBot"),
        ("👋 Bot arrêté", K.STOPPED, None, None, ""),
        ("✅ Connexion TCP établie : 192.168.1.38:4403", K.CONNECTED, None, None, ""),
        ("✅ Connexion série établie : /dev/ttyUSB0", K.CONNECTED, None, None, ""),
        (BACK, K.RECONNECTED, None, None, ""),
        (SILENCE, K.SILENCE, 124.0, None, ""),
        ("⚠️ SILENCE TCP: 1s sans paquet (max: 0.9s)", K.SILENCE, 1.0, None, ""),
        (
            "🔌 Liaison TCP perdue (192.168.1.38:4403) : connexion fermée par le nœud (FIN) ; "
            "nouvel essai aussitôt",
            K.LOST,
            None,
            None,
            "connexion fermée par le nœud (FIN)",
        ),
        (
            "🔌 Liaison TCP fermée (h:4403) : demandée par !0000000a ; nouvel essai dans 2 s",
            K.LOST,
            None,
            None,
            "demandée par !0000000a",
        ),
        (
            "🔌 Liaison TCP impossible (h:4403) : connexion refusée ; nouvel essai dans 2 s",
            K.NOT_OPENED,
            None,
            None,
            "connexion refusée",
        ),
        (
            "⚠️ Liaison perdue pendant l'envoi de la base du nœud (87 nœuds reçus) : prochain "
            "essai sans elle",
            K.LOST,
            None,
            87,
            "pendant l'envoi de la base",
        ),
        (
            "⚠️ Le nœud a coupé 3 liaisons de suite en moins d'une minute : un autre client",
            K.CONTESTED,
            None,
            3,
            "",
        ),
        (
            "🔑 Synchronisation clés publiques programmée dans 30s...",
            K.SYNC_SCHEDULED,
            30.0,
            None,
            "",
        ),
        (
            "🔑 Synchronisation clés publiques programmée dans 0.5s...",
            K.SYNC_SCHEDULED,
            0.5,
            None,
            "",
        ),
        (
            "ℹ️ Synchronisation clés publiques skippée (TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT=True)",
            K.SYNC_SKIPPED,
            None,
            None,
            "flag",
        ),
        (
            "ℹ️ Interface changée pendant le délai, skip sync",
            K.SYNC_SKIPPED,
            None,
            None,
            "changed",
        ),
        (
            "ℹ️ Reconnexion en cours, skip sync différé",
            K.SYNC_SKIPPED,
            None,
            None,
            "reconnecting",
        ),
        (
            "🔑 Démarrage synchronisation clés publiques différée...",
            K.SYNC_STARTED,
            None,
            None,
            "",
        ),
        (
            "🔄 Starting public key synchronization to interface.nodes...",
            K.SYNC_STARTED,
            None,
            None,
            "",
        ),
        ("✅ SYNC COMPLETE: 42 public keys synchronized", K.SYNC_COMPLETE, None, 42, ""),
        (
            "✅ SYNC COMPLETE: 42 public keys synchronized (2 injectées, 40 déjà présentes)",
            K.SYNC_COMPLETE,
            None,
            42,
            "",
        ),
        (
            "🔄 Tentative de reconnexion TCP n°12, après : connexion refusée",
            K.ATTEMPT,
            None,
            12,
            "connexion refusée",
        ),
        ("🔄 reconnexion après : silence", K.ATTEMPT, None, None, "silence"),
        (
            "Lancement reconnexion background, erreur : Broken pipe",
            K.ATTEMPT,
            None,
            None,
            "Lancement reconnexion background, erreur : Broken pipe",
        ),
    ],
)
def test_each_line_is_an_event(
    message: str, kind: EventKind, seconds: float | None, count: int | None, text: str
) -> None:
    event = said(message)
    assert event is not None
    assert (event.kind, event.seconds, event.count, event.text) == (kind, seconds, count, text)


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"])
def test_the_level_does_not_matter(level: str) -> None:
    (event,) = read(f"13:35:58 [{level}] {BACK}")
    assert event.kind is K.RECONNECTED


@pytest.mark.parametrize(
    "line",
    [
        "",
        "\n",
        "13:35:58",
        BACK,
        f"13:35:58 {BACK}",
        f"13:35:58 [NOTE] {BACK}",
        f"25:35:58 [INFO] {BACK}",
        f"13:61:58 [INFO] {BACK}",
        "13:35:58 [INFO]    Prochaine sync au prochain cycle périodique (5min)",
        "13:35:58 [INFO] ⚠️ SILENCE TCP: s sans paquet",
        "13:35:58 [INFO] ⏳ Toujours sans liaison depuis 10 min : connexion refusée",
        "13:35:58 [INFO] ℹ️ Liaison rétablie après 18 s d'interruption",
        "-- Boot 0123456789abcdef0123456789abcdef --",
        "-- Logs begin at Mon 2026-11-16 00:00:00 CET. --",
        "Nov 23 13:00:00 raspberrypi kernel: Linux version 6.1",
        "Nov 23 13:00:00 raspberrypi systemd[1]: Started ssh.service - OpenBSD Secure Shell.",
    ],
)
def test_what_is_not_about_the_link_is_ignored(line: str) -> None:
    assert read(line) == []


@pytest.mark.parametrize(
    "message",
    [
        "📩 X : SILENCE TCP: 500s sans paquet (max: 120s)",
        f"📩 X : {SILENCE}",
        f"📩 🙂 : {SILENCE}",
        "📩 🙂 : SILENCE TCP: 500s sans paquet (max: 120s)",
        f"📩 X : 13:35:59 [INFO] {SILENCE}",
        f"📩 {BACK} : bonjour",
        "📩 Bot arrêté : bonjour",
        "📩 🙂 : Bot arrêté",
        "📩 ✅ : SYNC COMPLETE: 1 public keys synchronized",
        "📩 X : la reconnexion a marché",
        "💬 Envoyé à X : une reconnexion après : silence",
        "🐢 Bot arrêté envoie trop de commandes : ralenti",
        "🐢 reconnexion envoie trop de commandes : ralenti",
        "📡 Nœud : reconnexion TCP n°1, après : silence (!0000000a), firmware 2.7",
        "⚠️ Réponse à SILENCE TCP: 500s sans paquet jetée après 3 s : trop vieille",
        "🔑 Clé publique de Starting public key synchronization apprise et enregistrée",
        "📩 X : Started meshbot.service systemd[1]: Started meshbot",
        "⚠️ Bot arrêté (!0000000a) annonce une autre clé",
    ],
)
def test_what_a_peer_writes_or_is_called_is_no_event(message: str) -> None:
    assert said(message) is None


def test_systemd_says_when_the_bot_starts_and_stops() -> None:
    start = "Nov 23 13:00:00 raspberrypi systemd[1]: "
    events = read(
        start + "Started meshbot.service - Meshtastic bot.",
        start + "meshbot.service: Deactivated successfully.",
        start + "Stopped meshbot.service - Meshtastic bot.",
    )
    assert [event.kind for event in events] == [K.STARTED, K.STOPPED, K.STOPPED]
    assert events[0].text == ""  # which bot is started, systemd does not say


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("silence, le nœud ne répond plus", Cause.SILENCE),
        ("connexion fermée par le nœud (FIN)", Cause.FIN),
        ("[Errno 32] Broken pipe", Cause.FIN),
        ("connexion réinitialisée par le nœud (RST)", Cause.RESET),
        ("[Errno 104] Connection reset by peer", Cause.RESET),
        ("connexion refusée", Cause.REFUSED),
        ("[Errno 111] Connection refused", Cause.REFUSED),
        ("nœud injoignable", Cause.UNREACHABLE),
        ("[Errno 113] No route to host: host unreachable", Cause.UNREACHABLE),
        ("timed out", Cause.UNREACHABLE),
        ("le nœud n'achève pas l'envoi de sa configuration", Cause.STALLED),
        ("le nœud a redémarré", Cause.REBOOTED),
        ("demandée par !0000000a", Cause.REQUESTED),
        ("les martiens", Cause.OTHER),
    ],
)
def test_causes_are_told_from_their_words(text: str, cause: Cause) -> None:
    assert cause_in(text)[0].group is cause


# -- When --------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", [name for name in PREFIXES if name != "none"])
@pytest.mark.parametrize("month", range(1, 13))
def test_every_prefix_gives_day_and_time(prefix: str, month: int) -> None:
    at = datetime(2025, month, 9, 13, 35, 58)
    now_s = datetime(2025, month, 20).timestamp()
    (event,) = read(f"{PREFIXES[prefix](at)}{at:%H:%M:%S} [INFO] {BACK}", now_s=now_s)
    assert event.wall_s == at.timestamp()


@pytest.mark.parametrize(
    ("prefix", "utc"),
    [
        ("2026-11-23T13:35:58+0100 raspi bot[1]: ", "12:35:58"),
        ("2026-11-23T13:35:58+01:00 raspi bot[1]: ", "12:35:58"),
        ("2026-11-23T13:35:58.123456-0330 raspi bot[1]: ", "17:05:58"),
        ("2026-11-23T13:35:58,123456Z raspi bot[1]: ", "13:35:58"),
        ("Mon 2026-11-23 13:35:58 UTC raspi bot[1]: ", "13:35:58"),
        ("1795440958.000001 raspi bot[1]: ", "13:35:58"),
    ],
)
def test_zones_are_heeded(prefix: str, utc: str) -> None:
    (event,) = read(f"{prefix}01:02:03 [INFO] {BACK}")
    assert f"{datetime.fromtimestamp(event.wall_s, UTC):%Y-%m-%d %H:%M:%S}" == f"2026-11-23 {utc}"


def test_dates_are_noticed_to_be_missing() -> None:
    dated, bare = reader(), reader()
    dated.read(f"Nov 23 13:35:58 raspi bot[1]: 13:35:58 [INFO] {BACK}")
    bare.read(f"13:35:58 [INFO] {BACK}")
    assert (dated.has_dates, bare.has_dates) == (True, False)


def test_midnight_passes_without_dates() -> None:
    assert seconds_between(
        f"23:59:58 [INFO] {SILENCE}",
        f"00:00:13 [INFO] {BACK}",
        f"12:00:00 [INFO] {SILENCE}",
        f"23:59:59 [INFO] {SILENCE}",
        f"00:00:00 [INFO] {BACK}",
    ) == [0, 15, DAY_S / 2 + 2, DAY_S + 1, DAY_S + 2]


def test_lines_that_are_no_events_carry_midnight_too() -> None:
    source = reader()
    first = source.read(f"20:00:00 [INFO] {SILENCE}")
    for line in ("23:00:00 [INFO] x", "04:00:00 [INFO] x", "21:00:00 [INFO] x"):
        event = source.read(line)
        assert event is not None and event.kind is EventKind.ALIVE, "it shows that the bot ran"
    last = source.read(f"22:00:00 [INFO] {BACK}")
    assert first is not None and last is not None
    assert last.wall_s - first.wall_s == DAY_S + 2 * HOUR_S


@pytest.mark.parametrize(
    ("first", "second", "now"),
    [
        ("Jan 31", "Feb 01", datetime(2026, 11, 23)),
        ("Feb 28", "Mar 01", datetime(2026, 11, 23)),
        ("Feb 29", "Mar 01", datetime(2028, 11, 23)),
        ("Feb 28", "Feb 29", datetime(2028, 11, 23)),
        ("Feb 29", "Mar 01", datetime(2026, 11, 23)),  # of 2024
        ("Apr 30", "May 01", datetime(2026, 11, 23)),
        ("Dec 31", "Jan 01", datetime(2026, 11, 23)),
        ("Dec 31", "Jan 01", datetime(2027, 1, 1, 12)),
        ("déc. 31", "janv. 01", datetime(2027, 1, 1, 12)),
    ],
)
def test_the_ends_of_months_and_years_pass(first: str, second: str, now: datetime) -> None:
    lines = [
        f"{first} 23:59:58 raspi bot[1]: 23:59:58 [INFO] {SILENCE}",
        f"{second} 00:00:13 raspi bot[1]: 00:00:13 [INFO] {BACK}",
    ]
    assert seconds_between(*lines, now_s=now.timestamp()) == [0, 15]
    assert read(*lines, now_s=now.timestamp())[0].wall_s <= now.timestamp()


def test_a_year_that_is_not_written_is_the_last_one_that_fits() -> None:
    (event,) = read(f"Nov 26 13:00:00 raspi bot[1]: 13:00:00 [INFO] {BACK}")
    assert datetime.fromtimestamp(event.wall_s).year == 2025  # 26 November is yet to come
    (event,) = read(f"Nov 24 13:00:00 raspi bot[1]: 13:00:00 [INFO] {BACK}")
    assert datetime.fromtimestamp(event.wall_s).year == 2026  # another zone's tomorrow


def test_a_journal_of_two_years_counts_them() -> None:
    months = [(2025, month) for month in range(1, 13)] + [(2026, month) for month in range(1, 12)]
    lines = [
        f"{datetime(year, month, 1):%b %d} 00:00:00 raspi bot[1]: 00:00:00 [INFO] {BACK}"
        for year, month in months
    ]
    events = read(*lines, now_s=datetime(2025, 12, 31).timestamp())
    assert [event.wall_s for event in events] == [
        datetime(year, month, 1).timestamp() for year, month in months
    ]


@pytest.mark.parametrize("prefix", ["Feb 30 13:00:00", "Abc 12 13:00:00", "Nov 99 13:00:00"])
def test_a_day_that_does_not_exist_leaves_the_time_of_day(prefix: str) -> None:
    source = reader()
    event = source.read(f"{prefix} raspi bot[1]: 13:00:00 [INFO] {BACK}")
    assert event is not None
    assert event.wall_s % DAY_S == 13 * HOUR_S
    assert not source.has_dates


@pytest.mark.usefixtures("in_paris")
def test_the_hour_that_comes_twice_is_an_hour() -> None:
    dated = [
        f"Oct 25 {at} raspi bot[1]: {at} [INFO] {BACK}"
        for at in ("02:59:50", "02:00:10", "02:59:50", "03:00:10")
    ]
    assert seconds_between(*dated) == [0, 20, 3_600, 3_620]
    bare = [f"{at} [INFO] {BACK}" for at in ("02:59:50", "02:00:10", "02:59:50", "03:00:10")]
    assert seconds_between(*bare) == [0, 20, 3_600, 3_620]


@pytest.mark.usefixtures("in_paris")
def test_the_hour_that_is_left_out_is_none() -> None:
    dated = [f"Mar 29 {at} raspi bot[1]: {at} [INFO] {BACK}" for at in ("01:59:50", "03:00:10")]
    assert seconds_between(*dated) == [0, 20]


@pytest.mark.parametrize("prefix", ["", "Nov 23 {at} raspi bot[1]: "])
def test_a_clock_set_back_a_little_stands_still(prefix: str) -> None:
    lines = [
        prefix.format(at=at) + f"{at} [INFO] {BACK}"
        for at in ("10:05:00", "10:01:00", "10:03:00", "10:05:30")
    ]
    assert seconds_between(*lines) == [0, 0, 0, 30]


def test_stragglers_from_before_midnight_make_no_day() -> None:
    assert seconds_between(
        f"23:59:59 [INFO] {BACK}",
        f"00:00:01 [INFO] {BACK}",
        f"23:59:58 [INFO] {BACK}",
        f"00:00:02 [INFO] {BACK}",
    ) == [0, 2, 2, 3]


def test_interleaved_bots_lose_no_event_and_gain_no_day() -> None:
    at = datetime(2026, 11, 20, 23, 50)
    lines = []
    for step in range(120):
        first = at + timedelta(seconds=10 * step)
        second = first - timedelta(seconds=7)  # its lines come late
        lines += [f"{moment:%H:%M:%S} [INFO] {BACK}" for moment in (first, second)]
    times_s = seconds_between(*lines)
    assert times_s == sorted(times_s)
    assert times_s[-1] == 1_190


@pytest.mark.parametrize("prefix", list(PREFIXES))
def test_a_whole_journal_comes_back_as_the_events_it_was_made_of(prefix: str) -> None:
    events = sample_events("sync 0.5, FIN", days=12, tries_both=True)
    now_s = monday_s() + 14 * DAY_S
    lines = [
        line
        for line in BotJournal(PREFIXES[prefix]).lines(events)
        if counted_lines.DEFERRED_SYNC_STARTS not in line  # tells what the next line does
    ]
    found = read(*lines, now_s=now_s)
    kinds = {event.kind for event in found}
    told = [event for event in events if event.kind in kinds]
    told = [event for event in told if event.kind is not K.CONNECTED or event.session == 1]
    assert [event.kind for event in found] == [event.kind for event in told]
    assert len(found) > 200
    for event, original in zip(found, told, strict=True):
        assert event.wall_s - found[0].wall_s == pytest.approx(
            original.wall_s - told[0].wall_s, abs=1.01
        )
        if event.seconds is not None:
            assert event.seconds == pytest.approx(original.seconds, abs=0.51)


# -- Whatever else may stand in a file ---------------------------------------------------------


def test_garbage_is_no_event_and_does_not_hide_one() -> None:
    rng = random.Random(5)
    garbage = [
        bytes(rng.randrange(256) for _ in range(rng.randrange(300))).decode("utf-8", "replace")
        for _ in range(300)
    ]
    lines: list[str] = []
    for number, text in enumerate(garbage):
        lines.append(text.replace("\n", " "))
        if number % 100 == 50:
            lines.append(f"13:35:58 [INFO] {BACK}")
    source = reader()
    assert [event.kind for event in source.events(lines)] == [K.RECONNECTED] * 3
    assert source.lines == len(lines)


@pytest.mark.parametrize(
    "line",
    [
        f"\x00\x00\x00\x0013:35:58 [INFO] {BACK}\x00\x00",
        f"\ufeff13:35:58 [INFO] {BACK}\r\n",
        f"\ufffd\ufffd 13:35:58 [INFO] {BACK}",
        f"13:35:58 [INFO] ✅ Reconnexion TCP r\u00e9ussie (background) {'x' * 10_000_000}",
        f"{WHO}13:35:58 [INFO] {BACK}",
    ],
)
def test_damage_around_a_line_does_not_matter(line: str) -> None:
    (event,) = read(line)
    assert event.kind is K.RECONNECTED


def test_a_line_truncated_anywhere_is_no_other_event() -> None:
    line = f"13:35:58 [INFO] {SILENCE}"
    for length in range(len(line)):
        for event in read(line[:length]):
            assert (event.kind, event.seconds) == (K.SILENCE, 124.0)


@pytest.mark.parametrize(
    "filler",
    [
        "reconnexion ",
        "Liaison TCP perdue (",
        ") : ",
        " ; nouvel essai",
        "⚠️",
        "0",
        "n°",
        " après : ",
    ],
)
def test_no_line_takes_long(filler: str) -> None:
    """Hostile repetition costs what its length does, not its square or worse."""
    hostile = f"13:35:58 [INFO] 🔌 Liaison TCP perdue ({filler * MAX_LINE_CHARS}"
    source = reader()
    started_s = time.process_time()
    for _ in range(20):
        source.read(hostile)
        source.read("13:35:58 [INFO] " + filler * MAX_LINE_CHARS)
    assert time.process_time() - started_s < 1.0


def test_silences_come_back_from_the_original_bots_journal() -> None:
    lines = sample("original: quiet nights", days=5).lines
    found = read(*lines, now_s=monday_s() + 9 * DAY_S)
    silences = sum("SILENCE TCP" in line for line in lines)
    assert sum(event.kind is K.SILENCE for event in found) == silences > 10
    # The first one ends a session of which nothing is told.
    assert history_of(found).causes == {Cause.SILENCE: silences - 1}
