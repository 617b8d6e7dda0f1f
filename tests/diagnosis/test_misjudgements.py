"""What the report once got wrong, with what it must say."""

from datetime import datetime, timedelta

import pytest

from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.link_diagnosis import Diagnosis, diagnose
from meshbot.diagnosis.report_text import text_report
from meshbot.model.cause import Cause
from tests.diagnosis.made import End, lived, uneven
from tests.diagnosis.sample_weeks import sample_history
from tests.diagnosis.weeks.judged import reader

pytestmark = pytest.mark.slow

RST = "connexion réinitialisée par le nœud (RST)"


def of_week(name: str, seed: int = 0, days: float = 7.0) -> Diagnosis:
    return diagnose(sample_history(name, seed=seed, days=days))


def fourteen_of_fourteen() -> list[str]:
    """Return a journal in which each of 14 syncs is followed 70 to 95 s later by a RST."""
    at = datetime(2026, 10, 5, 8)
    lines = [
        f"{at:%b %d %H:%M:%S} pi meshbot[1]: {at:%H:%M:%S} [INFO] ✅ Connexion TCP établie : h"
    ]

    def say(*messages: str) -> None:
        stamp = f"{at:%b %d %H:%M:%S} pi meshbot[1]: {at:%H:%M:%S} [INFO] "
        lines.extend(stamp + message for message in messages)

    for number in range(15):
        at += timedelta(hours=1) if not number else timedelta(seconds=70 + 25 * (number % 3) / 2)
        say(
            f"🔌 Liaison TCP perdue (h) : {RST} ; nouvel essai aussitôt",
            f"🔄 Tentative de reconnexion TCP n°1, après : {RST}",
        )
        at += timedelta(seconds=4)
        say(
            "✅ Reconnexion TCP réussie (background)",
            "🔑 Synchronisation clés publiques programmée dans 30s...",
        )
        at += timedelta(seconds=30)
        say(
            "🔄 Starting public key synchronization to interface.nodes...",
            "✅ SYNC COMPLETE: 180 public keys synchronized",
        )
    at += timedelta(hours=1)
    say("👋 Bot arrêté")
    return lines


def test_fourteen_syncs_of_fourteen_that_kill_accuse_the_sync() -> None:
    """It was called innocent, of "at most 1 %"."""
    diagnosis = diagnose(history_of(reader().events(fourteen_of_fourteen())))
    assert diagnosis.figures.losses == 15
    assert diagnosis.verdict.name == "sync suspected"
    assert diagnosis.sync_accused is True
    assert not any("hors de cause" in reason for reason in diagnosis.sync_reasons)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sync 1.0, crash", "sync 1.0, FIN", "sync 1.0, reboot"])
def test_a_week_in_which_no_session_outlives_its_sync_is_data_enough(name: str) -> None:
    """It was "too little data: let it run"."""
    diagnosis = of_week(name, days=1.0)
    assert diagnosis.verdict.name == "sync suspected"
    assert not any("Laisser tourner" in advice for advice in diagnosis.advice)


def test_a_reset_is_dated_by_the_interval_in_which_the_node_can_have_died() -> None:
    """Each sync kills within 60 to 85 s, which is noticed up to half a minute later."""
    ends = []
    for number, long in enumerate(uneven(12, Cause.SILENCE)):
        asked_s = 5.0 + number * 2.0
        ends += [long, End(30.0 + 60.0 + 2.0 * number + asked_s, Cause.RESET, heard_s=asked_s)]
    diagnosis = diagnose(lived(*ends))
    assert diagnosis.sync.after.losses == 12
    assert diagnosis.sync_accused is True


@pytest.mark.parametrize(
    "name", ["crash every 6 h", "crashes, back at once", "crash every 6 h, text"]
)
def test_a_node_that_crashes_and_is_back_at_once_is_named(name: str) -> None:
    """No cause was named, and the headline acquitted the sync."""
    diagnosis = of_week(name)
    assert diagnosis.verdict.name == "the node crashes"
    assert diagnosis.headline.startswith("le nœud plante")


