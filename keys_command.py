"""``main_bot.py keys``: the operator looks at keys and decides on those that wait.

It reads the bot's database and leaves decisions in it, whether the bot runs or not: the bot alone
changes keys. While it runs it obeys within seconds; otherwise when it is started next.
"""

import argparse
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from french_text import counted
from journal_format import printable
from key_trust import FINGERPRINT_CHARS, OtherKey, base64_text, is_number_of
from known_node import KnownNode
from node_manager import NodeManager
from storage import KeyOrder, Storage

EXIT_OK = 0
EXIT_NO = 1
OBEYED_WITHIN_S = 12.0
OBEYED_POLL_S = 0.25
MIN_KEY_CHARS = 4
MAX_LISTED = 20


class KeysRefusal(Exception):
    """What was asked for cannot be done. ``str()`` says in French why, and what can be."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the actions of ``keys``."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|accept|refuse")
    listing = actions.add_parser("list", help="les clés à trancher, ou celles d'un nœud")
    listing.add_argument("node", nargs="?", metavar="NŒUD", help="identifiant (!a1b2c3d4) ou nom")
    for name, help_text in (
        ("accept", "croire la clé annoncée par un nœud, à la place de celle connue"),
        ("refuse", "ne plus entendre parler d'une clé annoncée"),
    ):
        action = actions.add_parser(name, help=help_text)
        action.add_argument("node", metavar="NŒUD", help="identifiant (!a1b2c3d4) ou nom")
        action.add_argument(
            "key", nargs="?", metavar="CLÉ", help="début de la clé, s'il y en a plusieurs"
        )


class KeysCommand:
    """The actions, on one database."""

    def __init__(
        self,
        path: Path,
        *,
        simulated: bool,
        write: Callable[[str], object] = sys.stdout.write,
        sleep: Callable[[float], object] = time.sleep,
        wait_s: float = OBEYED_WITHIN_S,
    ) -> None:
        """Name the database; nothing is opened yet."""
        self._path = path
        self._storage = Storage(path, simulated=simulated)
        self._nodes = NodeManager(self._storage)
        self._write = write
        self._sleep = sleep
        self._wait_s = wait_s

    def run(self, options: argparse.Namespace) -> int:
        """Do one action and return the exit code. Raises ``StorageError``."""
        if not self._path.exists():
            self._say(f"❌ Pas encore de base {self._path} : le bot n'a rien appris")
            return EXIT_NO
        self._storage.open()
        try:
            self._nodes.load()
            if options.action == "list":
                self._list(options.node)
            else:
                self._decide(options.node, options.key, accept=options.action == "accept")
        except KeysRefusal as refusal:
            self._say(f"❌ {refusal}")
            return EXIT_NO
        finally:
            self._storage.close()
        return EXIT_OK

    # -- list ----------------------------------------------------------------------------------

    def _list(self, name: str | None) -> None:
        orders = self._storage.load_orders()
        if name is not None:
            for node in self._found(name):
                self._describe(node, orders)
            return
        waiting = self._nodes.waiting_keys()
        known = self._nodes.key_counts(None)[0]
        self._say(
            f"{counted(known, 'clé publique connue', 'clés publiques connues')}, "
            f"{counted(len(waiting), 'autre clé annoncée', 'autres clés annoncées')} à trancher"
        )
        nums = list(dict.fromkeys(other.num for other in waiting))
        for num in nums[:MAX_LISTED]:
            self._say("")
            self._describe(self._nodes.node(num) or KnownNode(num), orders)
        if len(nums) > MAX_LISTED:
            self._say(f"\n… et {len(nums) - MAX_LISTED} autres nœuds")

    def _describe(self, node: KnownNode, orders: list[KeyOrder]) -> None:
        self._say(f"{printable(node.name)} ({node.id})")
        others = self._nodes.other_keys(node.num)
        if node.public_key:
            self._say(f"  clé connue       {_key_text(node.num, node.public_key)}")
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
                self._say(f"                   {_decision_text(other, orders)}")
            if other.replaced_at:
                by = "la base de la radio" if other.replaced_by == "radio" else "l'opérateur"
                self._say(f"  ancienne         {_key_text(node.num, other.public_key)}")
                self._say(f"                   remplacée {_date(other.replaced_at)} par {by}")
            if other.refused_at:
                self._say(f"  refusée          {_key_text(node.num, other.public_key)}")
                self._say(f"                   {_date(other.refused_at)}")

    # -- accept and refuse ---------------------------------------------------------------------

    def _decide(self, name: str, beginning: str | None, *, accept: bool) -> None:
        found = self._found(name)
        if len(found) > 1:
            names = ", ".join(f"{printable(node.name)} ({node.id})" for node in found[:5])
            raise KeysRefusal(f"plusieurs nœuds de ce nom, donner l'identifiant : {names}")
        node = found[0]
        key = self._chosen_key(node, beginning, accept=accept)
        order_id = self._storage.add_order(node.num, key, accept=accept)
        what = "acceptée" if accept else "refusée"
        self._say(f"Clé {_key_text(node.num, key)} de {printable(node.name)} ({node.id}) {what}")
        holder = self._nodes.key_holder(key)
        if accept and holder is not None and holder.num != node.num:
            self._say(f"Elle est retirée à {printable(holder.name)} ({holder.id})")
        if self._is_obeyed(order_id):
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
        if beginning is not None:
            if len(beginning) < MIN_KEY_CHARS:
                raise KeysRefusal(f"donner {MIN_KEY_CHARS} caractères de la clé au moins")
            keys = [key for key in keys if base64_text(key).startswith(beginning)]
        if not keys:
            what = "qui commence ainsi" if beginning else "à trancher"
            raise KeysRefusal(
                f"{printable(node.name)} ({node.id}) n'a pas d'autre clé {what} ; voir : "
                f"main_bot.py keys list '{node.id}'"
            )
        if len(keys) > 1:
            choices = ", ".join(base64_text(key)[:FINGERPRINT_CHARS] for key in keys)
            raise KeysRefusal(f"plusieurs clés annoncées, en choisir une : {choices}")
        return keys[0]

    def _is_obeyed(self, order_id: int) -> bool:
        """Wait for the running bot to take the decision out of the database."""
        for _ in range(max(1, round(self._wait_s / OBEYED_POLL_S))):
            if all(order.id != order_id for order in self._storage.load_orders()):
                return True
            self._sleep(OBEYED_POLL_S)
        return False

    def _found(self, name: str) -> list[KnownNode]:
        found = self._nodes.find(name)
        if not found:
            raise KeysRefusal(f"aucun nœud de ce nom : {printable(name)}")
        return found

    def _say(self, line: str) -> None:
        self._write(line + "\n")


def _key_text(num: int, key: bytes) -> str:
    evidence = "  (CRC-32 = numéro du nœud)" if is_number_of(num, key) else ""
    return base64_text(key) + evidence


def _decision_text(other: OtherKey, orders: list[KeyOrder]) -> str:
    for order in reversed(orders):
        if (order.num, order.public_key) == (other.num, other.public_key):
            return f"{'acceptée' if order.accept else 'refusée'}, dès que le bot tournera"
    return "à trancher : main_bot.py keys accept ou keys refuse"


def _date(wall_s: int) -> str:
    return datetime.fromtimestamp(wall_s).strftime("le %d/%m/%Y à %H:%M")
