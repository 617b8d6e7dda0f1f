"""The nodes of the mesh and their public keys: learned once, kept for good, put back when lost.

Each change takes three steps: it is made in the table, it is written, and only then it is told. Any
thread may call. What is known is kept by :class:`NodeTable`, which this extends; which key is
believed of a node, the numbered rules of ``meshbot/mesh/key_trust.py`` say.
"""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

from meshtastic.protobuf import mesh_pb2

from meshbot.mesh.key_lines import KeyLines
from meshbot.mesh.key_news import KeyNews
from meshbot.mesh.key_outcome import KeyOutcome
from meshbot.mesh.key_sync import KeySync
from meshbot.mesh.node_label import label_of
from meshbot.mesh.node_table import NodeTable
from meshbot.mesh.node_writer import NodeWriter
from meshbot.model.link_notes import LinkNotes
from meshbot.store.node_store import NodeStore
from meshbot.store.storage_error import StorageVanished
from meshbot.text.quantities import counted

log = logging.getLogger(__name__)


class NodeManager(NodeTable):
    """Known nodes, their names and keys, and the key sync."""

    def __init__(
        self,
        store: NodeStore,
        *,
        notes: LinkNotes | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Start with an empty table, which :meth:`load` fills; ``notes`` is told of the syncs."""
        super().__init__(clock=clock, wall_clock=wall_clock)
        self._store = store
        self._writer = NodeWriter(self, store, clock=clock, wall_clock=wall_clock)
        self._lines = KeyLines(clock)
        self._key_sync = KeySync(self, notes or LinkNotes(), clock)

    def load(self) -> int:
        """Read the stored nodes; return how many have a key. Raises ``StorageError``."""
        return self.fill(self._store.load_nodes(), self._store.load_other_keys())

    # -- The key sync --------------------------------------------------------------------------

    def sync_pubkeys_to_interface(self, interface: Any, force: bool = False) -> int:
        """Put the stored names and keys into the library's dictionaries; return how many keys.

        Touches ``interface.nodes`` and ``interface.nodesByNum`` only: nothing goes to the radio.
        They keep the library's shape, one and the same dict under ``nodes["!%08x"]`` and
        ``nodesByNum[num]``, ``user.publicKey`` in base64.

        Without ``force`` nothing is done, and nothing logged, while neither the store nor the
        interface changed since the last sync and no key has gone missing.
        """
        return self._key_sync.run(interface, force=force)

    def put_key_back(self, interface: Any, num: int) -> bool:
        """Make ``interface`` hold the stored key of a node it just heard; return if it did not."""
        return self._key_sync.put_back(interface, num)

    def key_in_place(self, interface: Any, num: int) -> bool:
        """Say whether ``interface`` holds the key that is stored for node ``num``."""
        return self._key_sync.is_in_place(interface, num)

    def key_counts(self, interface: Any) -> tuple[int, int]:
        """Return how many keys are stored and how many of those ``interface`` holds (None: 0)."""
        return self._key_sync.counts(interface)

    def last_sync(self) -> tuple[float, int] | None:
        """Return the monotonic time of the last sync that ran and how many keys were then held."""
        return self._key_sync.last()

    # -- Learning ------------------------------------------------------------------------------

    def learn_from_radio(self, infos: Iterable[mesh_pb2.NodeInfo], own_num: int = 0) -> None:
        """Take entries of the radio's own database, which decides where it differs from us.

        ``own_num`` is the radio's own number, whose key is kept but not counted in the journal.
        """
        news = self.enter_radio_infos(infos, own_num)
        learned = {one.node.num for one in news if one.learned}
        lines = self._lines.due_of_database(one for one in news if not _is_own_weak(one, own_num))
        # What is told is written, for main_bot.py keys to show it.
        changed = [num for one in news for num in one.changed]
        saved = bool(changed) and self._writer.save(changed)
        for line in lines:
            log.warning(line)
        others = len(learned - {own_num})
        if saved and others:
            what = counted(
                others,
                "clé publique apprise de la radio et enregistrée",
                "clés publiques apprises de la radio et enregistrées",
            )
            log.info("🔑 %s", what)

    def learn_from_air(self, num: int, user: mesh_pb2.User, *, held: bool = False) -> None:
        """Take a NodeInfo heard over the air: names, and the key of a node that had none.

        ``held``: the key's holder signed it, with the number that the key gives.
        """
        self._write_and_tell(self.enter_user(num, user, held=held))

    def learn_from_message(self, num: int, public_key: bytes) -> None:
        """Take the key with which the radio opened a message of node ``num``."""
        self._write_and_tell(self.enter_key(num, public_key))

    def contest_key(self, num: int, public_key: bytes) -> None:
        """Note that the radio opened a message with another key than the known one, durably."""
        if self.enter_contested_key(num, public_key):
            self._writer.save([num])

    def _write_and_tell(self, news: KeyNews | None) -> None:
        if news is None:
            return
        num = news.node.num
        if news.learned:
            if self._writer.save([num]):
                log.info("🔑 Clé publique de %s apprise et enregistrée", label_of(news.node))
            return
        line = self._lines.due(news)
        # Without a line, it is written with the rest: a flood must not wear out the disk.
        if line is not None:
            self._writer.save([num])
            log.warning(line)

    # -- The operator's decisions --------------------------------------------------------------

    def carry_out_decisions(self) -> bool:
        """Do what the operator decided about keys; return whether any key changed.

        Raises ``StorageError`` when the decisions cannot be read.
        """
        decisions = [
            decision
            for decision in self._store.load_decisions()
            if not self.is_carried_out(decision)
        ]
        for decision in decisions:
            news = self.carry_out(decision)
            line = self._lines.due(news) if news is not None else None
            if line is not None:
                log.info(line)
        if decisions:
            self._writer.save((), insist=True)
        return any(decision.accept for decision in decisions)

    # -- The store -----------------------------------------------------------------------------

    def key_pushed(self, num: int) -> bool:
        """Note that the key of node ``num`` is given to the radio; return whether that is written.

        What is not written counts all the same, until the end of this run.
        """
        return self.enter_push(num) and self._writer.save([num], insist=True)

    def save_heard(self) -> None:
        """Write what changed since the last time; keys were written when they were learned.

        A node that never introduced itself is not written: its number may be made up.
        """
        self._writer.save(self.changed(), insist=True)

    def rebuild_store(self, error: StorageVanished) -> None:
        """Make a new file of all that is known. Raises ``StorageError``."""
        self._writer.rebuild(error)


def _is_own_weak(news: KeyNews, own_num: int) -> bool:
    """Say whether it is our own node's weak key, of which is warned elsewhere."""
    return news.outcome is KeyOutcome.WEAK and news.node.num == own_num
