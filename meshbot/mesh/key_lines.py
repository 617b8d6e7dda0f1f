"""What the operator reads about keys, and how often.

Owns what was said already, guarded by ``_lock``, a leaf.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence

from meshbot.mesh.key_news import KeyNews
from meshbot.mesh.key_outcome import KeyOutcome
from meshbot.mesh.node_label import label_of
from meshbot.model.known_node import KnownNode, node_id
from meshbot.model.public_key import fingerprint, is_number_of
from meshbot.model.weak_keys import is_weak_key
from meshbot.text.line_limiter import LineLimiter
from meshbot.text.quantities import counted

REFUSED_LINE_S = 3_600.0
MAX_REFUSED_LINES = 60  # an hour, of all nodes together
MAX_ALIKE = 3
"""Lines of one kind about one database, whose others are summed up."""
MAX_LINES_OF_STRANGERS = 40  # of those who never wrote to the bot with a proof
MAX_ADOPTED_LINES = 300  # an hour: more than a radio has nodes

_SEE = "(voir : main_bot.py keys list)"
_MEND_WEAK = (
    "son propriétaire doit mettre son firmware à jour (2.6.11 au moins), ou refaire ses clés "
    "(Sécurité)"
)


class KeyLines:
    """Makes the lines, and holds back those that a flood of forged keys would repeat."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Name the clock: monotonic, in seconds."""
        self._clock = clock
        self._lock = threading.Lock()
        self._refused = LineLimiter(REFUSED_LINE_S, MAX_REFUSED_LINES, MAX_LINES_OF_STRANGERS)
        self._adopted = LineLimiter(REFUSED_LINE_S, MAX_ADOPTED_LINES)

    def due(self, news: KeyNews) -> str | None:
        """Return the line about a key, or None if there is none, or it was said not long ago.

        What speaks for a key that was told already is said once more.
        """
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
            about, stranger = (node.num, outcome, news.held), not node.last_dm
            return self._refused.allows(about, self._clock(), stranger=stranger)

    def due_of_database(self, news: Iterable[KeyNews]) -> list[str]:
        """Return the lines about the keys of one database: of what is many, the sum."""
        lines: list[str] = []
        alike: dict[KeyOutcome, list[KeyNews]] = {outcome: [] for outcome in _SUMS}
        for one in news:
            if one.outcome in alike:
                alike[one.outcome].append(one)
            elif (line := self.due(one)) is not None:
                lines.append(line)
        for outcome, many in alike.items():
            if len(many) > MAX_ALIKE:
                lines.append(_SUMS[outcome] % len(many))
            else:
                lines.extend(line for one in many if (line := self.due(one)) is not None)
        return lines


def dropped_lines(dropped: Sequence[tuple[KnownNode, bytes]]) -> list[str]:
    """Return the lines about keys that were stored and are not believed any more."""
    weak = [(node, key) for node, key in dropped if is_weak_key(key)]
    lines = [
        f"⚠️ Clé enregistrée de {label_of(node)} écartée : inutilisable, ou celle d'un autre nœud"
        for node, key in dropped
        if not is_weak_key(key)
    ]
    lines += [
        f"⚠️ Clé enregistrée de {label_of(node)} écartée, {fingerprint(key)} : "
        f"connue d'avance (hasard trop faible) ; {_MEND_WEAK}"
        for node, key in weak[:MAX_ALIKE]
    ]
    if len(weak) > MAX_ALIKE:
        rest = counted(len(weak) - MAX_ALIKE, "autre clé écartée", "autres clés écartées")
        lines.append(f"⚠️ {rest}, connues d'avance elles aussi {_SEE}")
    return lines


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


def _moved(news: KeyNews) -> str:
    before = label_of(news.holder) if news.holder is not None else "un autre nœud"
    return (
        f"⚠️ {label_of(news.node)} annonce la clé {fingerprint(news.key)} de {before}, et porte le "
        f"numéro que le firmware 2.8 donne à cette clé : sans doute le même nœud, qui a changé de "
        f"numéro{_showing(news)}{_instead(news)} ; à accepter (main_bot.py keys accept "
        f"{news.node.id[1:]}) ou à refuser"
    )


def _instead(news: KeyNews) -> str:
    """Return what is said where somebody else took the number before its owner came."""
    if not news.known_key:
        return ""
    return f" ; la clé connue de ce numéro, {fingerprint(news.known_key)}, ne va pas avec lui"


