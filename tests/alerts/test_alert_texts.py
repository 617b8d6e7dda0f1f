"""What an alert says."""

from datetime import datetime

from meshbot.alerts.alert import Alert, AlertKind
from meshbot.alerts.alert_outbox import Batch
from meshbot.alerts.alert_texts import MOST_CHARS, notification_of
from meshbot.model.cause import Cause

NOON = datetime(2026, 11, 27, 12, 0).timestamp()
NOW_S = 10_000.0


def said(*alerts: Alert, dropped: int = 0) -> tuple[str, str, str]:
    now = notification_of(Batch(alerts, dropped), "toit", NOW_S, lambda: NOON)
    return now.title, now.body, now.type


def link(kind: AlertKind, at_s: float = NOW_S, **more: object) -> Alert:
    return Alert(kind, "link", at_s, seconds=420.0, cause=Cause.SILENCE, **more)  # type: ignore[arg-type]


def test_an_outage_with_its_causes() -> None:
    title, body, kind = said(link(AlertKind.LINK_DOWN, latest_cause=Cause.REFUSED))
    assert title == "MeshBot (toit) : liaison perdue"
    assert body == (
        "Pas de liaison avec le nœud depuis 7 min. "
        "Cause : silence, le nœud ne répond plus. "
        "À présent : connexion refusée, le nœud redémarre ou TCP_PORT est faux."
    )
    assert kind == "failure"


def test_one_that_is_late_says_when_it_was() -> None:
    _, body, kind = said(link(AlertKind.LINK_BACK, NOW_S - 3_600.0, others=2))
    assert body.startswith("La liaison avec le nœud est rétablie, après 7 min. Cause : silence")
    assert body.endswith(
        "Entre-temps, non envoyées : 2 autres nouvelles à ce sujet. Survenu le 27/11 à 11:00."
    )
    assert kind == "success"


def test_several_are_one_notification_as_grave_as_the_gravest() -> None:
    title, body, kind = said(
        link(AlertKind.LINK_BACK), Alert(AlertKind.BATTERY_LOW, "battery", NOW_S, percent=12)
    )
    assert title == "MeshBot (toit) : 2 alertes"
    assert "• liaison rétablie\n" in body
    assert "• batterie du nœud faible\nIl lui reste 12 % de charge." in body
    assert kind == "warning"


def test_what_was_dropped_is_said() -> None:
    _, body, _ = said(Alert(AlertKind.TEST, "test", NOW_S), dropped=3)
    assert body.endswith("Non gardées, faute de place : 3 alertes plus anciennes.")


def test_every_kind_has_words_and_a_long_sentence_is_cut() -> None:
    titles = set()
    for kind in AlertKind:
        title, body, _ = said(Alert(kind, kind, NOW_S, "x" * 5_000))
        titles.add(title)
        assert 0 < len(body) < MOST_CHARS + 200
    assert len(titles) == len(AlertKind)


def test_what_is_no_text_does_not_keep_an_alert_from_being_sent() -> None:
    title, body, _ = said(Alert(AlertKind.STORE_REMADE, "store", NOW_S, "/mnt/\udcff/meshbot.db"))
    assert (title + body).encode()
    assert body == "/mnt/\\udcff/meshbot.db"
