"""The nodes of the mesh and their public keys: learned once, kept for good, put back when lost.

Owns the table of known nodes, guarded by ``_lock``, a leaf; what is handed out are copies. Any
thread may call. Storage is written outside the lock, from a copy taken inside it.

Which key is believed of a node is :class:`KeyTrust`'s to say, used under the same lock.
"""

import heapq
import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from meshtastic.protobuf import config_pb2, mesh_pb2

from meshbot.mesh.key_trust import KeyTrust, Verdict
from meshbot.model.key_decision import KeyDecision
from meshbot.model.key_source import KeySource
from meshbot.model.known_node import BROADCAST_NUM, KnownNode, node_id
from meshbot.model.link_event import EventKind
from meshbot.model.link_notes import LinkNotes
from meshbot.model.other_key import OtherKey
from meshbot.model.public_key import base64_text, fingerprint, is_number_of, is_usable_key
from meshbot.store.database import RUNNING_BUSY_TIMEOUT_S
from meshbot.store.node_store import NodeStore
from meshbot.store.repair import Repair, stamp_of
from meshbot.store.storage_error import StorageDamaged, StorageError, StorageVanished
from meshbot.text.line_limiter import LineLimiter
from meshbot.text.log_format import printable
from meshbot.text.quantities import counted

log = logging.getLogger(__name__)

# Packets name any sender they like; memory must not follow them for ever.
MAX_NODES = 250_000
MAX_STRANGERS = 5_000
REFUSED_LINE_S = 3_600.0
MAX_REFUSED_LINES = 60  # an hour, whoever they are about
STORE_RETRY_S = 10.0
MAX_NAME_CHARS = 40  # the protocol's long name holds 39 bytes


_TOLD = (Verdict.OFFERED, Verdict.TAKEN, Verdict.UNUSABLE, Verdict.OVERRULED)


@dataclass(frozen=True, slots=True)
class _SyncEntry:
    """A stored key and its owner, ready for the library's dictionaries."""

    num: int
    id: str
    key_base64: str
    user: dict[str, str]


@dataclass(frozen=True)
class _SyncMark:
    """What the last sync was made of: which interface, which state of the store."""

    interface: object
    revision: int
    own_num: int