def _showing(news: KeyNews) -> str:
    if news.held:
        return ", ce que prouve sa signature ou un message scellé"
    return ", mais rien ne le prouve encore"


def _weak(news: KeyNews) -> str:
    if news.known_key:
        return (
            f"⚠️ {label_of(news.node)} annonce une clé connue d'avance (hasard trop faible), "
            f"{fingerprint(news.key)} : ignorée, {fingerprint(news.known_key)} reste la clé connue"
        )
    return (
        f"⚠️ {label_of(news.node)} a une clé connue d'avance (hasard trop faible), "
        f"{fingerprint(news.key)} : jamais crue, d'autres peuvent lire ses messages et écrire à sa "
        f"place ; {_MEND_WEAK}"
    )


def _offered(news: KeyNews) -> str:
    return (
        f"⚠️ {label_of(news.node)} annonce une autre clé publique, {fingerprint(news.key)}, que "
        f"celle connue, {fingerprint(news.known_key)} : ignorée{_evidence(news)} {_SEE}"
    )


def _evidence(news: KeyNews) -> str:
    """Return what speaks for the key that was announced, and for the known one."""
    parts = []
    if is_number_of(news.node.num, news.key):
        parts.append("le numéro du nœud est le CRC-32 de cette clé")
    if news.held:
        parts.append("elle signe, ou scelle, ce que dit ce nœud")
    if news.holder is not None and is_number_of(news.holder.num, news.key):
        parts.append(f"{news.holder.id} est le CRC-32 de cette clé, et sans doute son vrai numéro")
    if is_number_of(news.node.num, news.known_key):
        parts.append("le numéro du nœud est le CRC-32 de la clé connue")
    return "".join(f" ; {part}" for part in parts)


def _accepted(news: KeyNews) -> str:
    line = f"🔑 Clé de {label_of(news.node)} acceptée par l'opérateur : {fingerprint(news.key)}"
    if news.known_key not in (b"", news.key):
        line += f" au lieu de {fingerprint(news.known_key)}"
    if news.holder is not None:
        line += f", retirée à {label_of(news.holder)}"
    return line


def _followed(news: KeyNews) -> str:
    before = label_of(news.holder) if news.holder is not None else "un autre nœud"
    return (
        f"🔑 {label_of(news.node)} est le nouveau numéro de {before}, accepté par l'opérateur : sa "
        f"clé {fingerprint(news.key)} et ce qu'on sait de lui le suivent (ADMIN_NODES, lui, ne "
        f"change pas tout seul)"
    )


def _own_moved(news: KeyNews) -> str:
    before = news.holder.id if news.holder is not None else node_id(0)
    return (
        f"⚠️ Notre nœud a changé de numéro : {news.node.id}, et non plus {before} ; sa clé "
        f"{fingerprint(news.key)} est la même (le firmware 2.8 tire le numéro de la clé). Qui lui "
        f"écrit à l'ancien numéro n'est plus lu : attendre que chacun ait reçu son nouveau NodeInfo"
    )


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
    KeyOutcome.MOVED: _moved,
    KeyOutcome.WEAK: _weak,
    KeyOutcome.OFFERED: _offered,
    KeyOutcome.ACCEPTED: _accepted,
    KeyOutcome.FOLLOWED: _followed,
    KeyOutcome.OWN_MOVED: _own_moved,
    KeyOutcome.REFUSED: _refused,
}
_SUMS = {
    KeyOutcome.MOVED: (
        "⚠️ La radio connaît %d nœuds sous un nouveau numéro, celui que le firmware 2.8 donne à "
        "leur clé : à accepter (voir : main_bot.py keys list, puis keys accept --moved)"
    ),
    KeyOutcome.WEAK: (
        "⚠️ La radio connaît %d nœuds dont la clé est connue d'avance (hasard trop faible) : jamais "
        f"crue {_SEE}"
    ),
}
"""What a database may say of many nodes at once: the formats of a line about all of them."""
_LIMITED = frozenset(
    (
        KeyOutcome.UNUSABLE,
        KeyOutcome.OVERRULED,
        KeyOutcome.CONTESTED,
        KeyOutcome.TAKEN,
        KeyOutcome.MOVED,
        KeyOutcome.WEAK,
        KeyOutcome.OFFERED,
    )
)
"""What strangers can cause as often as they like."""
