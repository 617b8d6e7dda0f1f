"""Which node and which key the operator means. Pure.

When in doubt it chooses nothing, and says what there is to choose from.
"""

import base64
import re

from meshbot.cli.key_text import node_text
from meshbot.mesh.node_table import NodeTable
from meshbot.model.known_node import BROADCAST_NUM, KnownNode
from meshbot.model.other_key import OtherKey
from meshbot.model.public_key import base64_text, fingerprint, is_usable_key
from meshbot.model.weak_keys import is_weak_key
from meshbot.text.language import tr
from meshbot.text.log_format import printable

MIN_KEY_CHARS = 4
MAX_NAMESAKES = 5
_ID = re.compile(r"!?([0-9a-f]{8})")


class KeysRefusal(Exception):
    """What was asked for cannot be done. ``str()`` says why, and what can be."""


class KeyChoice:
    """Finds nodes by name and keys by how they begin, in what the bot knows."""

    def __init__(self, table: NodeTable) -> None:
        """Name what the bot knows."""
        self._table = table

    def nodes(self, name: str) -> list[KnownNode]:
        """Return the nodes of a name, of part of one, or of an id.

        Raises :class:`KeysRefusal` when there are none.
        """
        found = self._table.find(name) or self._unnamed(name)
        if not found:
            raise KeysRefusal(tr("aucun nœud de ce nom : {printable}", printable=printable(name)))
        return found

    def _unnamed(self, name: str) -> list[KnownNode]:
        """Return the node of which only other keys are stored."""
        others = [*self._table.waiting_keys(), *self._table.weak_keys()]
        nodes = [KnownNode(num) for num in {other.num for other in others}]
        return [node for node in nodes if name.strip().lower() in (node.id, node.id[1:])]

    def node(self, name: str) -> KnownNode:
        """Return the one node of exactly this name or id: a part is not enough to decide on.

        Raises :class:`KeysRefusal` when there is none, or more than one.
        """
        wanted = name.strip().casefold()
        unknown = _ID.fullmatch(wanted)
        if unknown is not None and not self._table.find(name):
            num = int(unknown[1], 16)
            if 0 < num < BROADCAST_NUM:
                return KnownNode(num)  # never met, or forgotten: its owner told the key
        found = [
            node
            for node in self.nodes(name)
            if wanted
            in (node.id, node.id[1:], node.long_name.casefold(), node.short_name.casefold())
        ]
        if not found:
            raise KeysRefusal(
                tr("aucun nœud ne s'appelle exactement {printable}", printable=printable(name))
            )
        if len(found) > 1:
            names = ", ".join(node_text(node) for node in found[:MAX_NAMESAKES])
            raise KeysRefusal(
                tr("plusieurs nœuds de ce nom, donner l'identifiant : {names}", names=names)
            )
        return found[0]

    def key(self, node: KnownNode, beginning: str | None, *, accept: bool) -> bytes:
        """Return the one key that is meant; its beginning tells if there is a choice.

        Raises :class:`KeysRefusal` when there is none, more than one, or one of another node that
        was not named.
        """
        keys = self._candidates(node, beginning, accept=accept)
        if beginning is not None:
            if len(beginning) < MIN_KEY_CHARS:
                raise KeysRefusal(
                    tr(
                        "donner {min_key_chars} caractères de la clé au moins",
                        min_key_chars=MIN_KEY_CHARS,
                    )
                )
            keys = [key for key in keys if base64_text(key).startswith(beginning)]
        if not keys:
            raise KeysRefusal(self._why_no_key(node, beginning, accept=accept))
        if len(keys) > 1:
            choices = ", ".join(fingerprint(key) for key in keys)
            raise KeysRefusal(
                tr("plusieurs clés, en ajouter le début : {choices}", choices=choices)
            )
        if accept and is_weak_key(keys[0]):
            raise KeysRefusal(
                tr(
                    "cette clé est connue d'avance : d'autres que son propriétaire l'ont, "
                    "il doit la "
                    "refaire"
                )
            )
        holder = self.other_holder(keys[0], node)
        is_move = self._table.previous_of(node.num, keys[0]) is not None
        if accept and beginning is None and holder is not None and not is_move:
            raise KeysRefusal(
                tr(
                    "cette clé est celle de {node} ; pour la lui "
                    "retirer : main_bot.py keys accept {id} {keys}",
                    node=node_text(holder),
                    id=node.id[1:],
                    keys=fingerprint(keys[0]),
                )
            )
        return keys[0]

    def moves(self) -> tuple[list[OtherKey], list[OtherKey]]:
        """Return the keys that wait of nodes which have a new number: shown so, and only claimed.

        Anybody can claim somebody's key and take the number that it gives; see ``OtherKey.held``.
        Nor is it shown where the number has another key: a forger finds a key of his own that gives
        any number, and signs with it.
        """
        moves = [
            other
            for other in self._table.waiting_keys()
            if self._table.previous_of(other.num, other.public_key) is not None
        ]
        shown = [one for one in moves if one.held and not self._table.public_key(one.num)]
        return shown, [one for one in moves if one not in shown]

    def other_holder(self, key: bytes, node: KnownNode) -> KnownNode | None:
        """Return the node that a key is known for, if it is another one."""
        holder = self._table.key_holder(key)
        return holder if holder is not None and holder.num != node.num else None

    def _candidates(self, node: KnownNode, beginning: str | None, *, accept: bool) -> list[bytes]:
        """Return the keys that wait; former ones too if one is to be accepted by name."""
        keys = [
            other.public_key
            for other in self._table.other_keys(node.num)
            if other.waiting or (accept and beginning)
        ]
        if accept and self._table.is_unconfirmed(node.num):
            keys.append(node.public_key)
        # Never heard, but the operator has it from its owner:
        whole = _whole_key(beginning) if accept and beginning is not None else b""
        if whole not in (b"", *keys):
            keys.append(whole)
        return keys

    def _why_no_key(self, node: KnownNode, beginning: str | None, *, accept: bool) -> str:
        name = node_text(node)
        if not (self._table.knows(node.num) or self._table.other_keys(node.num)):
            return tr(
                "{id} est inconnu du bot, ou a été oublié faute de place : donner sa clé "
                "entière (main_bot.py keys accept {id2} CLÉ), ou lui faire renvoyer son "
                "NodeInfo",
                id=node.id,
                id2=node.id[1:],
            )
        if beginning is None:
            return tr(
                "{name} n'a pas de clé à trancher ; toutes les siennes : "
                "main_bot.py keys list {id}",
                name=name,
                id=node.id[1:],
            )
        if node.public_key and base64_text(node.public_key).startswith(beginning):
            return tr(
                "c'est {rest}la clé connue de {name}", rest=tr("déjà ") if accept else "", name=name
            )
        keys = [other.public_key for other in self._table.other_keys(node.num)]
        if any(base64_text(key).startswith(beginning) for key in keys):
            return tr("cette clé de {name} est déjà refusée, ou ancienne", name=name)
        for key in keys:
            if base64_text(key).casefold().startswith(beginning.casefold()):
                return tr("majuscules et minuscules comptent : {key}", key=fingerprint(key))
        return tr("{name} n'a pas d'autre clé qui commence ainsi", name=name)


def _whole_key(text: str) -> bytes:
    """Return the key that a text spells out in full, or nothing."""
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        return b""
    return key if is_usable_key(key) else b""
