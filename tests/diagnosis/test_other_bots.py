"""Journals of other bots, made from what their own sources print, tell the same events.

The formats: ``utils.py``, ``main_bot.py``, ``node_manager.py``, ``tcp_interface_patch.py`` and
``safe_serial_connection.py`` of Tigro14/meshbot; ``modules/log.py`` and ``modules/system.py`` of
SpudGunMan/meshing-around; ``log_utils.py``, ``meshtastic/events.py``, ``connection.py`` and
``health.py`` of mmrelay; ``stream_interface.py`` of the meshtastic library.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from meshbot.diagnosis.history_builder import cause_of, history_of
from meshbot.diagnosis.journal_reader import JournalReader
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent

K = EventKind
NOW_S = datetime(2026, 11, 26, 12).timestamp()
START = datetime(2026, 11, 20, 0, 20, 38)
WHO = "DietPi meshtastic-bot[38776]: "


def read(*lines: str) -> list[LinkEvent]:
    return list(JournalReader(lambda: NOW_S).events(lines))


def original(message: str, after_s: float = 0.0, level: str = "[INFO]") -> str:
    """Return a line as ``info_print`` makes it and journald keeps it."""
    at = START + timedelta(seconds=after_s)
    clock = f" {at:%H:%M:%S} -" if level == "[ERROR]" else ""
    return f"{at:%b %d %H:%M:%S} {WHO}{level}{clock} {message}\n"


def judged(lines: list[str]) -> LinkHistory:
    reader = JournalReader(lambda: NOW_S)
    events = list(reader.events(lines))
    assert not reader.is_of_this_bot
    return history_of(events, of_this_bot=reader.is_of_this_bot)


# -- The original bot --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "kind", "cause", "count"),
    [
        ("🚀 MESHBOT STARTUP", K.STARTED, None, None),
        ("✅ Interface TCP créée", K.CONNECTED, None, None),
        ("✅ Interface série créée", K.CONNECTED, None, None),
        ("✅ Meshtastic TCP: 192.168.1.38:4403", K.CONNECTED, None, None),
        ("⚠️ SILENCE TCP: 124s sans paquet (max: 120s)", K.SILENCE, None, None),
        ("🔄 Forçage reconnexion TCP (silence détecté)...", K.ATTEMPT, Cause.SILENCE, None),
        ("🔄 Reconnexion TCP #1 à 192.168.1.38:4403...", K.ATTEMPT, Cause.OTHER, 1),
        ("🔄 Reconnexion TCP programmée (intervalle: 180s)", K.ATTEMPT, Cause.SCHEDULED, None),
        ("🔌 Socket TCP mort: détecté par moniteur", K.LOST, Cause.FIN, None),
        ("⚠️ Interface manquante, tentative de reconnexion...", K.ATTEMPT, Cause.OTHER, None),
        ("⚠️ Socket TCP manquant, tentative de reconnexion...", K.ATTEMPT, Cause.OTHER, None),
        (
            "⚠️ Socket TCP fermé (fileno=-1), tentative de reconnexion...",
            K.ATTEMPT,
            Cause.OTHER,
            None,
        ),
        (
            "⚠️ Socket TCP déconnecté (errno 107: [Errno 107] Transport endpoint is not connected),"
            " tentative de reconnexion...",
            K.ATTEMPT,
            Cause.OTHER,
            None,
        ),
        (
            "⚠️ Socket TCP invalide ([Errno 104] Connection reset by peer: x), tentative de "
            "reconnexion...",
            K.ATTEMPT,
            Cause.RESET,
            None,
        ),
        ("✅ Reconnexion TCP réussie (background)", K.RECONNECTED, None, None),
        ("🔑 Démarrage synchronisation clés publiques différée...", K.SYNC_STARTED, None, None),
        ("✅ 42 clés publiques re-synchronisées", K.SYNC_COMPLETE, None, 42),
        (
            "ℹ️ Aucune clé à re-synchroniser (aucune clé dans SQLite DB)",
            K.SYNC_COMPLETE,
            None,
            None,
        ),
        ("✅ Bot arrêté proprement", K.STOPPED, None, None),
        ("⚠️ Bot arrêté (timeout)", K.STOPPED, None, None),
        ("Arrêt...", K.STOPPED, None, None),
        ("🔄 Tentative de reconnexion #2...", K.ATTEMPT, Cause.OTHER, 2),
        ("✅ Reconnexion réussie après 12.3s d'interruption", K.RECONNECTED, None, None),
    ],
)
def test_what_it_informs_of(
    message: str, kind: EventKind, cause: Cause | None, count: int | None
) -> None:
    (event,) = read(original(message))
    assert (event.kind, event.count) == (kind, count)
    assert event.wall_s == START.timestamp()
    if cause is not None:
        assert cause_of(event) is cause


@pytest.mark.parametrize(
    ("message", "kind", "cause"),
    [
        (
            "❌ Erreur reconnexion tentative 1: [Errno 113] No route to host",
            K.NOT_OPENED,
            Cause.UNREACHABLE,
        ),
        ("❌ Échec reconnexion TCP après 3 tentatives: timed out", K.NOT_OPENED, Cause.UNREACHABLE),
        (
            "❌ Erreur connexion TCP (tentative 1/2): [Errno 111] Connection refused",
            K.NOT_OPENED,
            Cause.REFUSED,
        ),
        ("❌ Connexion échouée, nouvelle tentative dans 30s...", K.NOT_OPENED, Cause.OTHER),
        ("❌ Reconnexion abandonnée après 3 tentatives", K.NOT_OPENED, Cause.OTHER),
        ("⚠️  Connexion série perdue", K.LOST, Cause.PORT_LOST),
    ],
)
def test_its_errors_bring_a_clock_of_their_own(message: str, kind: EventKind, cause: Cause) -> None:
    (event,) = read(original(message, level="[ERROR]"))
    assert (event.kind, cause_of(event)) == (kind, cause)
    (alone,) = read(f"[ERROR] 13:35:58 - {message}")
    assert alone.kind is kind


@pytest.mark.parametrize("level", ["[DEBUG]", "[INFO]", "[INFO][MT]", "[DEBUG][MT]"])
def test_its_levels_and_networks(level: str) -> None:
    (event,) = read(
        original("ℹ️ SYNC COMPLETE: No new keys to inject (all already present)", 0, level)
    )
    assert event.kind is K.SYNC_COMPLETE


@pytest.mark.parametrize(
    "message",
    [
        "📊 Session stats: 89 paquets en 125s (42.7 pkt/min)",
        "🔧 TCP_FORCE_RECONNECT_INTERVAL configuré: 3600s (reconnexion programmée activée)",
        "⚠️ llama.cpp non disponible - /bot désactivé jusqu'à reconnexion",
        "🔌 Configuration callback reconnexion sur nouvelle interface...",
        "🔄 Déclenchement reconnexion via callback...",
        "⏳ Reconnexion TCP déjà en cours, skip health check",
        "⏸️ Message ignoré: reconnexion TCP en cours",
        "🔍 Health check: reconnexion en cours, skip",
        "⚠️ Erreur re-sync clés après reconnexion: x",
        "   Tentative de reconnexion dans 30s...",
        "⚡ Échec reconnexion: [Errno 111] Connection refused",
        "❌ [SAVE-MESHCORE] Connexion SQLite non initialisée, tentative de reconnexion",
        "❌ Interface non disponible (reconnexion en cours?)",
        "📨 MESSAGE BRUT: 'SILENCE TCP: 500s sans paquet' | from=0x00000001 | to=0xffffffff",
        "📢 Alerte déconnexion TCP envoyée via Telegram",
    ],
)
@pytest.mark.parametrize("level", ["[INFO]", "[ERROR]", "[DEBUG]"])
def test_what_tells_nothing_of_the_link(message: str, level: str) -> None:
    assert read(original(message, level=level)) == []


def test_words_of_strangers_and_of_the_other_network_are_no_event() -> None:
    assert read(original("X: [INFO] 🔌 Socket TCP mort", level="[CONVERSATION]")) == []
    assert read(original("🔌 Socket TCP mort: x", level="[INFO][MC]")) == []


def outage(at_s: float, silence_s: float = 148) -> Iterator[str]:
    """Yield an outage of the original bot, with its sync announced before the success."""
    yield original(f"⚠️ SILENCE TCP: {silence_s:.0f}s sans paquet (max: 120s)", at_s)
    yield original("📊 Session stats: 89 paquets en 125s (42.7 pkt/min)", at_s)
    yield original("🔄 Forçage reconnexion TCP (silence détecté)...", at_s)
    yield original("🔄 Reconnexion TCP #1 à 192.168.1.38:4403...", at_s)
    yield original("🔑 Synchronisation clés publiques programmée dans 30s...", at_s + 18)
    yield original("✅ Reconnexion TCP réussie (background)", at_s + 18)
    yield original("🔑 Démarrage synchronisation clés publiques différée...", at_s + 48)
    yield original("🔄 Starting public key synchronization to interface.nodes...", at_s + 48)
    yield original("✅ SYNC COMPLETE: 42 public keys synchronized to interface.nodes", at_s + 48)
    yield original("✅ 42 clés publiques re-synchronisées", at_s + 48)


def test_a_sync_announced_before_the_success_belongs_to_the_new_session() -> None:
    lines = [line for n in range(3) for line in outage(3_600.0 * n)]
    lines[-4:] = []
    skipped = "ℹ️ Synchronisation clés publiques skippée (TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT=True)"
    lines[-2] = original(skipped, 7_218.0)
    found = judged(lines)
    assert [session.skips_sync for session in found.sessions] == [None, False, False, True]
    assert [len(session.syncs) for session in found.sessions] == [0, 1, 1, 0]
    assert all(sync.deferred and sync.keys == 42 for sync in found.syncs)


def test_forcing_an_attempt_and_making_it_is_one_attempt() -> None:
    found = judged([*outage(0.0), *outage(3_600.0)])
    assert [(loss.attempts, loss.failures) for loss in found.losses] == [(1, []), (1, [])]
    assert not any(loss.asked for loss in found.losses)  # it takes packets for signs of life
    assert found.remarks == []


def test_its_outages_count_against_its_availability() -> None:
    found = judged([line for n in range(42) for line in outage(3_600.0 * n)])
    assert len(found.losses) == 42
    assert found.down_s == 18 + 41 * (148 + 18)  # of the first, the journal has only the end


def test_a_scheduled_reconnection_is_a_loss_of_its_own_cause() -> None:
    lines = [
        *outage(0.0),
        original("🔄 Reconnexion TCP programmée (intervalle: 180s)", 600),
        original("📊 Session stats: 89 paquets en 125s (42.7 pkt/min)", 600),
        original("🔄 Reconnexion TCP #1 à 192.168.1.38:4403...", 600),
        original("🔑 Synchronisation clés publiques programmée dans 30s...", 619),
        original("✅ Reconnexion TCP réussie (background)", 619),
        original("x", 1_300),
    ]
    found = judged(lines)
    assert found.causes == {Cause.SILENCE: 1, Cause.SCHEDULED: 1}
    assert (found.losses[1].attempts, found.losses[1].failures) == (1, [])
    assert found.losses[1].outage_s == 19


def test_a_reconnection_that_fails_is_one_outage() -> None:
    lines = [
        original("⚠️ SILENCE TCP: 121s sans paquet (max: 120s)", 0),
        original("🔄 Forçage reconnexion TCP (silence détecté)...", 0),
        original("🔄 Reconnexion TCP #1 à 192.168.1.38:4403...", 0),
        original("❌ Erreur reconnexion tentative 1: timed out", 20, "[ERROR]"),
        original("❌ Erreur reconnexion tentative 2: timed out", 60, "[ERROR]"),
        original("❌ Échec reconnexion TCP après 3 tentatives: timed out", 100, "[ERROR]"),
        original("⚠️ SILENCE TCP: 130s sans paquet (max: 120s)", 131),
        original("🔄 Forçage reconnexion TCP (silence détecté)...", 131),
        original("🔄 Reconnexion TCP #2 à 192.168.1.38:4403...", 131),
        original("✅ Reconnexion TCP réussie (background)", 149),
    ]
    found = judged(lines)
    (loss,) = found.losses
    assert loss.failures == [Cause.UNREACHABLE] * 3
    assert loss.recovered_s == START.timestamp() + 149
    assert found.remarks == []


def test_the_librarys_own_word_on_a_loss_counts() -> None:
    lines = [
        *outage(0.0),
        f"{START + timedelta(seconds=500):%b %d %H:%M:%S} {WHO}2026-11-20 00:28:58,123 - "
        "meshtastic.stream_interface - ERROR - Unexpected OSError, terminating meshtastic "
        "reader... [Errno 104] Connection reset by peer\n",
        *outage(640.0, 140),
    ]
    found = judged(lines)
    assert [loss.cause for loss in found.losses] == [Cause.SILENCE, Cause.RESET]
    assert found.losses[1].declared_s == START.timestamp() + 500


# -- meshing-around ----------------------------------------------------------------------------


def around(after_s: float, level: str, message: str, *, prefix: str = "") -> str:
    """Return a line of ``'%(asctime)s | %(levelname)8s | %(message)s'``."""
    at = START + timedelta(seconds=after_s)
    return f"{prefix}{at:%Y-%m-%d %H:%M:%S},123 | {level:>8} | System: {message}\n"


AROUND = [
    (0, "DEBUG", "Initializing Interfaces"),
    (9, "INFO", "Autoresponder Started for Device1 Base,BASE. NodeID: 1, !00000001"),
    (3_600, "WARNING", "Abrupt Disconnection of Interface detected, attempting reconnect..."),
    (3_620, "ERROR", "communicating with interface1, trying to reconnect: [Errno 32] Broken pipe"),
    (3_640, "DEBUG", "Retrying interface1 2 attempts left"),
    (3_641, "WARNING", "Abrupt Disconnection of Interface detected, attempting reconnect..."),
    (3_641, "DEBUG", "Retrying interface1 in 15 seconds"),
    (3_656, "DEBUG", "Retrying Interface1 TCP on hostname: 192.168.1.38:4403"),
    (3_660, "ERROR", "Error Opening interface1 on: [Errno 111] Connection refused"),
    (3_680, "DEBUG", "Retrying interface1 1 attempts left"),
    (3_695, "DEBUG", "Retrying Interface1 TCP on hostname: 192.168.1.38:4403"),
    (3_700, "DEBUG", "Interface1 Opened!"),
    (9_000, "DEBUG", "Closing Autoresponder"),
    (9_001, "WARNING", "Abrupt Disconnection of Interface detected, attempting reconnect..."),
    (9_002, "DEBUG", "Exiting"),
]


@pytest.mark.parametrize("prefix", ["", "Nov 20 00:20:38 pi mesh_bot[77]: ", "\x1b[38;5;39m"])
def test_meshing_around(prefix: str) -> None:
    found = judged([around(*row, prefix=prefix) for row in AROUND])
    (loss,) = found.losses
    start_s = START.timestamp()
    assert (loss.declared_s, loss.recovered_s) == (start_s + 3_600, start_s + 3_700)
    assert loss.failures == [Cause.REFUSED]
    assert (found.up_s, found.down_s) == (3_591 + 5_300, 9 + 100)
    assert found.remarks == []


def test_of_several_radios_the_first_is_judged() -> None:
    reader = JournalReader(lambda: NOW_S)
    lines = [around(*row) for row in AROUND]
    lines[5:5] = [
        around(3_640, "ERROR", "Error Opening interface2 on: timed out"),
        around(3_640, "DEBUG", "Interface2 Opened!"),
    ]
    events = list(reader.events(lines))
    assert reader.other_interfaces == 2
    assert len(history_of(events, of_this_bot=False).losses) == 1
    assert [event.kind for event in events].count(K.RECONNECTED) == 1


# -- mmrelay -----------------------------------------------------------------------------------


MMRELAY = [
    (0, "INFO", "MMRelay", "Starting MMRelay version 1.3.0"),
    (1, "INFO", "Meshtastic", "Connecting to host 192.168.1.38:4403"),
    (5, "INFO", "Meshtastic", "Connected to BASE / HELTEC_V3 / Meshtastic Firmware version 2.7.4"),
    (600, "ERROR", "Meshtastic", "Tcp connection health check failed: timed out"),
    (600, "ERROR", "Meshtastic", "Lost connection (health check failed: x). Reconnecting..."),
    (600, "INFO", "Meshtastic", "Reconnection attempt starting in 10 seconds..."),
    (
        615,
        "WARNING",
        "Meshtastic",
        "An unexpected error occurred on attempt 1: [Errno 113] No route to host. Retrying in 2 "
        "seconds...",
    ),
    (620, "WARNING", "Meshtastic", "Reconnection attempt did not produce a client; backing off"),
    (620, "INFO", "Meshtastic", "Reconnection attempt starting in 20 seconds..."),
    (640, "INFO", "Meshtastic", "Connecting to host 192.168.1.38:4403"),
    (642, "INFO", "Meshtastic", "Connected to BASE / HELTEC_V3"),
    (642, "INFO", "Meshtastic", "Reconnected successfully."),
    (
        4_000,
        "ERROR",
        "Meshtastic",
        "Lost connection (meshtastic.connection.lost). Reconnecting...",
    ),
    (4_000, "INFO", "Meshtastic", "Reconnection attempt starting in 10 seconds..."),
    (4_012, "INFO", "Meshtastic", "Connected to BASE / HELTEC_V3"),
    (4_012, "INFO", "Meshtastic", "Reconnected successfully."),
    (5_000, "INFO", "Matrix", "Shutdown signal received. Closing down..."),
    (5_001, "INFO", "Matrix", "Shutdown complete."),
]


def relayed(after_s: float, level: str, name: str, message: str, layout: str) -> str:
    at = START + timedelta(seconds=after_s)
    return layout.format(at=at.astimezone(), level=level, name=name, message=message) + "\n"


@pytest.mark.parametrize(
    "layout",
    [
        "{at:%Y-%m-%d %H:%M:%S %z} {level}:{name}:{message}",
        "{at:%b %d %H:%M:%S} pi mmrelay[5]: {at:%Y-%m-%d %H:%M:%S %z} {level}:{name}:{message}",
        "{at:%Y-%m-%d %H:%M:%S} {level:<8} {name}: {message}",
    ],
)
def test_mmrelay(layout: str) -> None:
    found = judged([relayed(*row, layout) for row in MMRELAY])
    asked, told = found.losses
    start_s = START.timestamp()
    assert (asked.cause, told.cause) == (Cause.UNREACHABLE, Cause.OTHER)
    assert (asked.declared_s, asked.recovered_s) == (start_s + 600, start_s + 642)
    assert (asked.attempts, told.attempts) == (2, 1)
    assert asked.failures[0] is Cause.UNREACHABLE and told.failures == []
    assert told.outage_s == 12
    assert found.down_s == 5 + 42 + 12
    assert found.remarks == []


# -- What this bot adds ------------------------------------------------------------------------


def test_a_loss_tells_when_the_last_byte_came() -> None:
    told, untold = read(
        "13:35:58 [WARNING] 🔌 Liaison TCP perdue (h:4403) : connexion réinitialisée par le nœud "
        "(RST) ; dernier octet il y a 27 s ; nouvel essai aussitôt",
        "13:36:58 [WARNING] 🔌 Liaison TCP perdue (h:4403) : connexion réinitialisée par le nœud "
        "(RST) ; nouvel essai aussitôt",
    )
    assert (told.seconds, untold.seconds) == (27.0, None)
    assert cause_of(told) is cause_of(untold) is Cause.RESET
    assert told.text == untold.text


@pytest.mark.parametrize(
    ("said", "count", "text"),
    [
        (
            "firmware 2.7.4, région EU_868, 41 redémarrages",
            41,
            '{"id": "!a1b2c3d4", "firmware": "2.7.4", "region": "EU_868"}',
        ),
        (
            "firmware 2.7.4.abc, région UNSET, 1 redémarrage, émetteur coupé",
            1,
            '{"id": "!a1b2c3d4", "firmware": "2.7.4.abc", "region": "UNSET", "transmits": false}',
        ),
        ("région US", None, '{"id": "!a1b2c3d4", "region": "US"}'),
    ],
)
def test_the_node_tells_of_itself(said: str, count: int | None, text: str) -> None:
    (event,) = read(f"13:35:58 [INFO] 🧭 Nœud !a1b2c3d4 : {said}")
    assert (event.kind, event.count, event.text) == (K.NODE, count, text)
