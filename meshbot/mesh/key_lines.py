"""What the operator reads about keys, and how often.

Owns what was said already, guarded by ``_lock``, a leaf.
"""

import threading
import time
from collections.abc import Callable

from meshbot.mesh.key_news import KeyNews
from meshbot.mesh.key_outcome import KeyOutcome
from meshbot.mesh.node_label import label_of
from meshbot.model.public_key import fingerprint, is_number_of
from meshbot.text.line_limiter import LineLimiter

REFUSED_LINE_S = 3_600.0
MAX_REFUSED_LINES = 60  # an hour, of all nodes together
MAX_LINES_OF_STRANGERS = 40  # of those who never wrote to the bot with a proof
MAX_ADOPTED_LINES = 300  # an hour: more than a radio has nodes

_SEE = "(voir : main_bot.py keys list)"


class KeyLines:
    """Makes the lines, and holds back those that a flood of forged keys would repeat."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Name the clock: monotonic, in seconds."""
        self._clock = clock
        self._lock = threading.Lock()
        self._refused = LineLimiter(REFUSED_LINE_S, MAX_REFUSED_LINES, MAX_LINES_OF_STRANGERS)
        self._adopted = LineLimiter(REFUSED_LINE_S, MAX_ADOPTED_LINES)

    def due(self, news: KeyNews) -> str | None:
        """Return the line about a key, or None if there is none, or it was said not long ago."""
        make = _LINES.get(news.outcome)
        if make is None:
            return None
        return make(news) if self._is_due(news) else None

    def _is_due(self, news: KeyNews) -> bool:
        node, outcome = news.node, news.outcome
        with self._lock:
            if outcome is KeyOutcome.ADOPTED:  # each key is news, and a radio has only so many
                return self._adopted.allows((node.num, news.key), self._clock())
            if outcome not in _LIMITED:
                return True
            about, stranger = (node.num, outcome), not node.last_dm
            return self._refused.allows(about, self._clock(), stranger=stranger)


def _adopted(news: KeyNews) -> str:
    return (
        f"🔑 Clé de {label_of(news.node)} remplacée par celle de la base de la radio : "
        f"{fingerprint(news.key)} au lieu de {fingerprint(news.known_key)}"
    )


def _unusable(news: KeyNews) -> str:
    return f"⚠️ {label_of(news.node)} annonce une clé inutilisable : ignorée"


def _overruled(news: KeyNews) -> str:
    return (
        f"⚠️ La radio garde pour {label_of(news.node)} la clé {fingerprint(news.key)}, que "
        f"l'opérateur a écartée : {fingerprint(news.known_key)} reste la clé connue"
    )


def _contested(news: KeyNews) -> str:
    return (
        f"⚠️ La radio garde pour {label_of(news.node)} la clé {fingerprint(news.key)}, à trancher : "
        f"{fingerprint(news.known_key)} reste la clé connue {_SEE}"
    )


def _taken(news: KeyNews) -> str:
    holder = label_of(news.holder) if news.holder is not None else "un autre nœud"
    return (
        f"⚠️ {label_of(news.node)} annonce la clé {fingerprint(news.key)}, qui est celle de "
        f"{holder} : ignorée{_evidence(news)} {_SEE}"
    )


def _offered(news: KeyNews) -> str:
    return (
        f"⚠️ {label_of(news.node)} annonce une autre clé publique, {fingerprint(news.key)}, que "
        f"celle connue, {fingerprint(news.known_key)} : ignorée{_evidence(news)} {_SEE}"
    )


def _evidence(news: KeyNews) -> str:
    spoken_for = is_number_of(news.node.num, news.key)
    return " ; le numéro du nœud est le CRC-32 de cette clé" if spoken_for else ""


def _accepted(news: KeyNews) -> str:
    line = f"🔑 Clé de {label_of(news.node)} acceptée par l'opérateur : {fingerprint(news.key)}"
    if news.known_key not in (b"", news.key):
        line += f" au lieu de {fingerprint(news.known_key)}"
    if news.holder is not None:
        line += f", retirée à {label_of(news.holder)}"
    return line


def _refused(news: KeyNews) -> str:
    return (
        f"🔑 Clé annoncée par {label_of(news.node)} refusée par l'opérateur : "
        f"{fingerprint(news.key)}"
    )


_LINES: dict[KeyOutcome, Callable[[KeyNews], str]] = {
    KeyOutcome.ADOPTED: _adopted,
    KeyOutcome.UNUSABLE: _unusable,
    KeyOutcome.OVERRULED: _overruled,
    KeyOutcome.CONTESTED: _contested,
    KeyOutcome.TAKEN: _taken,
    KeyOutcome.OFFERED: _offered,
    KeyOutcome.ACCEPTED: _accepted,
    KeyOutcome.REFUSED: _refused,
}
_LIMITED = frozenset(
    (
        KeyOutcome.UNUSABLE,
        KeyOutcome.OVERRULED,
        KeyOutcome.CONTESTED,
        KeyOutcome.TAKEN,
        KeyOutcome.OFFERED,
    )
)
"""What strangers can cause as often as they like."""