@pytest.mark.parametrize("name", ["client every 10 min", "client every 15 min"])
@pytest.mark.parametrize("seed", range(3))
def test_a_client_by_the_clock_does_not_accuse_the_sync_of_the_same_rhythm(
    name: str, seed: int
) -> None:
    """Both are multiples of its 300 s; it was accused in 28 %."""
    diagnosis = of_week(name, seed, days=3.0)
    assert diagnosis.sync_accused is not True
    assert diagnosis.verdict.name == "a client with a fixed interval"


@pytest.mark.parametrize("seed", range(5))
def test_a_phone_reopened_by_hand_is_a_client_and_does_not_accuse_the_sync(seed: int) -> None:
    diagnosis = of_week("phone by hand", seed)
    assert diagnosis.sync_accused is not True
    assert diagnosis.verdict.name == "another client takes the connection"


@pytest.mark.parametrize("seed", range(5))
def test_a_node_moved_nearer_on_the_day_the_flag_was_set_does_not_accuse_the_sync(
    seed: int,
) -> None:
    diagnosis = of_week("moved nearer with the flag", seed)
    assert diagnosis.sync_accused is not True
    assert diagnosis.verdict.name == "network or power"


@pytest.mark.parametrize("name", ["reboots and Wi-Fi", "phone and Wi-Fi", "crashes and power"])
def test_two_causes_are_both_named(name: str) -> None:
    """One was, in 61 % the lesser one."""
    assert len([share for share in of_week(name).shares if share.share >= 0.15]) == 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("04:00 every night", "chaque jour vers 04:00"),
        ("Wi-Fi in the afternoon", "surtout entre 1"),
        ("crashes in the evening", "surtout entre "),
        ("every 346 s", "toutes les 346 s"),
    ],
)
def test_a_schedule_is_said(name: str, text: str) -> None:
    assert text in of_week(name, days=2.0 if name == "every 346 s" else 7.0).headline


def test_a_clock_that_starts_in_2020_gives_no_impossible_figure() -> None:
    """It was "85,576 days observed, 100.00 % available"."""
    lines = [
        "2020-01-01T00:00:10+0000 pi meshbot[1]: 00:00:10 [INFO] 🤖 MeshBot 2.0 : 40 clés",
        "2020-01-01T00:00:12+0000 pi meshbot[1]: 00:00:12 [INFO] ✅ Connexion TCP établie : h",
        "2026-10-05T08:00:00+0000 pi meshbot[1]: 08:00:00 [INFO] ⚠️ SILENCE TCP: 124s sans paquet",
        "2026-10-05T08:00:18+0000 pi meshbot[1]: 08:00:18 [INFO] ✅ Reconnexion TCP réussie",
        "2026-10-05T20:00:00+0000 pi meshbot[1]: 20:00:00 [INFO] 👋 Bot arrêté",
    ]
    history = history_of(reader().events(lines))
    diagnosis = diagnose(history)
    assert diagnosis.figures.observed_s < 2 * 86_400
    assert diagnosis.figures.uptime_percent is None or diagnosis.figures.uptime_percent < 100
    assert history.remarks


@pytest.mark.parametrize("name", ["crash loops", "reboot loops"])
def test_crash_loops_of_twelve_seconds_are_no_client(name: str) -> None:
    diagnosis = of_week(name, days=4.0)
    assert not [share for share in diagnosis.shares if "client" in share.verdict.name]
    assert diagnosis.sync_accused is not True


def test_a_length_is_not_rounded_to_sixty_seconds() -> None:
    history = lived(End(5_999.0), End(2_000.0))
    history.sessions[0].end_s = history.first_s + 599.9
    history.sessions[1:] = []
    assert "9 min 60 s" not in text_report(history, diagnose(history))
    assert "10 min 0 s" in text_report(history, diagnose(history))
