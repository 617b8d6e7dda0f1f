"""``main_bot.py keys``: the operator looks at keys and decides on those that wait.

It reads the bot's database and leaves decisions in it, whether the bot runs or not: the bot alone
changes keys. While it runs it obeys within seconds; otherwise when it is started next.
"""

import argparse
import base64
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from meshbot.model.key_decision import KeyDecision
from meshbot.model.key_source import KeySource
from meshbot.model.known_node import KnownNode, node_id
from meshbot.model.other_key import OtherKey
from meshbot.model.public_key import (
    FINGERPRINT_CHARS,
    base64_text,
    fingerprint,
    is_number_of,
    is_usable_key,
)
from meshbot.store.database import Database
from meshbot.store.inspection import may_exist
from meshbot.store.node_store import NodeStore
from meshbot.text.log_format import printable
from meshbot.text.quantities import counted
from node_manager import NodeManager

EXIT_OK = 0
EXIT_NO = 1
CARRIED_OUT_WITHIN_S = 12.0
CARRIED_OUT_POLL_S = 0.25
MIN_KEY_CHARS = 4
MAX_LISTED = 20
NODE_HELP = "nom, ou identifiant sans le « ! » : a1b2c3d4"
KEY_HELP = (
    "début de la clé, s'il y en a plusieurs ; pour accept aussi une ancienne clé, une refusée, "
    "celle d'un autre nœud, ou une clé entière jamais entendue"
)


class KeysRefusal(Exception):
    """What was asked for cannot be done. ``str()`` says in French why, and what can be."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the actions of ``keys``."""
    actions = parser.add_subparsers(dest="action", metavar="list|accept|refuse")
    listing = actions.add_parser("list", help="les clés à trancher, ou celles d'un nœud")
    listing.add_argument("node", nargs="?", metavar="NŒUD", help=NODE_HELP)
    for name, help_text in (
        ("accept", "croire la clé annoncée par un nœud, à la place de celle connue"),
        ("refuse", "ne plus entendre parler d'une clé annoncée"),
    ):
        action = actions.add_parser(name, help=help_text)
        action.add_argument("node", metavar="NŒUD", help=NODE_HELP)
        action.add_argument("key", nargs="?", metavar="CLÉ", help=KEY_HELP)
    parser.set_defaults(action=None, node=None)