class NodeManager:
    """Known nodes, their names and keys, and the key sync."""

    def __init__(
        self,
        storage: NodeStore,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Prepare an empty table; :meth:`load` fills it."""
        self.notes = LinkNotes()
        """Is told of the syncs; set before the start."""
        self._storage = storage
        self._clock = clock
        self._wall_clock = wall_clock
        self._lock = threading.Lock()
        self._nodes: dict[int, KnownNode] = {}
        self._trust = KeyTrust()
        self._strangers: OrderedDict[int, None] = OrderedDict()
        """Nodes heard that had not introduced themselves when last looked at, the oldest first."""
        self._unsaved: set[int] = set()
        self._carried_out: dict[int, tuple[int, ...]] = {}
        """Decisions that were done but still stand in the store, and the nodes they changed."""
        self._revision = 0
        self._entries: dict[int, _SyncEntry] = {}
        """What the sync puts into an interface, of all nodes but those in ``_outdated``."""
        self._outdated: set[int] = set()
        self._all_entries: tuple[_SyncEntry, ...] | None = ()
        self._last_sync: _SyncMark | None = None
        self._last_sync_s: float | None = None
        self._last_sync_keys = 0
        self._storage_failing = False
        self._next_try_s = -math.inf
        self._refused_lines = LineLimiter(REFUSED_LINE_S, MAX_REFUSED_LINES)

    def load(self) -> int:
        """Read the stored nodes; return how many have a key. Raises ``StorageError``."""
        nodes, others = self._storage.load_nodes(), self._storage.load_other_keys()
        with self._lock:
            self._nodes = {node.num: node for node in nodes}
            mended = self._trust.load(nodes, others)
            self._unsaved.update(node.num for node in mended)
            self._entries.clear()
            self._touch(*self._nodes)
            keys = sum(1 for node in nodes if node.public_key)
        for node in mended:
            log.warning(
                "⚠️ Clé enregistrée de %s écartée : inutilisable, ou celle d'un autre nœud",
                _label(node),
            )
        return keys

    # -- Learning ------------------------------------------------------------------------------

    def learn_from_radio(self, infos: Iterable[mesh_pb2.NodeInfo], own_num: int = 0) -> None:
        """Take entries of the radio's own database, which decides where it differs from us.

        ``own_num`` is the radio's own number, whose key is kept but not counted in the journal.
        """
        lines: list[str] = []
        offered: list[tuple[KnownNode, bytes]] = []
        learned: dict[int, KnownNode] = {}
        with self._lock:
            for info in infos:
                node = self._node(info.num)
                if node is None:
                    continue
                if info.HasField("user"):
                    self._take_names(node, info.user)
                    if info.user.public_key:
                        offered.append((node, info.user.public_key))
                self._unsaved.add(node.num)
                node.last_heard = max(node.last_heard, info.last_heard)
                if info.HasField("hops_away"):
                    node.hops = info.hops_away
                if info.snr:
                    node.snr_db = info.snr
            # Keys may have changed hands: first those that nobody else holds, again and again.
            left = len(offered) + 1
            while len(offered) < left:
                left, held = len(offered), []
                for node, key in offered:
                    if self._trust.holder(key) in (None, node.num):
                        self._learn_key(node, key, KeySource.RADIO, learned, lines)
                    else:
                        held.append((node, key))
                offered = held
            for node, key in offered:
                self._learn_key(node, key, KeySource.RADIO, learned, lines)
            copies = [replace(node) for node in learned.values()]
        saved = self._save(copies)
        for line in lines:
            log.warning(line)
        others = sum(node.num != own_num for node in copies)
        if saved and others:
            what = counted(
                others,
                "clé publique apprise de la radio et enregistrée",
                "clés publiques apprises de la radio et enregistrées",
            )
            log.info("🔑 %s", what)

    def learn_from_air(self, num: int, user: mesh_pb2.User) -> None:
        """Take a NodeInfo heard over the air: names, and the key of a node that had none."""
        with self._lock:
            node = self._node(num)
            if node is None:
                return
            self._take_names(node, user)
        if user.public_key:
            self._learn_one_key(num, user.public_key)

    def learn_from_message(self, num: int, public_key: bytes) -> None:
        """Take the key with which the radio opened a message of node ``num``."""
        self._learn_one_key(num, public_key)

    def _learn_one_key(self, num: int, key: bytes) -> None:
        lines: list[str] = []
        learned: dict[int, KnownNode] = {}
        with self._lock:
            node = self._node(num)
            if node is None:
                return
            self._learn_key(node, key, KeySource.AIR, learned, lines)
            # What nobody is told of now is written with the rest: a flood must not wear the disk.
            copies = [replace(node)] if learned or lines else []
        if copies and self._save(copies) and learned:
            log.info("🔑 Clé publique de %s apprise et enregistrée", _label(copies[0]))
        for line in lines:
            log.warning(line)

    def _learn_key(
        self,
        node: KnownNode,
        key: bytes,
        source: KeySource,
        learned: dict[int, KnownNode],
        lines: list[str],
    ) -> None:
        """Have a key judged, under the lock.

        A node whose key changed goes into ``learned``, what is to be said into ``lines``.
        """
        if not key:
            return
        known = node.public_key
        verdict = self._trust.offer(node, key, source, int(self._wall_clock()))
        if verdict in (Verdict.PINNED, Verdict.ADOPTED):
            learned[node.num] = node
            self._touch(node.num)
        if verdict is Verdict.ADOPTED:
            lines.append(
                f"🔑 Clé de {_label(node)} remplacée par celle de la base de la radio : "
                f"{fingerprint(key)} au lieu de {fingerprint(known)}"
            )
        if verdict in _TOLD and self._refused_lines.allows((node.num, verdict), self._clock()):
            lines.append(self._offer_line(node, key, verdict))

    def _offer_line(self, node: KnownNode, key: bytes, verdict: Verdict) -> str:
        if verdict is Verdict.UNUSABLE:
            return f"⚠️ {_label(node)} annonce une clé inutilisable : ignorée"
        if verdict is Verdict.OVERRULED:
            return (
                f"⚠️ La radio garde pour {_label(node)} la clé {fingerprint(key)}, que l'opérateur "
                f"a écartée : {fingerprint(node.public_key)} reste la clé connue"
            )
        evidence = (
            " ; le numéro du nœud est le CRC-32 de cette clé" if is_number_of(node.num, key) else ""
        )
        if verdict is Verdict.TAKEN:
            holder = self._trust.holder(key) or 0
            return (
                f"⚠️ {_label(node)} annonce la clé {fingerprint(key)}, qui est celle de "
                f"{self._label_of(holder)} : ignorée{evidence} (voir : main_bot.py keys list)"
            )
        return (
            f"⚠️ {_label(node)} annonce une autre clé publique, {fingerprint(key)}, que celle "
            f"connue, {fingerprint(node.public_key)} : ignorée{evidence} "
            "(voir : main_bot.py keys list)"
        )

    # -- The operator's decisions --------------------------------------------------------------

    def carry_out_decisions(self) -> bool:
        """Do what the operator decided about keys; return whether any key changed.

        Raises ``StorageError`` when the decisions cannot be read.
        """
        decisions = [
            decision
            for decision in self._storage.load_decisions()
            if decision.id not in self._carried_out
        ]
        for decision in decisions:
            self._carry_out(decision)
        return any(decision.accept for decision in decisions)

    def _carry_out(self, decision: KeyDecision) -> None:
        now = int(self._wall_clock())
        with self._lock:
            node = self._node(decision.num)
            if node is None or not is_usable_key(decision.public_key):
                self._carried_out[decision.id] = ()
                return
            known, key = node.public_key, fingerprint(decision.public_key)
            changed = [node]
            if decision.accept:
                holder = self._nodes.get(self._trust.holder(decision.public_key) or 0)
                self._trust.accept(node, decision.public_key, holder, now)
                line = f"🔑 Clé de {_label(node)} acceptée par l'opérateur : {key}"
                if known and known != decision.public_key:
                    line += f" au lieu de {fingerprint(known)}"
                if holder is not None and holder is not node:
                    line += f", retirée à {_label(holder)}"
                    changed.append(holder)
            else:
                self._trust.refuse(node, decision.public_key, now)
                line = f"🔑 Clé annoncée par {_label(node)} refusée par l'opérateur : {key}"
            self._touch(*(one.num for one in changed))
            self._carried_out[decision.id] = tuple(one.num for one in changed)
        log.info(line)
        self._save([], insist=True)

    def is_disputed(self, num: int) -> bool:
        """Say whether a node's key is the radio's word against an older one."""
        with self._lock:
            return self._trust.is_disputed(num)

    def other_keys(self, num: int) -> list[OtherKey]:
        """Return the keys of a node that are not believed, or not any more."""
        with self._lock:
            return self._trust.others(num)

    def waiting_keys(self) -> list[OtherKey]:
        """Return the keys that wait for the operator's decision."""
        with self._lock:
            return self._trust.waiting()

    def key_holder(self, key: bytes) -> KnownNode | None:
        """Return a copy of the node that a key is pinned for."""
        with self._lock:
            node = self._nodes.get(self._trust.holder(key) or 0)
            return replace(node) if node is not None else None

    def heard(self, num: int, *, snr_db: float | None, hops: int | None) -> None:
        """Note that a packet of node ``num`` was heard now, and how."""
        with self._lock:
            node = self._node(num)
            if node is None:
                return
            node.heard_s = self._clock()
            node.last_heard = int(self._wall_clock())
            node.snr_db = snr_db
            node.hops = hops
            self._unsaved.add(num)

    def heard_message(self, num: int) -> None:
        """Note that node ``num`` sent us a direct message now, and proved that it did."""
        with self._lock:
            node = self._node(num)
            if node is not None:
                node.last_dm = int(self._wall_clock())
                self._unsaved.add(num)

    def key_pushed(self, num: int) -> bool:
        """Note that the key of node ``num`` is given to the radio; return whether that is written.

        What is not written counts all the same, until the end of this run.
        """
        with self._lock:
            node = self._nodes.get(num)
            if node is None:
                return False
            node.pushed_at = int(self._wall_clock())
            copy = replace(node)
        return self._save([copy], insist=True)

    def correspondents(self) -> list[KnownNode]:
        """Return copies of the nodes with a key that sent us messages, the latest first."""
        with self._lock:
            nodes = [
                replace(node) for node in self._nodes.values() if node.last_dm and node.public_key
            ]
        return sorted(nodes, key=lambda node: -node.last_dm)

    def pushes_since(self, wall_s: float) -> int:
        """Return how many keys were given to the radio since a wall-clock time, or after now."""
        with self._lock:
            return sum(node.pushed_at > wall_s for node in self._nodes.values())

    def save_heard(self) -> None:
        """Write what changed since the last time; keys were written when they were learned.

        Of a node that never introduced itself nothing is written: its number is anybody's.
        """
        with self._lock:
            nodes = [
                replace(node)
                for num in self._unsaved
                if (node := self._nodes.get(num)) is not None and self._is_stored(node)
            ]
            self._unsaved.clear()
        self._save(nodes, insist=True)

    def _node(self, num: int) -> KnownNode | None:
        """Return the entry of ``num``, made if need be; None for no node's number, or no room."""
        node = self._nodes.get(num)
        if node is None and 0 < num < BROADCAST_NUM:
            self._forget_a_stranger()
            if len(self._nodes) < MAX_NODES:
                node = self._nodes[num] = KnownNode(num)
                self._strangers[num] = None
        return node

    def _is_stored(self, node: KnownNode) -> bool:
        """Say whether a node is written: of one that never introduced itself, nothing is."""
        return node.introduced or self._trust.knows(node.num)

    def _forget_a_stranger(self) -> None:
        """Make room for one more of those that never gave a name or a key."""
        while self._strangers and (
            len(self._strangers) >= MAX_STRANGERS or len(self._nodes) >= MAX_NODES
        ):
            num, _ = self._strangers.popitem(last=False)
            if not self._nodes[num].introduced:
                del self._nodes[num]
                self._unsaved.discard(num)

    def _take_names(self, node: KnownNode, user: mesh_pb2.User) -> None:
        """Copy what a node says of itself, but for its key."""
        before = (node.long_name, node.short_name, node.hw_model, node.role)
        node.long_name = user.long_name[:MAX_NAME_CHARS] or node.long_name
        node.short_name = user.short_name[:MAX_NAME_CHARS] or node.short_name
        if user.hw_model:
            node.hw_model = _enum_name(mesh_pb2.HardwareModel, user.hw_model)
        node.role = _enum_name(config_pb2.Config.DeviceConfig.Role, user.role)
        if before != (node.long_name, node.short_name, node.hw_model, node.role):
            self._unsaved.add(node.num)
            self._touch(node.num)

    def _touch(self, *nums: int) -> None:
        """Note that names or keys of nodes changed; one entry a node is made anew, not all."""
        self._revision += 1
        self._outdated.update(nums)
        self._all_entries = None

    def _save(self, nodes: list[KnownNode], *, insist: bool = False) -> bool:
        """Write copies of nodes; on failure say so once and keep them for the next attempt.

        What became of other keys and of the operator's decisions is written with them. A store that
        just failed is left alone for a while, unless one insists: each attempt may cost the worker
        half a second.
        """
        with self._lock:
            if not insist and nodes and self._clock() < self._next_try_s:
                self._unsaved.update(node.num for node in nodes)
                return False
            other_keys = self._trust.take_unsaved() if nodes or insist else {}
            # With the decisions go the nodes they changed, or a crash would lose both.
            carried_out = dict(self._carried_out)
            named = {node.num for node in nodes}
            nodes = nodes + [
                replace(self._nodes[num])
                for num in dict.fromkeys(num for nums in carried_out.values() for num in nums)
                if num in self._nodes and num not in named
            ]
        if not (nodes or other_keys or carried_out):
            return True
        try:
            try:
                self._storage.save_nodes(nodes, other_keys, carried_out)
            except StorageVanished as error:
                self.rebuild_store(error)
        except StorageError as error:
            if not self._storage_failing:
                log.error("❌ %s (le bot continue, nouvel essai plus tard)", error)
            with self._lock:
                self._storage_failing = True
                self._next_try_s = self._clock() + STORE_RETRY_S
                self._unsaved.update(node.num for node in nodes)
                self._trust.put_back_unsaved(other_keys)
            return False
        with self._lock:
            was_failing, self._storage_failing = self._storage_failing, False
            for decision_id in carried_out:
                self._carried_out.pop(decision_id, None)
            self._next_try_s = -math.inf
            # Another thread may have learned and written a key since the copies were taken.
            outdated = [
                replace(now)
                for node in nodes
                if (now := self._nodes.get(node.num)) is not None
                and now.public_key != node.public_key
            ]
        if was_failing:
            log.info("✅ La base est de nouveau écrite")
        return self._save(outdated)

    def rebuild_store(self, error: StorageVanished) -> None:
        """Make a new file of all that is known. Raises ``StorageError``."""
        with self._lock:
            nodes = [replace(node) for node in self._nodes.values() if self._is_stored(node)]
            other_keys = self._trust.all_others()
        database = self._storage.database
        database.close()
        if isinstance(error, StorageDamaged):
            Repair(database).replace_damaged(nodes, other_keys, stamp_of(self._wall_clock()))
            database.open(RUNNING_BUSY_TIMEOUT_S)
        else:
            database.open(RUNNING_BUSY_TIMEOUT_S)
            try:
                self._storage.save_nodes(nodes, other_keys)
            except StorageError:
                database.close()  # an empty file is no store: it is made once more
                raise
        log.error("❌ %s : elle a été refaite, avec tout ce que le bot sait", error)

    # -- Looking up ----------------------------------------------------------------------------

    def node(self, num: int) -> KnownNode | None:
        """Return a copy of what is known of node ``num``."""
        with self._lock:
            node = self._nodes.get(num)
            return replace(node) if node is not None else None

    def knows(self, num: int) -> bool:
        """Say whether node ``num`` was ever heard, or heard of."""
        with self._lock:
            return num in self._nodes

    def label(self, num: int) -> str:
        """Return how a log line names a node: its name, if it has one, and its id."""
        with self._lock:
            return self._label_of(num)

    def _label_of(self, num: int) -> str:
        node = self._nodes.get(num)
        return _label(node) if node is not None else node_id(num)

    def public_key(self, num: int) -> bytes:
        """Return the key known for node ``num``, or ``b""``."""
        with self._lock:
            node = self._nodes.get(num)
            return node.public_key if node is not None else b""

    def find(self, text: str) -> list[KnownNode]:
        """Return copies of the nodes that ``text`` names: by id, else by name, exact ones first."""
        wanted = text.strip().casefold()
        if not wanted:
            return []
        with self._lock:
            nodes = [replace(node) for node in self._nodes.values()]
        by_id = [node for node in nodes if wanted in (node.id, node.id[1:])]
        if by_id:
            return by_id
        exact = [
            node
            for node in nodes
            if wanted in (node.short_name.casefold(), node.long_name.casefold())
        ]
        return exact or [node for node in nodes if wanted in node.long_name.casefold()]

    def recently_heard(self, limit: int) -> list[KnownNode]:
        """Return copies of the nodes heard last, latest first: this run's before older ones."""
        with self._lock:
            heard = [node for node in self._nodes.values() if node.last_heard or node.heard_s]
            latest = heapq.nlargest(
                limit,
                heard,
                key=lambda node: (
                    node.heard_s if node.heard_s is not None else -1.0,
                    node.last_heard,
                ),
            )
            return [replace(node) for node in latest]

    def count(self) -> int:
        """Return how many nodes are known."""
        with self._lock:
            return len(self._nodes)

    def key_counts(self, interface: Any) -> tuple[int, int]:
        """Return how many keys are stored and how many of those ``interface`` holds (None: 0)."""
        by_num = getattr(interface, "nodesByNum", None) or {}
        with self._lock:
            last = self._last_sync
        own_num = _own_num(interface) or (last.own_num if last is not None else 0)
        entries = self._sync_entries()[0]
        others = [entry for entry in entries if entry.num != own_num]
        return len(others), sum(_holds(by_num.get(entry.num), entry) for entry in others)

    def last_sync(self) -> tuple[float, int] | None:
        """Return the monotonic time of the last sync that ran and how many keys were then held."""
        with self._lock:
            if self._last_sync_s is None:
                return None
            return self._last_sync_s, self._last_sync_keys

    def heard_ago_s(self, node: KnownNode) -> float | None:
        """Return how long ago ``node`` was heard, or None where no clock can tell."""
        if node.heard_s is not None:
            return self._clock() - node.heard_s
        ago_s = self._wall_clock() - node.last_heard
        return ago_s if node.last_heard and ago_s >= 0 else None

    def key_in_place(self, interface: Any, num: int) -> bool:
        """Say whether ``interface`` holds the key that is stored for node ``num``."""
        held = (getattr(interface, "nodesByNum", None) or {}).get(num) or {}
        key = self.public_key(num)
        return bool(key) and held.get("user", {}).get("publicKey") == base64_text(key)

    # -- The key sync --------------------------------------------------------------------------

    def sync_pubkeys_to_interface(self, interface: Any, force: bool = False) -> int:
        """Put the stored names and keys into the library's dictionaries; return how many keys.

        Touches ``interface.nodes`` and ``interface.nodesByNum`` only: nothing goes to the radio.
        They keep the library's shape, one and the same dict under ``nodes["!%08x"]`` and
        ``nodesByNum[num]``, ``user.publicKey`` in base64. The reader thread changes them
        meanwhile, so they are looked up, never iterated over.

        Without ``force`` nothing is done, and nothing logged, while neither the store nor the
        interface changed since the last sync and no key has gone missing.
        """
        nodes, by_num = getattr(interface, "nodes", None), getattr(interface, "nodesByNum", None)
        if nodes is None or by_num is None:
            log.warning("⚠️ Synchronisation des clés impossible : pas d'interface prête")
            return 0
        own_num = _own_num(interface)
        entries, revision = self._sync_entries()
        mark = _SyncMark(interface, revision, own_num)
        if not force and self._nothing_to_do(mark, nodes, by_num, entries):
            log.debug("key sync: nothing changed, no key missing")
            return 0
        log.info("🔄 Starting public key synchronization to interface.nodes...")
        self.notes.note(EventKind.SYNC_STARTED)
        started_s = self._clock()
        injected = present = 0
        for entry in entries:
            if entry.num == own_num:
                continue
            if _inject(nodes, by_num, entry):
                injected += 1
            else:
                present += 1
        with self._lock:
            self._last_sync = mark
            self._last_sync_s = self._clock()
            self._last_sync_keys = injected + present
        self.notes.note(
            EventKind.SYNC_COMPLETE,
            count=injected + present,
            seconds=self._clock() - started_s,
            text=f"{injected} injected",
        )
        log.info(
            "✅ SYNC COMPLETE: %d public keys synchronized (%d injectées, %d déjà présentes)",
            injected + present,
            injected,
            present,
        )
        return injected

    def put_key_back(self, interface: Any, num: int) -> bool:
        """Make ``interface`` hold the stored key of a node it just heard; return if it did not.

        The library takes whatever a NodeInfo says, another key or none at all included.
        """
        nodes, by_num = getattr(interface, "nodes", None), getattr(interface, "nodesByNum", None)
        with self._lock:
            node = self._nodes.get(num)
            entry = _sync_entry(node) if node is not None and node.public_key else None
        if nodes is None or not by_num or num not in by_num:
            return False
        if entry is None:
            by_num[num].get("user", {}).pop("publicKey", None)  # better none than a forger's
            return False
        return _inject(nodes, by_num, entry)

    def _nothing_to_do(
        self,
        mark: _SyncMark,
        nodes: dict[str, Any],
        by_num: dict[int, Any],
        entries: tuple[_SyncEntry, ...],
    ) -> bool:
        with self._lock:
            last = self._last_sync
        if last != mark:
            return False
        for entry in entries:
            held = by_num.get(entry.num)
            in_place = _holds(held, entry) and nodes.get(entry.id) is held
            if not in_place and entry.num != mark.own_num:
                return False
        return True

    def _sync_entries(self) -> tuple[tuple[_SyncEntry, ...], int]:
        """Return the stored keys, ready to inject, with the revision they belong to."""
        with self._lock:
            if self._all_entries is None:
                for num in self._outdated:
                    node = self._nodes.get(num)
                    if node is not None and node.public_key:
                        self._entries[num] = _sync_entry(node)
                    else:
                        self._entries.pop(num, None)
                self._outdated.clear()
                self._all_entries = tuple(self._entries.values())
            return self._all_entries, self._revision


def _sync_entry(node: KnownNode) -> _SyncEntry:
    return _SyncEntry(node.num, node.id, base64_text(node.public_key), _library_user(node))


def _own_num(interface: Any) -> int:
    my_info = getattr(interface, "myInfo", None)
    return int(my_info.my_node_num) if my_info is not None else 0


def _holds(held: dict[str, Any] | None, entry: _SyncEntry) -> bool:
    return held is not None and held.get("user", {}).get("publicKey") == entry.key_base64


def _inject(nodes: dict[str, Any], by_num: dict[int, Any], entry: _SyncEntry) -> bool:
    """Make the library hold an entry; return whether its key was missing or another."""
    # setdefault: the reader may have made the node a moment ago.
    held: dict[str, Any] = by_num.get(entry.num) or by_num.setdefault(entry.num, {"num": entry.num})
    if nodes.get(entry.id) is not held:
        nodes[entry.id] = held
    user = held.get("user")
    if user is None or user.get("hwModel") == "UNSET":
        # Nothing, or the library's own stand-in for a node it has no NodeInfo of.
        held["user"] = dict(entry.user)
        return True
    if user.get("publicKey") == entry.key_base64:
        return False
    user["publicKey"] = entry.key_base64
    return True


def _library_user(node: KnownNode) -> dict[str, str]:
    """Return a ``user`` dict as the library makes it from a ``User`` protobuf."""
    user = {
        "id": node.id,
        "longName": node.long_name or f"Meshtastic {node.id[-4:]}",
        "shortName": node.short_name or node.id[-4:],
        "publicKey": base64_text(node.public_key),
    }
    if node.hw_model and node.hw_model != "UNSET":
        user["hwModel"] = node.hw_model
    if node.role and node.role != "CLIENT":
        user["role"] = node.role
    return user


def _enum_name(enum: Any, value: int) -> str:
    try:
        return str(enum.Name(value))
    except ValueError:
        return str(value)  # newer than our copy of the protocol


def _label(node: KnownNode) -> str:
    return f"{printable(node.name)} ({node_id(node.num)})" if node.long_name else node.id
