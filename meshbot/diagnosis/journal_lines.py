"""Which lines of a bot tell which event.

A new kind of event is read from text journals by a row in ``JOURNAL_LINES``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

from meshbot.model.link_event import EventKind
from meshbot.model.sync_skip import SyncSkip

_SIGNS = "[\\s\ufe0f✅⚠ℹ🔑🔄🔌🤖👋]*"
"""What may stand before the words; not what stands before names and texts of others."""


class EventDetails(TypedDict, total=False):
    """What a line tells of its event, beside the kind."""

    seconds: float
    count: int | None
    text: str


@dataclass(frozen=True)
class JournalLine:
    """One kind of line, of this bot or an older one."""

    pattern: re.Pattern[str]
    kind: EventKind
    details: Callable[[re.Match[str]], EventDetails]


def _line(
    words: str,
    kind: EventKind,
    details: Callable[[re.Match[str]], EventDetails] = lambda match: {},
) -> JournalLine:
    """Describe a line that begins with words, after the bot's own signs only."""
    return JournalLine(re.compile(_SIGNS + words), kind, details)


def _seconds(match: re.Match[str]) -> EventDetails:
    return {"seconds": float(match[1].replace(",", "."))}


def _count(match: re.Match[str]) -> EventDetails:
    return {"count": int(match[1])}


def _text(match: re.Match[str]) -> EventDetails:
    return {"text": match[1]}


_ARMS = {
    ("SYNC", "avec"): "sync",
    ("SYNC", "sans"): "skip",
    ("LIGHT", "avec"): "full",
    ("LIGHT", "sans"): "light",
}
_LINK = "Liaison (?:TCP|série) "
_WHERE_AND_WHY = r" (?:\(.*?\) )?: (.*?)(?: ; nouvel essai.*)?$"

JOURNAL_LINES = (
    _line(r"(MeshBot) \S+ : ", EventKind.STARTED, _text),
    _line(r"Bot arrêté\s*$", EventKind.STOPPED),
    _line(r"Connexion (?:TCP|série) établie", EventKind.CONNECTED),
    _line(r"Reconnexion (?:TCP|série) réussie", EventKind.RECONNECTED),
    _line(r"SILENCE (?:TCP|série): (\d{1,7})s sans paquet", EventKind.SILENCE, _seconds),
    _line(_LINK + "(?:perdue|fermée)" + _WHERE_AND_WHY, EventKind.LOST, _text),
    _line(_LINK + "impossible" + _WHERE_AND_WHY, EventKind.NOT_OPENED, _text),
    _line(
        r"Liaison perdue (pendant l'envoi de la base) du nœud \((\d{1,6})",
        EventKind.LOST,
        lambda match: {"count": int(match[2]), "text": match[1]},
    ),
    _line(r"Le nœud a coupé (\d{1,6}) liaisons", EventKind.CONTESTED, _count),
    _line(
        r"🧪 Essai TCP_(SYNC|LIGHT)_TRIAL : cette fois (avec|sans) ",
        EventKind.TOSSED,
        lambda match: {"text": _ARMS[match[1], match[2]]},
    ),
    _line(
        r"Synchronisation clés publiques programmée dans (\d+(?:[.,]\d+)?)",
        EventKind.SYNC_SCHEDULED,
        _seconds,
    ),
    _line(
        "Synchronisation clés publiques skippée",
        EventKind.SYNC_SKIPPED,
        lambda match: {"text": SyncSkip.FLAG},
    ),
    _line(
        "Interface changée pendant le délai",
        EventKind.SYNC_SKIPPED,
        lambda match: {"text": SyncSkip.CHANGED},
    ),
    _line(
        "Reconnexion en cours, skip sync",
        EventKind.SYNC_SKIPPED,
        lambda match: {"text": SyncSkip.RECONNECTING},
    ),
    _line("Starting public key synchronization", EventKind.SYNC_STARTED),
    _line(r"SYNC COMPLETE: (\d{1,9})", EventKind.SYNC_COMPLETE, _count),
    JournalLine(
        # The line that announces an attempt, in whatever words an older bot puts it.
        re.compile(
            r"(?!\W*[📩💬🔑📻📡🐢⛔🛠📨✉])(?:[^:]|TCP:)*?\breconnexion\b"
            r"(?:.*? n°(\d{1,7}))?(?:.*?après : (.*))?"
        ),
        EventKind.ATTEMPT,
        lambda match: {
            "count": int(match[1]) if match[1] else None,
            "text": match[2] or match.string,
        },
    ),
)
"""In the order in which they are tried."""