class KeysCommand:
    """The actions, on one database."""

    def __init__(
        self,
        path: Path,
        *,
        simulated: bool,
        write: Callable[[str], object] = sys.stdout.write,
        sleep: Callable[[float], object] = time.sleep,
        wait_s: float = CARRIED_OUT_WITHIN_S,
    ) -> None:
        """Name the database; nothing is opened yet."""
        self._path = path
        self._simulated = simulated
        self._database = Database(path, simulated=simulated)
        self._storage = NodeStore(self._database)
        self._nodes = NodeManager(self._storage)
        self._write = write
        self._sleep = sleep
        self._wait_s = wait_s

    def run(self, options: argparse.Namespace) -> int:
        """Do one action and return the exit code. Raises ``StorageError``."""
        if not may_exist(self._path):
            self._say(
                f"❌ Pas de base {self._path.absolute()} : le bot n'a encore rien appris, ou "
                "DATABASE_PATH n'est pas le sien"
            )
            return EXIT_NO
        self._database.open()
        try:
            self._nodes.load()
            if options.action in (None, "list"):
                self._list(options.node)
            else:
                self._decide(options.node, options.key, accept=options.action == "accept")
        except KeysRefusal as refusal:
            self._say(f"❌ {refusal}")
            return EXIT_NO
        finally:
            self._database.close()
        return EXIT_OK

    # -- list ----------------------------------------------------------------------------------

    def _list(self, name: str | None) -> None:
        decisions = self._storage.load_decisions()
        if name is not None:
            for node in self._found(name):
                self._describe(node, decisions)
            return
        decided = {(decision.num, decision.public_key) for decision in decisions}
        waiting = self._nodes.waiting_keys()
        undecided = sum((other.num, other.public_key) not in decided for other in waiting)
        known = self._nodes.key_counts(None)[0]
        self._say(
            f"Base {self._path}{' (mode simulé)' if self._simulated else ''} : "
            f"{counted(known, 'clé publique', 'clés publiques')} avec la nôtre, "
            f"{counted(undecided, 'autre clé annoncée', 'autres clés annoncées')} à trancher"
        )
        others = self._storage.nodes_of_the_other_mesh()
        if others:
            what = "du vrai maillage" if self._simulated else "du maillage simulé"
            self._say(
                f"ℹ️ Cette base contient aussi {counted(others, 'nœud', 'nœuds')} {what} "
                "(CONNECTION_MODE en décide)"
            )
        nums = list(dict.fromkeys(other.num for other in waiting))
        for num in nums[:MAX_LISTED]:
            self._say("")
            self._describe(self._nodes.node(num) or KnownNode(num), decisions)
        if len(nums) > MAX_LISTED:
            more = counted(len(nums) - MAX_LISTED, "autre nœud", "autres nœuds")
            self._say(f"\n… et {more}")

    def _describe(self, node: KnownNode, decisions: list[KeyDecision]) -> None:
        self._say(f"{printable(node.name)} ({node.id})")
        others = self._nodes.other_keys(node.num)
        if node.public_key:
            self._say(f"  clé connue       {_key_text(node.num, node.public_key)}")
            if self._nodes.is_disputed(node.num):
                self._say(
                    "                   tenue de la radio, à confirmer : main_bot.py keys accept "
                    f"{node.id[1:]} {fingerprint(node.public_key)}"
                )
        else:
            self._say("  clé connue       aucune")
        for other in others:
            if other.waiting:
                self._say(f"  autre, annoncée  {_key_text(node.num, other.public_key)}")
                self._say(f"                   entendue {_date(other.offered_at)}")
                holder = self._nodes.key_holder(other.public_key)
                if holder is not None:
                    name = printable(holder.name)
                    self._say(f"                   c'est la clé connue de {name} ({holder.id})")
                self._say(f"                   {_decision_text(other, decisions)}")
            if other.replaced_at:
                by = (
                    "la base de la radio"
                    if other.replaced_by == KeySource.RADIO.value
                    else "l'opérateur"
                )
                self._say(f"  ancienne         {_key_text(node.num, other.public_key)}")
                self._say(f"                   remplacée {_date(other.replaced_at)} par {by}")
            if other.refused_at:
                self._say(f"  refusée          {_key_text(node.num, other.public_key)}")
                self._say(f"                   {_date(other.refused_at)}")

    # -- accept and refuse ---------------------------------------------------------------------

    def _decide(self, name: str, beginning: str | None, *, accept: bool) -> None:
        found = self._found(name)
        wanted = name.strip().casefold()
        # A part of a name is good enough to look, not to decide.
        found = [
            node
            for node in found
            if wanted
            in (node.id, node.id[1:], node.long_name.casefold(), node.short_name.casefold())
        ]
        if not found:
            raise KeysRefusal(f"aucun nœud ne s'appelle exactement {printable(name)}")
        if len(found) > 1:
            names = ", ".join(f"{printable(node.name)} ({node.id})" for node in found[:5])
            raise KeysRefusal(f"plusieurs nœuds de ce nom, donner l'identifiant : {names}")
        node = found[0]
        key = self._chosen_key(node, beginning, accept=accept)
        decision_id = self._storage.add_decision(node.num, key, accept=accept)
        what = "à accepter" if accept else "à refuser"
        self._say(f"Clé {_key_text(node.num, key)} de {printable(node.name)} ({node.id}) : {what}")
        holder = self._nodes.key_holder(key)
        if accept and holder is not None and holder.num != node.num:
            self._say(f"Elle est retirée à {printable(holder.name)} ({holder.id})")
        self._say("Décision notée ; elle attend le bot…")
        if self._is_carried_out(decision_id):
            self._say("✅ Pris en compte par le bot")
        else:
            self._say(
                "⏳ Le bot ne tourne pas, ou ne répond pas : ce sera fait à son prochain démarrage"
            )

    def _chosen_key(self, node: KnownNode, beginning: str | None, *, accept: bool) -> bytes:
        """Return the one key meant: of those that wait, and to accept of the former ones too."""
        keys = [
            other.public_key
            for other in self._nodes.other_keys(node.num)
            if other.waiting or (accept and beginning)
        ]
        if accept and self._nodes.is_disputed(node.num):
            keys.append(node.public_key)
        if accept and beginning is not None and _whole_key(beginning) not in (b"", *keys):
            keys.append(
                _whole_key(beginning)
            )  # never heard, but the operator has it from its owner
        if beginning is not None:
            if len(beginning) < MIN_KEY_CHARS:
                raise KeysRefusal(f"donner {MIN_KEY_CHARS} caractères de la clé au moins")
            keys = [key for key in keys if base64_text(key).startswith(beginning)]
        if not keys:
            raise KeysRefusal(self._why_no_key(node, beginning, accept=accept))
        if len(keys) > 1:
            choices = ", ".join(base64_text(key)[:FINGERPRINT_CHARS] for key in keys)
            raise KeysRefusal(f"plusieurs clés, en ajouter le début : {choices}")
        holder = self._nodes.key_holder(keys[0])
        if accept and beginning is None and holder is not None and holder.num != node.num:
            raise KeysRefusal(
                f"cette clé est celle de {printable(holder.name)} ({holder.id}) ; pour la lui "
                f"retirer : main_bot.py keys accept {node.id[1:]} {fingerprint(keys[0])}"
            )
        return keys[0]

    def _why_no_key(self, node: KnownNode, beginning: str | None, *, accept: bool) -> str:
        name = f"{printable(node.name)} ({node.id})"
        if beginning is None:
            return (
                f"{name} n'a pas de clé à trancher ; toutes les siennes : "
                f"main_bot.py keys list {node.id[1:]}"
            )
        if node.public_key and base64_text(node.public_key).startswith(beginning):
            return (
                f"c'est déjà la clé connue de {name}"
                if accept
                else f"c'est la clé connue de {name}"
            )
        keys = [other.public_key for other in self._nodes.other_keys(node.num)]
        if any(base64_text(key).startswith(beginning) for key in keys):
            return f"cette clé de {name} est déjà refusée, ou ancienne"
        for key in keys:
            if base64_text(key).casefold().startswith(beginning.casefold()):
                return f"majuscules et minuscules comptent : {fingerprint(key)}"
        return f"{name} n'a pas d'autre clé qui commence ainsi"

    def _is_carried_out(self, decision_id: int) -> bool:
        """Wait for the running bot to take the decision out of the database."""
        for _ in range(max(1, round(self._wait_s / CARRIED_OUT_POLL_S))):
            self._sleep(CARRIED_OUT_POLL_S)
            if all(decision.id != decision_id for decision in self._storage.load_decisions()):
                return True
        return False

    def _found(self, name: str) -> list[KnownNode]:
        found = self._nodes.find(name) or self._unnamed(name)
        if not found:
            raise KeysRefusal(f"aucun nœud de ce nom : {printable(name)}")
        return found

    def _unnamed(self, name: str) -> list[KnownNode]:
        """Return the node of which nothing but other keys is stored."""
        nums = {other.num for other in self._nodes.waiting_keys()}
        return [
            KnownNode(num)
            for num in nums
            if name.strip().lower() in (node_id(num), node_id(num)[1:])
        ]

    def _say(self, line: str) -> None:
        self._write(line + "\n")


def _whole_key(text: str) -> bytes:
    """Return the key that a text spells out in full, or nothing."""
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        return b""
    return key if is_usable_key(key) else b""


def _key_text(num: int, key: bytes) -> str:
    evidence = "  (CRC-32 = numéro du nœud)" if is_number_of(num, key) else ""
    return base64_text(key) + evidence


def _decision_text(other: OtherKey, decisions: list[KeyDecision]) -> str:
    for decision in reversed(decisions):
        if (decision.num, decision.public_key) == (other.num, other.public_key):
            return f"{'acceptée' if decision.accept else 'refusée'}, dès que le bot tournera"
    key = fingerprint(other.public_key)
    return f"à trancher : main_bot.py keys accept (ou refuse) {node_id(other.num)[1:]} {key}"


def _date(wall_s: int) -> str:
    return datetime.fromtimestamp(wall_s).strftime("le %d/%m/%Y à %H:%M")
