"""What is known of the nodes of the mesh, and which key is believed of each.

Owns the nodes, their keys, and what the store lacks of them. All of it is guarded by ``_lock``, a
leaf; the entries, the key trust and what feeds it are used under it. Any thread may call. What is
handed out are copies. When the lock is given back, no more nodes are on file than there is room
for: the least valuable are forgotten (:mod:`meshbot.mesh.node_worth`), with all that belongs to
them.
"""

import heapq
import logging
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence

from meshtastic.protobuf import mesh_pb2

from meshbot.mesh.forgotten_nodes import ForgottenNodes
from meshbot.mesh.key_learning import KeyLearning, RadioOffer
from meshbot.mesh.key_lines import dropped_lines
from meshbot.mesh.key_news import KeyNews
from meshbot.mesh.key_trust import KeyTrust
from meshbot.mesh.node_entries import NodeEntries
from meshbot.mesh.node_info import copy_signal, copy_user
from meshbot.mesh.node_label import label_of
from meshbot.mesh.node_search import latest_heard, nodes_named
from meshbot.mesh.node_worth import Standing
from meshbot.mesh.signatures import radio_saw_signature
from meshbot.mesh.store_batch import StoreBatch
from meshbot.mesh.sync_entry import SyncEntry, sync_entry_of
from meshbot.model.key_decision import KeyDecision
from meshbot.model.key_source import KeySource
from meshbot.model.known_node import KnownNode, node_id
from meshbot.model.other_key import OtherKey
from meshbot.model.public_key import is_number_of
from meshbot.model.weak_keys import is_weak_key

log = logging.getLogger(__name__)

NODES_MAX = 20_000
MAX_CORRESPONDENTS = 500


