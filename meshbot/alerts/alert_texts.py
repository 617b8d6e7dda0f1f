"""Alerts in words, as the services are given them. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from meshbot.alerts.alert import Alert, AlertKind
from meshbot.alerts.alert_outbox import Batch
from meshbot.model.cause import Cause
from meshbot.text.cause_texts import cause_text
from meshbot.text.language import mark, tr
from meshbot.text.quantities import counted, duration_text
from meshbot.text.typography import percentage

LATE_S = 60.0
MOST_CHARS = 400
"""Of one alert: services cut what is too long, and not at the end of a sentence."""

_TITLES = {
    AlertKind.LINK_DOWN: mark("liaison perdue"),
    AlertKind.LINK_BACK: mark("liaison rétablie"),
    AlertKind.VERDICT: mark("le verdict sur la liaison a changé"),
    AlertKind.KEY_WAITS: mark("une clé attend une décision"),
    AlertKind.MORE_KEYS_WAIT: mark("d'autres clés attendent une décision"),
    AlertKind.BATTERY_LOW: mark("batterie du nœud faible"),
    AlertKind.NODE_WARNS: mark("le nœud signale un problème"),
    AlertKind.STORE_REMADE: mark("la base a été refaite"),
    AlertKind.ORDER_OBEYED: mark("un ordre a été exécuté"),
    AlertKind.TEST: mark("alerte d'essai"),
}
_TYPES = {
    AlertKind.LINK_DOWN: "failure",
    AlertKind.LINK_BACK: "success",
    AlertKind.VERDICT: "info",
    AlertKind.TEST: "info",
}
"""How apprise is to show an alert; what is not here is a warning."""


@dataclass(frozen=True, slots=True)
class Notification:
    """What a service is given."""

    title: str
    body: str
    type: str
    """One of apprise's words: info, success, warning, failure."""


def notification_of(
    batch: Batch, machine: str, now_s: float, wall_clock: Callable[[], float]
) -> Notification:
    """Return a batch in words at monotonic ``now_s``; ``machine``: whose alerts these are."""
    parts = [_text(alert, now_s, wall_clock()) for alert in batch.alerts]
    if len(parts) > 1:
        parts = [
            f"• {_title(alert)}\n{text}" for alert, text in zip(batch.alerts, parts, strict=True)
        ]
        what = counted(len(parts), "alerte", "alertes")
    else:
        what = _title(batch.alerts[0])
    if batch.dropped:
        lost = counted(batch.dropped, "alerte plus ancienne", "alertes plus anciennes")
        parts.append(tr("Non gardées, faute de place : {lost}.", lost=lost))
    title = tr("MeshBot ({machine}) : {what}", machine=machine, what=what)
    return Notification(_sendable(title), _sendable("\n\n".join(parts)), _type(batch))


def _sendable(text: str) -> str:
    """Return a text without what no service takes, such as half a letter of a file's name.

    With it an alert would be tried for ever, and hold up all those behind it.
    """
    return text.encode("utf-8", "backslashreplace").decode()


def _title(alert: Alert) -> str:
    return tr(_TITLES[alert.kind])


def _type(batch: Batch) -> str:
    types = {_TYPES.get(alert.kind, "warning") for alert in batch.alerts}
    return next(name for name in ("failure", "warning", "success", "info") if name in types)


def _text(alert: Alert, now_s: float, wall_s: float) -> str:
    """Return what is told of an alert, and when it was, where that is a while ago."""
    sentences = [_cut(sentence) for sentence in _sentences(alert) if sentence]
    if alert.others:
        others = counted(alert.others, "autre nouvelle", "autres nouvelles")
        sentences.append(tr("Entre-temps, non envoyées : {others} à ce sujet.", others=others))
    late_s = now_s - alert.at_s
    if late_s >= LATE_S:
        moment = datetime.fromtimestamp(wall_s - late_s)
        sentences.append(tr("Survenu le {moment:%d/%m à %H:%M}.", moment=moment))
    return " ".join(sentences)


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARS else text[: MOST_CHARS - 1] + "…"


def _sentences(alert: Alert) -> list[str]:
    away = duration_text(alert.seconds)
    match alert.kind:
        case AlertKind.LINK_DOWN:
            return [
                tr("Pas de liaison avec le nœud depuis {away}.", away=away),
                _cause(mark("Cause : {cause}."), alert.cause, alert.detail),
                _cause(mark("À présent : {cause}."), alert.latest_cause, alert.latest_detail),
            ]
        case AlertKind.LINK_BACK:
            return [
                tr("La liaison avec le nœud est rétablie, après {away}.", away=away),
                _cause(mark("Cause : {cause}."), alert.cause, alert.detail),
            ]
        case AlertKind.VERDICT:
            return [
                tr("Pourquoi la liaison est coupée, sur 7 jours : {verdict}.", verdict=alert.text),
                tr("Le détail : main_bot.py report."),
            ]
        case AlertKind.BATTERY_LOW:
            charge = percentage(str(alert.percent))
            return [tr("Il lui reste {charge} de charge.", charge=charge)]
        case _:
            return [_other(alert)]


def _other(alert: Alert) -> str:
    if alert.kind is AlertKind.MORE_KEYS_WAIT:
        return tr("Elles sont nombreuses : les voir par main_bot.py keys list.")
    if alert.kind is AlertKind.TEST:
        return tr("Tout va bien : main_bot.py check --alert a demandé cet essai.")
    return alert.text


def _cause(sentence: str, cause: Cause | None, detail: str) -> str:
    return tr(sentence, cause=cause_text(cause, detail)) if cause is not None else ""
