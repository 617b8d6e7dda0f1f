"""``main_bot.py keys``: the operator looks at keys and decides on those that wait.

It reads the bot's database and leaves decisions in it, whether the bot runs or not: the bot alone
changes keys. While it runs it carries them out within seconds; otherwise when it is started next.
"""

import argparse
import sys
import time
from collections.abc import Callable, Container
from pathlib import Path

from meshbot.cli.exit_code import EXIT_NO, EXIT_OK
from meshbot.cli.key_choice import KeyChoice, KeysRefusal
from meshbot.cli.key_listing import WEAK_TEXT, KeyListing
from meshbot.cli.key_text import key_text, node_text
from meshbot.mesh.node_table import NodeTable
from meshbot.model.known_node import KnownNode
from meshbot.store.database import Database
from meshbot.store.inspection import may_exist
from meshbot.store.node_store import NodeStore
from meshbot.text.language import tr
from meshbot.text.quantities import counted

CARRIED_OUT_WITHIN_S = 12.0
CARRIED_OUT_POLL_S = 0.25
MAX_LISTED = 20
MAX_WEAK_NAMED = 5


class KeysCommand:
    """The actions, on one database."""

    def __init__(
        self,
        path: Path,
        *,
        simulated: bool,
        admin_nodes: Container[int] = (),
        write: Callable[[str], object] = sys.stdout.write,
        sleep: Callable[[float], object] = time.sleep,
        wait_s: float = CARRIED_OUT_WITHIN_S,
    ) -> None:
        """Name the database, which is not opened yet, and who gives orders."""
        self._path = path
        self._admin_nodes = admin_nodes
        self._simulated = simulated
        self._database = Database(path, simulated=simulated)
        self._store = NodeStore(self._database)
        self._table = NodeTable(nodes_max=sys.maxsize)  # to look at, all there is
        self._choice = KeyChoice(self._table)
        self._write = write
        self._sleep = sleep
        self._wait_s = wait_s

    def run(self, options: argparse.Namespace) -> int:
        """Do one action and return the exit code. Raises ``StorageError``."""
        if not may_exist(self._path):
            self._say(
                tr(
                    "❌ Pas de base {absolute} : le bot n'a encore rien appris, ou "
                    "DATABASE_PATH n'est pas le sien",
                    absolute=self._path.absolute(),
                )
            )
            return EXIT_NO
        self._database.open()
        try:
            known = self._table.fill(self._store.load_nodes(), self._store.load_other_keys())
            if options.action in (None, "list"):
                self._list(options.node, known)
            elif options.moved:
                self._accept_moved(options.node)
            else:
                self._decide(options.node, options.key, accept=options.action == "accept")
        except KeysRefusal as refusal:
            self._say(f"❌ {refusal}")
            return EXIT_NO
        finally:
            self._database.close()
        return EXIT_OK

    def _list(self, name: str | None, known: int) -> None:
        """Describe the nodes of a name, or those with keys that wait; ``known``: keys in all."""
        listing = KeyListing(self._table, self._store.load_decisions())
        if name is not None:
            for node in self._choice.nodes(name):
                self._say(*listing.lines_about(node))
            return
        waiting = self._table.waiting_keys()
        self._say_what_there_is(known, listing.undecided(waiting))
        self._say_what_is_odd()
        nums = list(dict.fromkeys(other.num for other in waiting))
        for num in nums[:MAX_LISTED]:
            self._say("", *listing.lines_about(self._node(num)))
        if len(nums) > MAX_LISTED:
            more = counted(len(nums) - MAX_LISTED, "autre nœud", "autres nœuds")
            self._say("", tr("… et {more}", more=more))

    def _say_what_there_is(self, known: int, undecided: int) -> None:
        self._say(
            tr(
                "Base {path}{rest} : {known} avec la nôtre, {undecided} à trancher",
                path=self._path,
                rest=tr(" (mode simulé)") if self._simulated else "",
                known=counted(known, "clé publique", "clés publiques"),
                undecided=counted(undecided, "autre clé annoncée", "autres clés annoncées"),
            )
        )
        others = self._store.nodes_of_the_other_mesh()
        if others:
            what = tr("du vrai maillage") if self._simulated else tr("du maillage simulé")
            self._say(
                tr(
                    "ℹ️ Cette base contient aussi {others} {what} (CONNECTION_MODE en décide)",
                    others=counted(others, "nœud", "nœuds"),
                    what=what,
                )
            )

    def _say_what_is_odd(self) -> None:
        """Say how many nodes have a new number, and who has a key that others have, too."""
        shown, claimed = self._choice.moves()
        if shown or claimed:
            how = (
                tr(
                    "dont {shown} avec preuve : pour accepter ceux-là, "
                    "main_bot.py keys accept --moved",
                    shown=len(shown),
                )
                if shown
                else tr("sans preuve : demander à chacun, puis main_bot.py keys accept NŒUD")
            )
            self._say(
                tr(
                    "{shown} changé de numéro (firmware 2.8), {how}",
                    shown=counted(len(shown) + len(claimed), "nœud a", "nœuds ont"),
                    how=how,
                )
            )
        weak = list(dict.fromkeys(other.num for other in self._table.weak_keys()))
        if weak:
            names = ", ".join(node_text(self._node(num)) for num in weak[:MAX_WEAK_NAMED])
            rest = (
                tr(" et {weak} de plus", weak=len(weak) - MAX_WEAK_NAMED)
                if weak[MAX_WEAK_NAMED:]
                else ""
            )
            self._say(
                tr(
                    "⚠️ Clé {weak_text} : {names}{rest}",
                    weak_text=tr(WEAK_TEXT),
                    names=names,
                    rest=rest,
                )
            )

    def _decide(self, name: str | None, beginning: str | None, *, accept: bool) -> None:
        if name is None:
            raise KeysRefusal(tr("de quel nœud ? main_bot.py keys accept NŒUD, ou --moved"))
        node = self._choice.node(name)
        key = self._choice.key(node, beginning, accept=accept)
        decision_id = self._store.add_decision(node.num, key, accept=accept)
        what = tr("à accepter") if accept else tr("à refuser")
        self._say(
            tr(
                "Clé {key} de {node} : {what}",
                key=key_text(node.num, key),
                node=node_text(node),
                what=what,
            )
        )
        if accept:
            self._say_who_loses(node, key)
        self._say(tr("Décision notée ; elle attend le bot…"))
        self._say_whether_carried_out({decision_id})

    def _accept_moved(self, name: str | None) -> None:
        """Accept the new number of everybody who showed that it is his; name the others."""
        if name is not None:
            raise KeysRefusal(tr("--moved vaut pour tous : ne pas nommer de nœud"))
        shown, claimed = self._choice.moves()
        ids = set()
        for other in shown:
            self._say_who_loses(self._node(other.num), other.public_key)
            ids.add(self._store.add_decision(other.num, other.public_key, accept=True))
        if claimed:
            self._say(
                tr(
                    "Sans preuve, ou sous un numéro qui a déjà une autre clé, à accepter un à un "
                    "(demander à la personne) :"
                )
            )
            names = [node_text(self._node(other.num)) for other in claimed[:MAX_LISTED]]
            self._say(*(f"  {name}" for name in names))
            if len(claimed) > len(names):
                more = counted(len(claimed) - len(names), "autre nœud", "autres nœuds")
                self._say("  " + tr("… et {more}", more=more))
        if not shown:
            raise KeysRefusal(tr("aucun nœud n'a prouvé qu'il a changé de numéro"))
        self._say(
            tr(
                "{ids} ; le bot est attendu…",
                ids=counted(len(ids), "décision notée", "décisions notées"),
            )
        )
        self._say_whether_carried_out(ids)

    def _node(self, num: int) -> KnownNode:
        return self._table.node(num) or KnownNode(num)

    def _say_who_loses(self, node: KnownNode, key: bytes) -> None:
        """Say from whom a key is taken that is accepted as another's, or who has a new number."""
        holder = self._choice.other_holder(key, node)
        if holder is None:
            return
        if self._table.previous_of(node.num, key) is None:
            self._say(tr("Elle est retirée à {node}", node=node_text(holder)))
            return
        self._say(
            tr(
                "{node} est le nouveau numéro de {node2}",
                node=node_text(node),
                node2=node_text(holder),
            )
        )
        if holder.num in self._admin_nodes:
            self._say(
                tr(
                    "⚠️ Il est dans ADMIN_NODES : y mettre « {id} » au lieu de « {id2} » "
                    "(config.py, ou MESHBOT_ADMIN_NODES), ou ses ordres ne seront plus exécutés",
                    id=node.id,
                    id2=holder.id,
                )
            )

    def _say_whether_carried_out(self, decision_ids: set[int]) -> None:
        if self._are_carried_out(decision_ids):
            self._say(tr("✅ Pris en compte par le bot"))
        else:
            self._say(
                tr(
                    "⏳ Le bot ne tourne pas, ou ne répond pas : ce sera fait à son "
                    "prochain démarrage"
                )
            )

    def _are_carried_out(self, decision_ids: set[int]) -> bool:
        """Wait for the running bot to take decisions out of the database."""
        for _ in range(max(1, round(self._wait_s / CARRIED_OUT_POLL_S))):
            self._sleep(CARRIED_OUT_POLL_S)
            if decision_ids.isdisjoint(one.id for one in self._store.load_decisions()):
                return True
        return False

    def _say(self, *lines: str) -> None:
        for line in lines:
            self._write(line + "\n")
