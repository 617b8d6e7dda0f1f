"""What ``main_bot.py keys list`` says of the keys of one node. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from meshbot.cli.key_text import date_text, key_text, node_text
from meshbot.mesh.node_table import NodeTable
from meshbot.model.key_decision import KeyDecision
from meshbot.model.key_source import KeySource
from meshbot.model.known_node import KnownNode
from meshbot.model.other_key import OtherKey
from meshbot.model.public_key import fingerprint
from meshbot.text.language import mark, tr

WEAK_TEXT = mark(
    "connue d'avance (hasard trop faible) : son propriétaire doit mettre son firmware à jour, ou "
    "refaire ses clés"
)
_INDENT = " " * 19


class KeyListing:
    """Describes nodes by what the bot knows and by the decisions that it has yet to carry out."""

    def __init__(self, table: NodeTable, decisions: Iterable[KeyDecision]) -> None:
        """Name both; the decisions are in the order they were made."""
        self._table = table
        self._decisions = {(one.num, one.public_key): one for one in decisions}  # the last counts

    def undecided(self, waiting: Iterable[OtherKey]) -> int:
        """Return how many of the keys that wait have no decision yet."""
        return sum(self._decision_on(other) is None for other in waiting)

    def lines_about(self, node: KnownNode) -> Iterator[str]:
        """Yield the lines about a node: its name, its key, and its other keys, latest first."""
        yield node_text(node)
        if node.public_key:
            yield tr("  clé connue       {key}", key=key_text(node.num, node.public_key))
            if self._table.is_unconfirmed(node.num):
                disputed = self._table.is_disputed(node.num)
                origin = tr("tenue de la radio") if disputed else tr("entendue après une autre")
                yield (
                    tr(
                        "{indent}{origin}, à confirmer : main_bot.py keys accept {id} {public_key}",
                        indent=_INDENT,
                        origin=origin,
                        id=node.id[1:],
                        public_key=fingerprint(node.public_key),
                    )
                )
        else:
            yield tr("  clé connue       aucune")
        for other in self._table.other_keys(node.num):
            yield from self._lines_about_other(node, other)

    def _lines_about_other(self, node: KnownNode, other: OtherKey) -> Iterator[str]:
        key = key_text(node.num, other.public_key)
        if other.weak:
            yield tr("  jamais crue      {key}", key=key)
            yield f"{_INDENT}{tr(WEAK_TEXT)}"
            return
        if other.waiting:
            yield tr("  autre, annoncée  {key}", key=key)
            yield tr("{indent}entendue {date}", indent=_INDENT, date=date_text(other.offered_at))
            for evidence in self._evidence(node, other):
                yield _INDENT + evidence
            yield f"{_INDENT}{self._decision_text(node, other)}"
        if other.replaced_at:
            by_radio = other.replaced_by == KeySource.RADIO.value
            by = tr("la base de la radio") if by_radio else tr("l'opérateur")
            yield tr("  ancienne         {key}", key=key)
            yield tr(
                "{indent}remplacée {date} par {by}",
                indent=_INDENT,
                date=date_text(other.replaced_at),
                by=by,
            )
        if other.refused_at:
            yield tr("  refusée          {key}", key=key)
            yield f"{_INDENT}{date_text(other.refused_at)}"

    def _evidence(self, node: KnownNode, other: OtherKey) -> Iterator[str]:
        """Yield what speaks for a key, or against it."""
        if other.contested:
            yield tr("vue dans un message ou dans la radio, contre la clé connue")
        if other.held:
            yield tr("signée, ou vue dans un message : qui a cette clé porte bien ce numéro")
        holder = self._table.key_holder(other.public_key)
        if holder is None:
            return
        if self._table.previous_of(node.num, other.public_key) is None:
            yield tr("c'est la clé connue de {node}", node=node_text(holder))
            return
        sure = "" if other.held else tr(" sans doute (rien ne le prouve encore)")
        yield tr(
            "c'est{sure} le nouveau numéro de {node}, passé au firmware 2.8",
            sure=sure,
            node=node_text(holder),
        )
        if holder.last_heard:  # if that goes on, it has not moved
            yield tr("entendu sous l'ancien numéro jusqu'{until}", until=_until(holder.last_heard))

    def _decision_text(self, node: KnownNode, other: OtherKey) -> str:
        decision = self._decision_on(other)
        if decision is not None:
            return tr(
                "{rest}, dès que le bot tournera",
                rest=tr("acceptée") if decision.accept else tr("refusée"),
            )
        key = fingerprint(other.public_key)
        return tr(
            "à trancher : main_bot.py keys accept (ou refuse) {id} {key}", id=node.id[1:], key=key
        )

    def _decision_on(self, other: OtherKey) -> KeyDecision | None:
        return self._decisions.get((other.num, other.public_key))


def _until(wall_s: int) -> str:
    return datetime.fromtimestamp(wall_s).strftime(tr("au %d/%m/%Y à %H:%M"))
