"""What ``main_bot.py check`` says of the alerts; with ``--alert`` it sends one to each service."""

import enum
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from socket import gethostname

from meshbot.alerts.alert import Alert, AlertKind
from meshbot.alerts.alert_outbox import Batch
from meshbot.alerts.alert_texts import Notification, notification_of
from meshbot.alerts.apprise_runner import AppriseRunner, is_installed
from meshbot.alerts.service_urls import name_of
from meshbot.cli.finding import Finding
from meshbot.text.language import tr

INSTALL = "make extras, pipx install --force '.[alerts]'"


class _Result(enum.Enum):
    SENT = enum.auto()
    UNDERSTOOD = enum.auto()
    NOT_SENT = enum.auto()
    NOT_UNDERSTOOD = enum.auto()
    NO_ANSWER = enum.auto()


def alert_findings(
    urls: Sequence[str], wall_clock: Callable[[], float], *, send: bool
) -> Iterator[Finding]:
    """Look at the addresses of ``ALERT_URLS``, all at a time; ``send``: whether alerts arrive."""
    if not urls:
        if send:
            yield Finding(tr("alertes : aucune adresse"), tr("régler ALERT_URLS (docs/alerts.md)"))
        return
    if not is_installed():
        yield Finding(tr("alertes : la bibliothèque apprise manque"), INSTALL)
        return
    notification = _test_alert(wall_clock) if send else None
    with ThreadPoolExecutor(len(urls), "alert-check") as pool:
        results = list(pool.map(partial(_looked_at, notification=notification), urls))
    for number, (url, result) in enumerate(zip(urls, results, strict=True), 1):
        yield _finding(name_of(number, url), result)


def _finding(name: str, result: _Result) -> Finding:
    match result:
        case _Result.SENT:
            return Finding(tr("alertes par {name} : essai parti", name=name))
        case _Result.UNDERSTOOD:
            return Finding(tr("alertes par {name}, non essayées (check --alert)", name=name))
        case _Result.NOT_SENT:
            return Finding(
                tr("alertes par {name} : l'essai n'est pas parti", name=name),
                tr("adresse et mot de passe justes ? Internet là ? Le service répond-il ?"),
            )
        case _Result.NOT_UNDERSTOOD:
            return Finding(
                tr("alertes par {name} : adresse qu'apprise ne comprend pas", name=name),
                tr("corriger ALERT_URLS (docs/alerts.md)"),
            )
        case _Result.NO_ANSWER:
            return Finding(
                tr("alertes par {name} : apprise ne répond pas", name=name),
                tr("réinstaller : {how}", how=INSTALL),
            )


def _looked_at(url: str, notification: Notification | None) -> _Result:
    known = AppriseRunner().known([url])
    if known is None:
        return _Result.NO_ANSWER
    if known != [True]:
        return _Result.NOT_UNDERSTOOD
    if notification is None:
        return _Result.UNDERSTOOD
    sent = AppriseRunner().send(url, notification.title, notification.body, notification.type)
    return _Result.SENT if sent else _Result.NOT_SENT


def _test_alert(wall_clock: Callable[[], float]) -> Notification:
    now_s = time.monotonic()
    return notification_of(
        Batch((Alert(AlertKind.TEST, "test", now_s),)), gethostname(), now_s, wall_clock
    )
