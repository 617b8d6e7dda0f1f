"""Which lines of a bot tell which event.

A new kind of event is read from text journals by a row in ``OWN_LINES``.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import partial

from meshbot.diagnosis.english_lines import ENGLISH_LINES
from meshbot.diagnosis.foreign_lines import MESHING_AROUND_LINES, MMRELAY_LINES
from meshbot.diagnosis.journal_line import (
    CALM_SIGNS,
    SIGNS,
    JournalLine,
    count,
    line,
    seconds,
    text,
)
from meshbot.diagnosis.original_lines import NO_ATTEMPT, ORIGINAL_LINES
from meshbot.diagnosis.own_details import TRIAL_ARMS, loss, node_said
from meshbot.model.link_event import EventKind
from meshbot.model.sync_skip import SyncSkip

_LINK = "Liaison (?:TCP|série) "
_WHERE_AND_WHY = (
    r" (?:\(.*?\) )?: (.*?)(?: ; dernier octet il y a (\d{1,9}) s)?(?: ; nouvel essai.*)?$"
)
_OF_NODE = {
    "firmware": re.compile(r"firmware ([^\s,‹]{1,40}).*"),
    "region": re.compile(r"région (\w{1,20})"),
    "reboots": re.compile(r"(\d{1,9}) redémarrages?"),
    "silent": re.compile(r"(émetteur coupé)"),
}
_NAME_FIRST = re.compile(r"[^\w⚠]*⚠\ufe0f? .*![0-9a-f]{8}\)? annonce ")
"""Of this bot's lines about keys, which began with a name as it was until version 0.1.0."""
DIGITS = "0"
"""Stands for any number as a first word."""


_own = partial(line, signs=CALM_SIGNS)

OWN_LINES = (
    _own(r"(MeshBot) \S+ : ", EventKind.STARTED, text, own=True),
    _own(r"Bot arrêté\s*$", EventKind.STOPPED),
    _own(r"Connexion (?:TCP|série) établie", EventKind.CONNECTED),
    _own(r"Reconnexion (?:TCP|série) réussie", EventKind.RECONNECTED),
    line(r"SILENCE (?:TCP|série): (\d{1,7})s sans paquet", EventKind.SILENCE, seconds),
    _own(_LINK + "(?:perdue|fermée)" + _WHERE_AND_WHY, EventKind.LOST, loss, own=True),
    _own(_LINK + "impossible" + _WHERE_AND_WHY, EventKind.NOT_OPENED, text, own=True),
    line(
        r"Liaison perdue (pendant l'envoi de la base) du nœud \((\d{1,6})",
        EventKind.LOST,
        lambda match: {"count": int(match[2]), "text": match[1]},
        own=True,
    ),
    line(r"Le nœud a coupé (\d{1,6}) liaisons", EventKind.CONTESTED, count),
    _own(r"Nœud (![0-9a-f]{8}) : (.*)", EventKind.NODE, partial(node_said, _OF_NODE)),
    _own(
        r"Essai TCP_(SYNC|LIGHT)_TRIAL : cette fois (avec|sans) ",
        EventKind.TOSSED,
        lambda match: {"text": TRIAL_ARMS[match[1], match[2] == "avec"]},
    ),
    _own(
        r"Synchronisation clés publiques programmée dans (\d{1,9}(?:[.,]\d{1,9})?)",
        EventKind.SYNC_SCHEDULED,
        seconds,
    ),
    _own(
        "Synchronisation clés publiques skippée",
        EventKind.SYNC_SKIPPED,
        lambda match: {"text": SyncSkip.FLAG},
    ),
    _own(
        "Interface changée pendant le délai",
        EventKind.SYNC_SKIPPED,
        lambda match: {"text": SyncSkip.CHANGED},
    ),
    _own(
        "Reconnexion en cours, skip sync",
        EventKind.SYNC_SKIPPED,
        lambda match: {"text": SyncSkip.RECONNECTING},
    ),
    # What a trial of the sync says of itself belongs here.
    _own("Démarrage synchronisation clés publiques différée", EventKind.SYNC_STARTED),
    _own("Starting public key synchronization", EventKind.SYNC_STARTED),
    _own(r"SYNC COMPLETE: (\d{1,9})", EventKind.SYNC_COMPLETE, count),
)
"""Of this bot, and of older ones that say the same."""

ANY_ATTEMPT = JournalLine(
    # The line that announces an attempt, in whatever words an older bot puts it.
    re.compile(
        rf"(?!\W*[📩💬🔑📻📡🐢⛔🛠📨✉])(?!{NO_ATTEMPT})(?:[^:‹]|TCP:)*?\breconnexion\b"
        r"(?:.*? n°(\d{1,7}))?(?:.*?après : (.*))?"
    ),
    EventKind.ATTEMPT,
    lambda match: {
        "count": int(match[1]) if match[1] else None,
        "text": match[2] or match.string,
    },
    "",
)
_FIRST_WORD = re.compile(SIGNS + r"(\w+)")


def _by_first_word(rows: Iterable[JournalLine]) -> dict[str, list[JournalLine]]:
    table: dict[str, list[JournalLine]] = defaultdict(list)
    for row in rows:
        table[DIGITS if row.first_word == "d" else row.first_word].append(row)
    return dict(table)


_TABLE = _by_first_word(
    (*OWN_LINES, *ENGLISH_LINES, *ORIGINAL_LINES, *MESHING_AROUND_LINES, *MMRELAY_LINES)
)


def told_by(message: str) -> tuple[JournalLine, re.Match[str]] | None:
    """Return the row that a message fits, with the match; None if it is not about the link."""
    if _NAME_FIRST.match(message) is not None:
        return None
    first = _FIRST_WORD.match(message)
    if first is not None:
        word = first[1]
        for row in _TABLE.get(DIGITS if word.isdecimal() else word, ()):
            match = row.pattern.match(message)
            if match is not None:
                return row, match
    if "reconnexion" in message:
        match = ANY_ATTEMPT.pattern.match(message)
        if match is not None:
            return ANY_ATTEMPT, match
    return None
