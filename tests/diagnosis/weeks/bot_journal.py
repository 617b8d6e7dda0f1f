"""The lines that this bot prints about what it noted, as journald keeps them."""

import math
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.model.sync_skip import SyncSkip
from meshbot.text import counted_lines
from meshbot.text.cause_texts import cause_text
from meshbot.text.quantities import duration_text
from tests.diagnosis.weeks.original_bot import MONTHS

Prefix = Callable[[datetime], str]
WHERE = "192.168.1.38:4403"


def _in_short(at: datetime) -> str:
    return f"{MONTHS[at.month - 1]} {at.day:2} {at:%H:%M:%S} pi meshbot[812]: "


class BotJournal:
    """Puts events into words, as ``LinkNarrator`` and ``MeshBot`` do."""

    def __init__(self, prefix: Prefix = _in_short) -> None:
        """Begin before the first event. ``prefix``: what journald puts before each line."""
        self._prefix = prefix
        self._failures = 0
        self._ever_connected = False
        self._outage_text = ""
        self._deferred_s = -math.inf
        """When the deferred sync is due."""

    def lines(self, events: Iterable[LinkEvent]) -> Iterator[str]:
        """Return the journal of a bot."""
        for event in events:
            at = datetime.fromtimestamp(event.wall_s)
            prefix = self._prefix(at)
            for level, message in self._messages(event):
                yield f"{prefix}{at:%H:%M:%S} [{level}] {message}\n"

    def _messages(self, event: LinkEvent) -> list[tuple[str, str]]:
        teller = {
            EventKind.STARTED: self._started,
            EventKind.CONNECTED: self._connected,
            EventKind.RECONNECTED: self._reconnected,
            EventKind.ATTEMPT: self._attempt,
            EventKind.LOST: self._lost,
            EventKind.NOT_OPENED: self._lost,
            EventKind.SYNC_SKIPPED: self._skipped,
            EventKind.SYNC_SCHEDULED: self._scheduled,
            EventKind.SYNC_STARTED: self._sync_started,
        }.get(event.kind)
        if teller is not None:
            return teller(event)
        return _PLAIN[event.kind](event) if event.kind in _PLAIN else []

    def _started(self, event: LinkEvent) -> list[tuple[str, str]]:
        self._failures = 0
        self._ever_connected = False
        return [
            ("INFO", "🤖 MeshBot 0.1.0 : 42 clés publiques connues"),
            ("INFO", f"🔌 Connexion TCP : {WHERE}..."),
        ]

    def _connected(self, event: LinkEvent) -> list[tuple[str, str]]:
        if self._ever_connected:
            return []
        self._ever_connected = True
        self._failures = 0
        return [("INFO", f"✅ Connexion TCP établie : {WHERE}")]

    def _reconnected(self, event: LinkEvent) -> list[tuple[str, str]]:
        self._failures = 0
        outage = duration_text(event.seconds or 0.0)
        # Said last, when the sync is scheduled.
        self._outage_text = f"ℹ️ Liaison rétablie après {outage} d'interruption"
        return [("INFO", counted_lines.RECONNECTED % "TCP")]

    def _settled(self) -> list[tuple[str, str]]:
        text, self._outage_text = self._outage_text, ""
        return [("INFO", text)] if text else []

    def _scheduled(self, event: LinkEvent) -> list[tuple[str, str]]:
        delay_s = event.seconds or 0.0
        self._deferred_s = event.wall_s + delay_s
        return [("INFO", counted_lines.SYNC_SCHEDULED % delay_s), *self._settled()]

    def _sync_started(self, event: LinkEvent) -> list[tuple[str, str]]:
        starts = [("INFO", counted_lines.SYNC_STARTS)]
        if abs(event.wall_s - self._deferred_s) < 0.01:
            return [("INFO", counted_lines.DEFERRED_SYNC_STARTS), *starts]
        return starts

    def _attempt(self, event: LinkEvent) -> list[tuple[str, str]]:
        cause = cause_text(event.cause or Cause.OTHER)
        if self._ever_connected:
            return [("INFO", counted_lines.RECONNECTION_ATTEMPT % ("TCP", event.count or 0, cause))]
        return [("INFO", f"🔄 Tentative de connexion TCP n°{event.count}, après : {cause}")]

    def _lost(self, event: LinkEvent) -> list[tuple[str, str]]:
        self._failures += 1
        lines = []
        if event.kind is EventKind.LOST and event.count is not None:
            lines.append(
                (
                    "WARNING",
                    f"⚠️ Liaison perdue pendant l'envoi de la base du nœud ({event.count} nœuds "
                    "reçus) : prochain essai sans elle",
                )
            )
        if self._failures == 1:  # later ones are for those who debug
            what = "perdue" if self._ever_connected else "impossible"
            cause = cause_text(event.cause or Cause.OTHER)
            heard = event.seconds or 0.0
            ago = f" ; dernier octet il y a {heard:.0f} s" if heard >= 1 else ""
            lines.append(
                (
                    "WARNING",
                    f"🔌 Liaison TCP {what} ({WHERE}) : {cause}{ago} ; nouvel essai aussitôt",
                )
            )
        return lines

    def _skipped(self, event: LinkEvent) -> list[tuple[str, str]]:
        if event.text == SyncSkip.FLAG:
            return [
                ("INFO", counted_lines.SYNC_SKIPPED_BY_FLAG),
                ("INFO", counted_lines.NEXT_PERIODIC_SYNC % "5min"),
                *self._settled(),
            ]
        if event.text == SyncSkip.CHANGED:
            return [("INFO", counted_lines.SYNC_SKIPPED_INTERFACE_CHANGED)]
        return [("INFO", counted_lines.SYNC_SKIPPED_RECONNECTING)]


_PLAIN = {
    EventKind.STOPPED: lambda event: [("INFO", "👋 Bot arrêté")],
    EventKind.SILENCE: lambda event: [
        ("INFO", counted_lines.SILENCE % ("TCP", event.seconds or 0.0, 120.0))
    ],
    EventKind.CONTESTED: lambda event: [
        (
            "WARNING",
            f"⚠️ Le nœud a coupé {event.count} liaisons de suite en moins d'une minute : un autre "
            "client (téléphone, second bot, domotique) prend sans doute sa seule place TCP ; le "
            "bot lui cède pour 10 s",
        )
    ],
    EventKind.SYNC_COMPLETE: lambda event: [
        ("INFO", counted_lines.SYNC_COMPLETE % (event.count or 0, 0, event.count or 0))
    ],
}
