"""What ``main_bot.py check`` says of the alerts; with ``--alert`` it sends one to each service."""

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

INSTALL = 'pip install "meshbot[alerts]"'


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
    look = partial(_sent, notification=_test_alert(wall_clock)) if send else _understood
    with ThreadPoolExecutor(len(urls), "alert-check") as pool:
        results = list(pool.map(look, urls))
    for number, (url, good) in enumerate(zip(urls, results, strict=True), 1):
        yield _finding(name_of(number, url), good=good, sent=send)


def _finding(name: str, *, good: bool | None, sent: bool) -> Finding:
    if good is None:
        return Finding(
            tr("alertes par {name} : apprise ne répond pas", name=name),
            tr("réinstaller : {how}", how=INSTALL),
        )
    if not good and not sent:
        return Finding(
            tr("alertes par {name} : adresse qu'apprise ne comprend pas", name=name),
            tr("corriger ALERT_URLS (docs/alerts.md)"),
        )
    if not good:
        return Finding(
            tr("alertes par {name} : l'essai n'est pas parti", name=name),
            tr("adresse et mot de passe justes ? Internet là ? Le service répond-il ?"),
        )
    if sent:
        return Finding(tr("alertes par {name} : essai parti", name=name))
    return Finding(tr("alertes par {name}, non essayées (check --alert)", name=name))


def _understood(url: str) -> bool | None:
    known = AppriseRunner().known([url])
    return known[0] if known is not None else None


def _sent(url: str, notification: Notification) -> bool | None:
    if _understood(url) is None:
        return None
    return AppriseRunner().send(url, notification.title, notification.body, notification.type)


def _test_alert(wall_clock: Callable[[], float]) -> Notification:
    now_s = time.monotonic()
    return notification_of(
        Batch((Alert(AlertKind.TEST, "test", now_s),)), gethostname(), now_s, wall_clock
    )
