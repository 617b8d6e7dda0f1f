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
from meshbot.text.language import mark, tr
from meshbot.text.line_limiter import LineLimiter
from meshbot.text.quantities import counted

REFUSED_LINE_S = 3_600.0
MAX_REFUSED_LINES = 60  # an hour, of all nodes together
MAX_LINES_OF_STRANGERS = 40  # of those who never wrote to the bot with a proof
MAX_ADOPTED_LINES = 300  # an hour: more than a radio has nodes
MAX_ALIKE = 3
"""Lines of one kind about one database, whose others are summed up."""

_SEE = mark("(voir : main_bot.py keys list)")
_MEND_WEAK = mark(
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
                lines.append(tr(_SUMS[outcome]) % len(many))
            else:
                lines.extend(line for one in many if (line := self.due(one)) is not None)
        return lines


def dropped_lines(dropped: Sequence[tuple[KnownNode, bytes]]) -> list[str]:
    """Return the lines about keys that were stored and are not believed any more."""
    weak = [(node, key) for node, key in dropped if is_weak_key(key)]
    lines = [
        tr(
            "⚠️ Clé enregistrée de {node} écartée : inutilisable, ou celle d'un autre nœud",
            node=label_of(node),
        )
        for node, key in dropped
        if not is_weak_key(key)
    ]
    lines += [
        tr(
            "⚠️ Clé enregistrée de {node} écartée, {key} : "
            "connue d'avance (hasard trop faible) ; {mend_weak}",
            node=label_of(node),
            key=fingerprint(key),
            mend_weak=tr(_MEND_WEAK),
        )
        for node, key in weak[:MAX_ALIKE]
    ]
    if len(weak) > MAX_ALIKE:
        rest = counted(len(weak) - MAX_ALIKE, "autre clé écartée", "autres clés écartées")
        lines.append(tr("⚠️ {rest}, connues d'avance elles aussi {see}", rest=rest, see=tr(_SEE)))
    return lines


def _adopted(news: KeyNews) -> str:
    return tr(
        "🔑 Clé de {node} remplacée par celle de la base de la radio : "
        "{key} au lieu de {known_key}",
        node=label_of(news.node),
        key=fingerprint(news.key),
        known_key=fingerprint(news.known_key),
    )


def _unusable(news: KeyNews) -> str:
    return tr("⚠️ {node} annonce une clé inutilisable : ignorée", node=label_of(news.node))


def _overruled(news: KeyNews) -> str:
    return tr(
        "⚠️ La radio garde pour {node} la clé {key}, que "
        "l'opérateur a écartée : {known_key} reste la clé connue",
        node=label_of(news.node),
        key=fingerprint(news.key),
        known_key=fingerprint(news.known_key),
    )


def _contested(news: KeyNews) -> str:
    return tr(
        "⚠️ La radio garde pour {node} la clé {key}, à trancher : "
        "{known_key} reste la clé connue {see}",
        node=label_of(news.node),
        key=fingerprint(news.key),
        known_key=fingerprint(news.known_key),
        see=tr(_SEE),
    )


def _taken(news: KeyNews) -> str:
    holder = label_of(news.holder) if news.holder is not None else tr("un autre nœud")
    return tr(
        "⚠️ {node} annonce la clé {key}, qui est celle de {holder} : ignorée{evidence} {see}",
        node=label_of(news.node),
        key=fingerprint(news.key),
        holder=holder,
        evidence=_evidence(news),
        see=tr(_SEE),
    )


def _moved(news: KeyNews) -> str:
    before = label_of(news.holder) if news.holder is not None else tr("un autre nœud")
    return tr(
        "⚠️ {node} annonce la clé {key} de {before}, et porte le "
        "numéro que le firmware 2.8 donne à cette clé : sans doute le même nœud, qui a changé de "
        "numéro{showing}{instead} ; à accepter (main_bot.py keys accept "
        "{id}) ou à refuser",
        node=label_of(news.node),
        key=fingerprint(news.key),
        before=before,
        showing=_showing(news),
        instead=_instead(news),
        id=news.node.id[1:],
    )


def _instead(news: KeyNews) -> str:
    """Return what is said where somebody else took the number before its owner came."""
    if not news.known_key:
        return ""
    return tr(
        " ; la clé connue de ce numéro, {known_key}, ne va pas avec lui",
        known_key=fingerprint(news.known_key),
    )


def _showing(news: KeyNews) -> str:
    if news.held:
        return tr(", ce que prouve sa signature ou un message scellé")
    return tr(", mais rien ne le prouve encore")


def _weak(news: KeyNews) -> str:
    if news.known_key:
        return tr(
            "⚠️ {node} annonce une clé connue d'avance (hasard trop faible), "
            "{key} : ignorée, {known_key} reste la clé connue",
            node=label_of(news.node),
            key=fingerprint(news.key),
            known_key=fingerprint(news.known_key),
        )
    return tr(
        "⚠️ {node} a une clé connue d'avance (hasard trop faible), "
        "{key} : jamais crue, d'autres peuvent lire ses messages et écrire à sa "
        "place ; {mend_weak}",
        node=label_of(news.node),
        key=fingerprint(news.key),
        mend_weak=tr(_MEND_WEAK),
    )


def _offered(news: KeyNews) -> str:
    return tr(
        "⚠️ {node} annonce une autre clé publique, {key}, que "
        "celle connue, {known_key} : ignorée{evidence} {see}",
        node=label_of(news.node),
        key=fingerprint(news.key),
        known_key=fingerprint(news.known_key),
        evidence=_evidence(news),
        see=tr(_SEE),
    )


def _evidence(news: KeyNews) -> str:
    """Return what speaks for the key that was announced, and for the known one."""
    parts = []
    if is_number_of(news.node.num, news.key):
        parts.append(tr("le numéro du nœud est le CRC-32 de cette clé"))
    if news.held:
        parts.append(tr("elle signe, ou scelle, ce que dit ce nœud"))
    if news.holder is not None and is_number_of(news.holder.num, news.key):
        parts.append(
            tr("{id} est le CRC-32 de cette clé, et sans doute son vrai numéro", id=news.holder.id)
        )
    if is_number_of(news.node.num, news.known_key):
        parts.append(tr("le numéro du nœud est le CRC-32 de la clé connue"))
    return "".join(tr(" ; {part}", part=part) for part in parts)


def _accepted(news: KeyNews) -> str:
    line = tr(
        "🔑 Clé de {node} acceptée par l'opérateur : {key}",
        node=label_of(news.node),
        key=fingerprint(news.key),
    )
    if news.known_key not in (b"", news.key):
        line += tr(" au lieu de {known_key}", known_key=fingerprint(news.known_key))
    if news.holder is not None:
        line += tr(", retirée à {node}", node=label_of(news.holder))
    return line


def _followed(news: KeyNews) -> str:
    before = label_of(news.holder) if news.holder is not None else tr("un autre nœud")
    return tr(
        "🔑 {node} est le nouveau numéro de {before}, accepté par l'opérateur : sa "
        "clé {key} et ce qu'on sait de lui le suivent (ADMIN_NODES, lui, ne "
        "change pas tout seul)",
        node=label_of(news.node),
        before=before,
        key=fingerprint(news.key),
    )


def _own_moved(news: KeyNews) -> str:
    before = news.holder.id if news.holder is not None else node_id(0)
    return tr(
        "⚠️ Notre nœud a changé de numéro : {id}, et non plus {before} ; sa clé "
        "{key} est la même (le firmware 2.8 tire le numéro de la clé). Qui lui "
        "écrit à l'ancien numéro n'est plus lu : attendre que chacun ait reçu son nouveau NodeInfo",
        id=news.node.id,
        before=before,
        key=fingerprint(news.key),
    )


def _refused(news: KeyNews) -> str:
    return tr(
        "🔑 Clé annoncée par {node} refusée par l'opérateur : {key}",
        node=label_of(news.node),
        key=fingerprint(news.key),
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
        mark(
            "⚠️ La radio connaît %d nœuds sous un nouveau numéro, celui que le firmware 2.8 donne à "
            "leur clé : à accepter (voir : main_bot.py keys list, puis keys accept --moved)"
        )
    ),
    KeyOutcome.WEAK: (
        mark(
            "⚠️ La radio connaît %d nœuds dont la clé est connue d'avance (hasard trop faible) : "
            "jamais crue (voir : main_bot.py keys list)"
        )
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
