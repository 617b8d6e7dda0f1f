"""The alerts of one bot: what of it is listened to, and which services they go to.

Not loaded without services: then there is no thread, and nothing is listened to.
"""

import logging
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from meshbot.alerts import apprise_runner
from meshbot.alerts.alert_desk import AlertDesk
from meshbot.alerts.alert_policy import AlertPolicy
from meshbot.alerts.alert_sender import AlertSender
from meshbot.alerts.apprise_runner import AppriseRunner
from meshbot.alerts.link_verdict import LinkVerdict
from meshbot.alerts.service_urls import name_of
from meshbot.diagnosis.link_journal import LinkJournal
from meshbot.mesh.key_news import KeyNews
from meshbot.mesh.node_label import label_of
from meshbot.messages.conversation import Conversation
from meshbot.model.public_key import fingerprint
from meshbot.service.bot_store import BotStore
from meshbot.service.config_error import ConfigError
from meshbot.service.site_settings import SiteSettings
from meshbot.store.storage_error import StorageVanished
from meshbot.text.language import mark, tr
from meshbot.text.typography import phrases

log = logging.getLogger(__name__)

LIBRARY_MISSING = mark(
    "alertes : la bibliothèque apprise manque, rien n'est envoyé ; l'installer par "
    "« make extras », ou « pipx install --force '.[alerts]' »"
)
UNKNOWN_SERVICE = mark("ALERT_URLS, {url} : adresse qu'apprise ne comprend pas")


class KeyTable(Protocol):
    """The nodes and their keys."""

    on_key_waits: Callable[[KeyNews], object]

    def tell_rebuilt(self, listener: Callable[[StorageVanished], object]) -> None:
        """Name who is told why the store was made again."""

    def label(self, num: int) -> str:
        """Return how a log line names a node."""


@dataclass(frozen=True)
class AlertSources:
    """The parts of the bot that are listened to."""

    journal: LinkJournal
    nodes: KeyTable
    store: BotStore
    conversation: Conversation


class OperatorAlerts:
    """The services of ``ALERT_URLS``; off unless apprise is installed."""

    def __init__(
        self,
        site: SiteSettings,
        link_down_s: float,
        sources: AlertSources,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Name the settings and the sources; ``link_down_s``: a shorter outage is no alert."""
        self._site = site
        self._link_down_s = link_down_s
        self._sources = sources
        self._clock = clock
        self._wall_clock = wall_clock
        self._desk: AlertDesk | None = None

    def prepare(self, is_to_end: Callable[[], bool]) -> None:
        """Look at the addresses and begin to listen; before the store is opened.

        Raises :class:`ConfigError` for an address that apprise does not understand. It takes as
        long as importing apprise, and ends early when ``is_to_end`` says so.
        """
        urls = self._site.alert_urls
        if not apprise_runner.is_installed():
            log.warning("⚠️ %s", tr(LIBRARY_MISSING))
            return
        _refuse_unknown(urls, is_to_end)
        self._desk = self._new_desk()
        self._listen(self._desk)

    def start(self) -> None:
        """Start the threads, if there is anything for them."""
        if self._desk is None:
            return
        self._desk.start()
        names = [name_of(number, url) for number, url in enumerate(self._site.alert_urls, 1)]
        log.info(tr("🔔 Alertes envoyées par : %s"), ", ".join(names))

    def stop(self, timeout_s: float) -> bool:
        """End them; return whether they ended in time."""
        return self._desk is None or self._desk.stop(timeout_s)

    def _new_desk(self) -> AlertDesk:
        site = self._site
        machine = socket.gethostname()
        senders = [
            AlertSender(
                url,
                name_of(number, url),
                machine,
                AppriseRunner(),
                clock=self._clock,
                wall_clock=self._wall_clock,
            )
            for number, url in enumerate(site.alert_urls, 1)
        ]
        verdict = LinkVerdict(site.database_path, simulated=site.connection_mode == "simulated")
        policy = AlertPolicy(self._link_down_s, self._clock)
        return AlertDesk(policy, senders, verdict, clock=self._clock)

    def _listen(self, desk: AlertDesk) -> None:
        sources = self._sources
        sources.journal.listen(desk.link_event)
        sources.nodes.on_key_waits = self._key_waits
        sources.nodes.tell_rebuilt(
            lambda error: desk.store_remade(
                tr("{what} : elle a été refaite, avec tout ce que le bot sait.", what=error)
            )
        )
        sources.store.on_repaired = desk.store_remade
        sources.conversation.tell_operator(
            on_warning=desk.node_warned, on_obeyed=self._order_obeyed
        )

    def _key_waits(self, news: KeyNews) -> None:
        if self._desk is not None:
            text = tr(
                "{node} annonce la clé {key}. L'accepter ou la refuser : "
                "main_bot.py keys list {id}",
                node=label_of(news.node),
                key=fingerprint(news.key),
                id=news.node.id[1:],
            )
            self._desk.key_waits(news.node.num, news.key, text)

    def _order_obeyed(self, num: int, key: str) -> None:
        if self._desk is not None:
            node = self._sources.nodes.label(num)
            self._desk.order_obeyed(
                num, tr("Ordre de {node} exécuté (clé {key}).", node=node, key=key)
            )


def _refuse_unknown(urls: Sequence[str], is_to_end: Callable[[], bool]) -> None:
    """Raise :class:`ConfigError` where apprise does not understand an address."""
    known = AppriseRunner().known(urls, is_to_end)
    if known is None:
        if not is_to_end():
            log.warning(tr("⚠️ Alertes : apprise ne dit pas s'il comprend les adresses"))
        return
    problems = [
        tr(UNKNOWN_SERVICE, url=name_of(number, url))
        for number, (url, understood) in enumerate(zip(urls, known, strict=True), 1)
        if not understood
    ]
    if problems:
        raise ConfigError(phrases(problems))
