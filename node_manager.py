"""The nodes of the mesh and their public keys: learned once, kept, put back when lost.

Each change takes three steps: it is made in the table, it is written, and only then it is told. Any
thread may call. What is known is kept by :class:`NodeTable`, which this extends; which key is
believed of a node, the numbered rules of ``meshbot/mesh/key_trust.py`` say.
"""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

from meshtastic.protobuf import mesh_pb2

from meshbot.mesh.forgotten_line import ForgottenLine
from meshbot.mesh.key_lines import KeyLines
from meshbot.mesh.key_news import KeyNews
from meshbot.mesh.key_outcome import WAITING, KeyOutcome
from meshbot.mesh.key_sync import KeySync
from meshbot.mesh.late_keys import LateKeys
from meshbot.mesh.node_label import label_of
from meshbot.mesh.node_table import NODES_MAX, NodeTable
from meshbot.mesh.node_writer import NodeWriter
from meshbot.model.link_notes import LinkNotes
from meshbot.store.node_store import NodeStore
from meshbot.store.storage_error import StorageError, StorageVanished
from meshbot.text.language import tr
from meshbot.text.quantities import counted

log = logging.getLogger(__name__)


class NodeManager(NodeTable):
    """Known nodes, their names and keys, and the key sync."""

    def __init__(
        self,
        store: NodeStore,
        *,
        notes: LinkNotes | None = None,
        nodes_max: int = NODES_MAX,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Start with an empty table, which :meth:`load` fills; ``notes`` is told of the syncs.

        ``nodes_max``: how many nodes are kept, not counting those that never said a name or key.
        """
        super().__init__(nodes_max=nodes_max, clock=clock, wall_clock=wall_clock)
        self._store = store
        self._writer = NodeWriter(self, store, clock=clock, wall_clock=wall_clock)
        self._lines = KeyLines(clock)
        self._late_keys = LateKeys(clock)
        self._late_keys_of_radio = LateKeys(clock)
        self._forgotten_line = ForgottenLine(nodes_max, clock)
        self._key_sync = KeySync(self, notes or LinkNotes(), clock)
        self.on_key_waits: Callable[[KeyNews], object] = lambda news: None
        """Told of each key that waits for the operator, perhaps often. Must not block."""

    def tell_rebuilt(self, listener: Callable[[StorageVanished], object]) -> None:
        """Have a listener, which must not block, be told why the store was made again."""
        self._writer.on_rebuilt = listener

    def load(self, is_to_end: Callable[[], bool] = lambda: False) -> int:
        """Read the stored nodes; return how many have a key.

        Of more than there is room for the least valuable are forgotten. Raises ``StorageError``,
        also when ``is_to_end`` says meanwhile that the bot is to end.
        """
        log.debug("reading the stored nodes")
        self.begin_filling(self._store.load_other_keys())
        for nodes in self._store.node_pages():
            self.add_stored(nodes)
            if is_to_end():
                raise StorageError(tr("Lecture de la base interrompue"), passing=True)
        keys = self.finish_filling()
        self._tell_forgotten()
        return keys

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
        if changed and self._late_keys_of_radio.put_off(learned):
            self.mark_changed(changed)
            changed, learned = [], set()
        saved = bool(changed) and self._writer.save(changed)
        for line in lines:
            log.warning(line)
        for one in news:
            self._tell_waiting(one)
        others = len(learned - {own_num})
        if saved and others:
            what = counted(
                others,
                "clé publique apprise de la radio et enregistrée",
                "clés publiques apprises de la radio et enregistrées",
            )
            log.info("🔑 %s", what)
        self._tell_forgotten()

    def learn_from_air(self, num: int, user: mesh_pb2.User, *, held: bool = False) -> None:
        """Take a NodeInfo heard over the air: names, and the key of a node that had none.

        ``held``: the key's holder signed it, with the number that the key gives.
        """
        news = self.enter_user(num, user, held=held)
        if news is not None and news.learned and self._late_keys.put_off((num,)):
            self.mark_changed([num])
        else:
            self._write_and_tell(news)
        self._tell_forgotten()

    def learn_from_message(self, num: int, public_key: bytes) -> None:
        """Take the key with which the radio opened a message of node ``num``."""
        self._write_and_tell(self.enter_key(num, public_key))
        self._tell_forgotten()

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
                log.info(tr("🔑 Clé publique de %s apprise et enregistrée"), label_of(news.node))
            return
        self._tell_waiting(news)
        line = self._lines.due(news)
        # Without a line, it is written with the rest: a flood must not wear out the disk.
        if line is not None:
            self._writer.save([num])
            log.warning(line)

    def _tell_waiting(self, news: KeyNews) -> None:
        if news.outcome in WAITING:
            self.on_key_waits(news)

    def _tell_forgotten(self) -> None:
        line = self._forgotten_line.due(self.pop_forgotten())
        if line is not None:
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

    def save_heard(self, limit_s: float | None = None) -> bool:
        """Write what changed since the last time, in ``limit_s`` if given; return if all was.

        Most keys were written when they were learned. A node that never introduced itself is not
        written: its number may be made up.
        """
        until_s = None if limit_s is None else self._clock() + limit_s
        saved = self._writer.save(self.changed(), insist=True, until_s=until_s)
        late = self._late_keys.pop() | self._late_keys_of_radio.pop() if saved else ()
        keys = sum(bool(self.public_key(num)) for num in late)
        if keys:
            what = counted(
                keys,
                "clé publique apprise et enregistrée avec d'autres",
                "clés publiques apprises et enregistrées ensemble",
            )
            log.info("🔑 %s", what)
        return saved

    def hurry(self) -> None:
        """Have what takes long end early: the bot is to end."""
        self._writer.hurry()

    def rebuild_store(self, error: StorageVanished) -> None:
        """Make a new file of all that is known. Raises ``StorageError``."""
        self._writer.rebuild(error)


def _is_own_weak(news: KeyNews, own_num: int) -> bool:
    """Say whether it is our own node's weak key, of which is warned elsewhere."""
    return news.outcome is KeyOutcome.WEAK and news.node.num == own_num