class NodeTable:
    """The table: looking up, hearing, learning. It reads and writes no file."""

    def __init__(
        self,
        *,
        nodes_max: int = NODES_MAX,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Start with an empty table; ``clock`` is monotonic, both are in seconds.

        ``nodes_max``: how many nodes are kept, not counting those that never said a name or key.
        """
        self.nodes_max = nodes_max
        self._clock = clock
        self._wall_clock = wall_clock
        self._lock = threading.Lock()
        self._nodes = NodeEntries(nodes_max)
        self._trust = KeyTrust()
        self._learning = KeyLearning(self._nodes, self._trust)
        self._kept: Collection[int] = ()
        """The operator's own: admins, as config.py names them."""
        self._own_num = 0
        self._first_met = True
        """Whether nothing was known before, and nothing heard: the radio was there first."""
        self._forgotten = ForgottenNodes()
        self._changed: set[int] = set()
        """Nodes that differ from what the store has of them."""
        self._carried_out: dict[int, tuple[int, ...]] = {}
        """Decisions that were done but still stand in the store, and the nodes they changed."""
        self._revision = 0
        """Counts the changes of names and keys."""

    def fill(self, nodes: Sequence[KnownNode], other_keys: Iterable[OtherKey]) -> int:
        """Take over what is stored; return how many nodes have a key."""
        self.begin_filling(other_keys)
        self.add_stored(nodes)
        return self.finish_filling()

    def begin_filling(self, other_keys: Iterable[OtherKey]) -> None:
        """Begin to take over what is stored."""
        with self._lock:
            self._nodes.clear()
            self._trust.load((), other_keys)
            self._forgotten.clear()

    def add_stored(self, nodes: Sequence[KnownNode]) -> None:
        """Take over stored nodes; the least valuable of too many are forgotten on the way."""
        with self._lock:
            self._first_met = self._first_met and not nodes
            for node in nodes:
                # Thousands of nodes have a few of these.
                node.hw_model, node.role = sys.intern(node.hw_model), sys.intern(node.role)
                self._nodes.add_stored(node)
            dropped = self._trust.take_stored(nodes)
            self._changed.update(node.num for node, _ in dropped)
            # Each time that takes a look at the whole table.
            self._make_room((), slack=self.nodes_max // 2)
        for line in dropped_lines(dropped):
            log.warning("%s", line)

    def finish_filling(self) -> int:
        """End it; return how many nodes have a key."""
        with self._lock:
            self._make_room(())
            self._revision += 1
            return sum(1 for node in self._nodes.values() if node.public_key)

    # -- Forgetting ----------------------------------------------------------------------------

    def keep(self, nums: Collection[int]) -> None:
        """Name the nodes that the operator wants kept, whatever comes; no others are from now."""
        with self._lock:
            self._kept = frozenset(nums)

    def pop_forgotten(self) -> int:
        """Return how many nodes were forgotten since the last call, to make room."""
        with self._lock:
            return self._forgotten.pop_untold()

    def _settle(self, nums: Sequence[int]) -> None:
        """Put nodes on file of which something is known now, and forget others for them."""
        for num in nums:
            if self._stored(num) is not None:
                self._nodes.file(num)
        # Of many at a time, each is worth no more than others.
        self._make_room(nums if len(nums) == 1 else ())

    def _make_room(self, spared: Iterable[int], slack: int = 0) -> None:
        for num in self._nodes.surplus_strangers():
            self._drop(num, b"")
        gone = self._nodes.surplus(self._standing_of, spared, slack)
        if gone:
            for node in gone:
                self._drop(node.num, node.public_key)
            self._forgotten.add(node.num for node in gone)

    def _drop(self, num: int, key: bytes) -> None:
        """Forget what belongs to a node that was taken out."""
        self._trust.forget_node(num, key)
        self._changed.discard(num)
        if key:
            self._revision += 1

    def _standing_of(self, node: KnownNode) -> Standing:
        num = node.num
        if num in self._kept or num == self._own_num or node.pushed_at:
            return Standing.KEPT
        if self._trust.knows(num):
            if self._trust.is_decided(num):
                return Standing.KEPT
            if self._trust.is_contested(num):
                return Standing.PROVEN
        if node.last_dm:
            return Standing.PROVEN
        return Standing.IN_RADIO if self._nodes.is_in_radio(num) else Standing.MET

    # -- Looking up ----------------------------------------------------------------------------

    def node(self, num: int) -> KnownNode | None:
        """Return a copy of what is known of node ``num``."""
        with self._lock:
            return _copy_of(self._nodes.get(num))

    def knows(self, num: int) -> bool:
        """Say whether node ``num`` was ever heard, or heard of."""
        with self._lock:
            return num in self._nodes

    def count(self) -> int:
        """Return how many nodes are known."""
        with self._lock:
            return len(self._nodes)

    def label(self, num: int) -> str:
        """Return how a log line names a node: its name, if it has one, and its id."""
        with self._lock:
            node = self._nodes.get(num)
            return label_of(node) if node is not None else node_id(num)

    def find(self, text: str) -> list[KnownNode]:
        """Return copies of the nodes that ``text`` names: by id, else by name, exact ones first."""
        with self._lock:
            # Looked at in place: copies of all would cost more than the search.
            return [node.copy() for node in nodes_named(text, self._nodes)]

    def recently_heard(self, limit: int) -> list[KnownNode]:
        """Return copies of the nodes heard last, latest first: this run's before older ones."""
        with self._lock:
            return [node.copy() for node in latest_heard(limit, self._nodes.values())]

    def heard_ago_s(self, node: KnownNode) -> float | None:
        """Return how long ago ``node`` was heard, or None where no clock can tell."""
        if node.heard_s is not None:
            return self._clock() - node.heard_s
        ago_s = self._wall_clock() - node.last_heard
        return ago_s if node.last_heard and ago_s >= 0 else None

    def correspondents(self) -> list[KnownNode]:
        """Return copies of the nodes with a key that sent us messages, the latest first.

        Of very many only the latest: with made-up keys anybody can be any number of them.
        """
        with self._lock:
            nodes = (node for node in self._nodes.values() if node.last_dm and node.public_key)
            latest = heapq.nlargest(MAX_CORRESPONDENTS, nodes, key=lambda node: node.last_dm)
            return [node.copy() for node in latest]

    def pushes_since(self, wall_s: float) -> int:
        """Return how many keys were given to the radio since a wall-clock time, or after now."""
        with self._lock:
            return sum(node.pushed_at > wall_s for node in self._nodes.values())

    # -- Keys ----------------------------------------------------------------------------------

    def public_key(self, num: int) -> bytes:
        """Return the key known for node ``num``, or ``b""``."""
        with self._lock:
            node = self._nodes.get(num)
            return node.public_key if node is not None else b""

    def is_disputed(self, num: int) -> bool:
        """Say whether a node's key is the radio's word against an older one."""
        with self._lock:
            return self._trust.is_disputed(num)

    def is_unconfirmed(self, num: int) -> bool:
        """Say whether a node's key is disputed, or came after one that was taken away."""
        with self._lock:
            return self._trust.is_unconfirmed(num)

    def other_keys(self, num: int) -> list[OtherKey]:
        """Return the keys of a node that are not believed, or not any more."""
        with self._lock:
            return self._trust.others(num)

    def waiting_keys(self) -> list[OtherKey]:
        """Return the keys that wait for the operator's decision."""
        with self._lock:
            return self._trust.waiting()

    def weak_keys(self) -> list[OtherKey]:
        """Return the weak keys of nodes of which no other key is known."""
        with self._lock:
            weak = self._trust.weak()
            return [
                other
                for other in weak
                if (node := self._nodes.get(other.num)) is None or not node.public_key
            ]

    def previous_of(self, num: int, key: bytes) -> KnownNode | None:
        """Return a copy of the node that has a new number, ``num``, as its ``key`` says.

        None if it says no such thing, or node ``num`` has a key that gives this number already.
        """
        with self._lock:
            return _copy_of(self._learning.previous(num, key))

    def claimed_key(self, num: int) -> bytes:
        """Return the key that says that ``num`` is the new number of somebody known, or ``b""``.

        One that the operator refused says nothing.
        """
        with self._lock:
            for other in self._trust.others(num):
                if other.waiting and self._learning.previous(num, other.public_key) is not None:
                    return other.public_key
        return b""

    def key_was_told(self, num: int, key: bytes) -> bool:
        """Say whether a line of its own said why a key is not believed of node ``num``.

        It is weak, or says that the node has a new number.
        """
        return is_weak_key(key) or self.previous_of(num, key) is not None

    def key_holder(self, key: bytes) -> KnownNode | None:
        """Return a copy of the node that a key is pinned for."""
        with self._lock:
            return _copy_of(self._learning.holder(key))

    @property
    def revision(self) -> int:
        """How often names and keys have changed."""
        with self._lock:
            return self._revision

    def public_keys(self) -> tuple[dict[int, bytes], int]:
        """Return the keys known by node number, and the revision of the table they are of."""
        with self._lock:
            keys = {num: node.public_key for num, node in self._nodes.items() if node.public_key}
            return keys, self._revision

    def sync_entry(self, num: int) -> SyncEntry | None:
        """Return what the key sync puts in place of one node, None if it has no key."""
        with self._lock:
            node = self._nodes.get(num)
            return sync_entry_of(node) if node is not None and node.public_key else None

    # -- Hearing -------------------------------------------------------------------------------

    def heard(self, num: int, *, snr_db: float | None, hops: int | None) -> None:
        """Note that a packet of node ``num`` was heard now, and how."""
        with self._lock:
            node = self._entry(num)
            if node is None:
                return
            self._first_met = False
            node.heard_s = self._clock()
            node.last_heard = int(self._wall_clock())
            node.snr_db = snr_db
            node.hops = hops
            self._changed.add(num)
            self._settle((num,))

    def heard_message(self, num: int) -> None:
        """Note that node ``num`` sent us a direct message now, and proved that it did."""
        with self._lock:
            node = self._entry(num)
            if node is not None:
                node.last_dm = int(self._wall_clock())
                self._changed.add(num)
                self._settle((num,))

    def language(self, num: int) -> str:
        """Return the language in which node ``num`` wants to be answered, or nothing."""
        with self._lock:
            node = self._nodes.get(num)
            return node.language if node is not None else ""

    def set_language(self, num: int, language: str) -> None:
        """Note in which language node ``num`` wants to be answered; empty: in the bot's own."""
        with self._lock:
            node = self._entry(num)
            if node is not None:
                node.language = language
                self._changed.add(num)
                self._settle((num,))

    # -- Learning. What is news is for the caller to write down and to tell ---------------------

    def enter_radio_infos(
        self, infos: Iterable[mesh_pb2.NodeInfo], own_num: int = 0
    ) -> list[KeyNews]:
        """Take entries of the radio's own database; return what became of the keys in it.

        ``own_num``: the radio's own number. What is forgotten at once for want of room is no news.
        """
        offers: list[RadioOffer] = []
        nums: list[int] = []
        with self._lock:
            self._own_num = own_num or self._own_num
            for info in infos:
                is_new = info.num not in self._nodes
                node = self._entry(info.num)
                if node is None:
                    continue
                if is_new and self._first_met:
                    node.known_since = 0  # who was on the mesh before the bot is no newcomer
                nums.append(info.num)
                self._nodes.note_in_radio(node.num)  # not another number object
                if info.HasField("user"):
                    self._enter_names(node, info.user)
                    if key := info.user.public_key:
                        held = is_number_of(node.num, key) and radio_saw_signature(info)
                        offers.append(RadioOffer(node, key, node.num == own_num, held))
                copy_signal(node, info)
                self._changed.add(node.num)
            news = self._learning.offer_database(offers, int(self._wall_clock()))
            self._outdate(*(num for one in news if one.learned for num in one.changed))
            self._settle(nums)
            return [one for one in news if one.node.num in self._nodes]

    def enter_user(self, num: int, user: mesh_pb2.User, *, held: bool = False) -> KeyNews | None:
        """Take a NodeInfo heard over the air; return what became of the key in it.

        ``held``: the key's holder signed it, with the number that the key gives.
        """
        with self._lock:
            node = self._entry(num)
            if node is None:
                return None
            self._enter_names(node, user)
            news = self._offer(node, user.public_key, held=held)
            self._settle((num,))
            return news

    def enter_key(self, num: int, key: bytes) -> KeyNews | None:
        """Take a key with which node ``num`` sealed a message; return what became of it."""
        with self._lock:
            node = self._entry(num)
            held = is_number_of(num, key) and not self._own_key_is_weak()
            news = self._offer(node, key, held=held) if node is not None else None
            self._settle((num,))
            return news

    def enter_contested_key(self, num: int, key: bytes) -> bool:
        """Note that the radio opened a message of node ``num`` with another key than the pinned.

        Return whether that is news.
        """
        with self._lock:
            node = self._nodes.get(num)
            return node is not None and self._learning.contest(node, key, int(self._wall_clock()))

    def _own_key_is_weak(self) -> bool:
        """Say whether anybody can seal for us in the name of anybody."""
        own = self._nodes.get(self._own_num)
        if own is not None and own.public_key:
            return False
        return any(other.weak for other in self._trust.others(self._own_num))

    def _entry(self, num: int) -> KnownNode | None:
        return self._nodes.entry(num, int(self._wall_clock()))

    def _enter_names(self, node: KnownNode, user: mesh_pb2.User) -> None:
        if copy_user(node, user):
            self._changed.add(node.num)
            self._outdate(node.num)

    def _offer(self, node: KnownNode, key: bytes, *, held: bool) -> KeyNews | None:
        now = int(self._wall_clock())
        news = self._learning.offer(node, key, KeySource.AIR, now, held=held)
        if news is not None and news.learned:
            self._outdate(node.num)
        return news

    def carry_out(self, decision: KeyDecision) -> KeyNews | None:
        """Do what the operator decided; return what became of the key, None if it is nobody's."""
        with self._lock:
            news = self._learning.carry_out(decision, int(self._wall_clock()))
            changed = news.changed if news is not None else ()
            self._carried_out[decision.id] = changed
            self._outdate(*changed)
            self._settle((decision.num,))
        return news

    def is_carried_out(self, decision: KeyDecision) -> bool:
        """Say whether a decision that still stands in the store is done already."""
        with self._lock:
            return decision.id in self._carried_out

    def enter_push(self, num: int) -> bool:
        """Note that the key of a node is given to the radio; return whether it is known."""
        with self._lock:
            node = self._nodes.get(num)
            if node is None:
                return False
            node.pushed_at = int(self._wall_clock())
            return True

    def _outdate(self, *nums: int) -> None:
        """Note that names or keys of nodes changed."""
        self._revision += len(nums)

    # -- What the store lacks --------------------------------------------------------------------

    def changed(self) -> set[int]:
        """Return the numbers of the nodes that differ from what the store has of them."""
        with self._lock:
            return set(self._changed)

    def mark_changed(self, nums: Iterable[int]) -> None:
        """Have nodes count as changed until they are written."""
        with self._lock:
            self._changed.update(nums)

    def has_forgotten(self) -> bool:
        """Say whether the store may still hold nodes that were forgotten."""
        with self._lock:
            return self._forgotten.are_pending

    def batch(self, nums: Iterable[int]) -> StoreBatch:
        """Return nodes as they are to be written now, which from then on count as written.

        With them go other keys that changed, and the decisions that were carried out together with
        the nodes they changed, or a crash would lose both; and some of those forgotten.
        """
        with self._lock:
            carried_out = dict(self._carried_out)
            forgotten = self._forgotten.take()
            wanted = dict.fromkeys(nums)
            self._changed.difference_update(wanted)
            for changed in carried_out.values():
                wanted.update(dict.fromkeys(changed))
            other_keys = self._trust.pop_unwritten()
            for num in forgotten:
                if self._stored(num) is not None:  # met again; what is stored is of its old life
                    wanted[num] = None
                    other_keys[num] = self._trust.stored_others(num)
            nodes = [node.copy() for num in wanted if (node := self._stored(num)) is not None]
            return StoreBatch(nodes, other_keys, tuple(carried_out), forgotten)

    def batch_written(self, batch: StoreBatch) -> list[int]:
        """Forget decisions that are written; return the nodes that were written too early.

        Another thread may have learned a key of theirs since the batch was made, and written it.
        """
        with self._lock:
            for decision_id in batch.carried_out:
                self._carried_out.pop(decision_id, None)
            return [
                node.num
                for node in batch.nodes
                if (now := self._nodes.get(node.num)) is not None
                and now.public_key != node.public_key
            ]

    def batch_not_written(self, batch: StoreBatch) -> None:
        """Have what a batch holds count as changed again."""
        with self._lock:
            self._changed.update(node.num for node in batch.nodes)
            self._trust.mark_unwritten(batch.other_keys)
            self._forgotten.put_back(batch.forgotten)

    def everything(self) -> StoreBatch:
        """Return all that a store should have."""
        with self._lock:
            nodes = [node.copy() for num in self._nodes if (node := self._stored(num))]
            return StoreBatch(nodes, self._trust.all_others())

    def _stored(self, num: int) -> KnownNode | None:
        """Return a node if it is on file, and so written: a mere number may be made up."""
        node = self._nodes.get(num)
        if node is None or not (node.introduced or self._trust.knows(num)):
            return None
        return node


def _copy_of(node: KnownNode | None) -> KnownNode | None:
    return node.copy() if node is not None else None
