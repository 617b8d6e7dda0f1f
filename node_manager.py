"""The nodes of the mesh and their public keys: learned once, kept for good, put back when lost.

Owns the table of known nodes, guarded by ``_lock``, a leaf; what is handed out are copies. Any
thread may call. Storage is written outside the lock, from a copy taken inside it.

The first key seen for a node stays: a NodeInfo heard over the air carries no proof of its sender,
so another key in one changes nothing here. The node's own database is the radio's authority, and
is believed.
"""

import base64
import heapq
import logging
import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from meshtastic.protobuf import config_pb2, mesh_pb2

import direct_messages
from french_text import counted
from journal_format import printable
from known_node import BROADCAST_NUM, KnownNode, node_id
from line_limiter import LineLimiter
from storage import RUNNING_BUSY_TIMEOUT_S, Storage, StorageError, StorageVanished

log = logging.getLogger(__name__)

MAX_NODES = 250_000  # packets name any sender they like; memory must not follow them for ever
REFUSED_LINE_S = 3_600.0
STORE_RETRY_S = 10.0
MAX_NAME_CHARS = 40  # the protocol's long name holds 39 bytes


@dataclass(frozen=True)
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
        storage: Storage,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Prepare an empty table; :meth:`load` fills it."""
        self._storage = storage
        self._clock = clock
        self._wall_clock = wall_clock
        self._lock = threading.Lock()
        self._nodes: dict[int, KnownNode] = {}
        self._unsaved: set[int] = set()
        self._revision = 0
        self._entries: tuple[_SyncEntry, ...] | None = ()
        self._last_sync: _SyncMark | None = None
        self._last_sync_s: float | None = None
        self._last_sync_keys = 0
        self._storage_failing = False
        self._next_try_s = -math.inf
        self._refused_lines = LineLimiter(REFUSED_LINE_S)

    def load(self) -> int:
        """Read the stored nodes; return how many have a key. Raises ``StorageError``."""
        nodes = self._storage.load_nodes()
        with self._lock:
            self._nodes = {node.num: node for node in nodes}
            self._touch()
            return sum(1 for node in nodes if node.public_key)

    # -- Learning ------------------------------------------------------------------------------

    def learn_from_radio(self, infos: Iterable[mesh_pb2.NodeInfo], own_num: int = 0) -> None:
        """Take entries of the radio's own database, which decides where it differs from us.

        ``own_num`` is the radio's own number, whose key is kept but not counted in the journal.
        """
        log_lines: list[str] = []
        with self._lock:
            learned: list[KnownNode] = []
            for info in infos:
                node = self._node(info.num)
                if node is None:
                    continue
                known = bool(node.public_key)
                if info.HasField("user") and self._take_user(node, info.user, trusted=True):
                    learned.append(replace(node))
                    if known:
                        log_lines.append(
                            f"🔑 Clé de {_label(node)} remplacée par celle de la base de la radio"
                        )
                self._unsaved.add(node.num)
                node.last_heard = max(node.last_heard, info.last_heard)
                if info.HasField("hops_away"):
                    node.hops = info.hops_away
                if info.snr:
                    node.snr_db = info.snr
        saved = self._save(learned)
        for line in log_lines:
            log.warning(line)
        others = sum(node.num != own_num for node in learned)
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
            stored = node.public_key
            learned = self._take_user(node, user, trusted=False)
            copy = replace(node)
        if learned:
            if self._save([copy]):
                log.info("🔑 Clé publique de %s apprise et enregistrée", _label(copy))
        elif user.public_key and user.public_key != stored:
            with self._lock:
                due = self._refused_lines.allows(num, self._clock())
            if due:
                usable = direct_messages.is_usable_key(user.public_key)
                what = "autre clé publique que celle connue" if usable else "clé inutilisable"
                log.warning("⚠️ %s annonce une %s : ignorée", _label(copy), what)

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

    def save_heard(self) -> None:
        """Write what changed since the last time; keys were written when they were learned.

        Of a node that never introduced itself nothing is written: its number is anybody's.
        """
        with self._lock:
            nodes = [
                replace(self._nodes[num]) for num in self._unsaved if self._nodes[num].introduced
            ]
            self._unsaved.clear()
        if nodes and not self._save(nodes, insist=True):
            with self._lock:
                self._unsaved.update(node.num for node in nodes)

    def _node(self, num: int) -> KnownNode | None:
        """Return the entry of ``num``, made if need be; None for no node's number, or no room."""
        node = self._nodes.get(num)
        if node is None and 0 < num < BROADCAST_NUM:
            if len(self._nodes) >= MAX_NODES:
                self._forget_strangers()
            if len(self._nodes) < MAX_NODES:
                node = self._nodes[num] = KnownNode(num)
        return node

    def _forget_strangers(self) -> None:
        """Make room: of the nodes that never gave a name or a key, forget all."""
        kept = {num: node for num, node in self._nodes.items() if node.introduced}
        self._nodes = kept
        self._unsaved &= kept.keys()

    def _take_user(self, node: KnownNode, user: mesh_pb2.User, *, trusted: bool) -> bool:
        """Copy names and, where it may, the key; return whether the key changed."""
        before = (node.long_name, node.short_name, node.hw_model, node.role)
        node.long_name = user.long_name[:MAX_NAME_CHARS] or node.long_name
        node.short_name = user.short_name[:MAX_NAME_CHARS] or node.short_name
        if user.hw_model:
            node.hw_model = _enum_name(mesh_pb2.HardwareModel, user.hw_model)
        node.role = _enum_name(config_pb2.Config.DeviceConfig.Role, user.role)
        if before != (node.long_name, node.short_name, node.hw_model, node.role):
            self._unsaved.add(node.num)
            self._touch()
        key = user.public_key
        if not direct_messages.is_usable_key(key) or key == node.public_key:
            return False
        if node.public_key and not trusted:
            return False
        node.public_key = key
        self._touch()
        return True

    def _touch(self) -> None:
        self._revision += 1
        self._entries = None

    def _save(self, nodes: list[KnownNode], *, insist: bool = False) -> bool:
        """Write copies of nodes; on failure say so once and keep them for the next attempt.

        A store that just failed is left alone for a while, unless one insists: each attempt may
        cost the worker half a second.
        """
        if not nodes:
            return True
        with self._lock:
            if not insist and self._clock() < self._next_try_s:
                self._unsaved.update(node.num for node in nodes)
                return False
        try:
            try:
                self._storage.save_nodes(nodes)
            except StorageVanished as error:
                self._rebuild_store(error)
        except StorageError as error:
            if not self._storage_failing:
                log.error("❌ %s (le bot continue, nouvel essai plus tard)", error)
            with self._lock:
                self._storage_failing = True
                self._next_try_s = self._clock() + STORE_RETRY_S
                self._unsaved.update(node.num for node in nodes)
            return False
        with self._lock:
            was_failing, self._storage_failing = self._storage_failing, False
            self._next_try_s = -math.inf
            # Another thread may have learned and written a key since the copies were taken.
            outdated = [
                replace(self._nodes[node.num])
                for node in nodes
                if self._nodes[node.num].public_key != node.public_key
            ]
        if was_failing:
            log.info("✅ La base est de nouveau écrite")
        return self._save(outdated)

    def _rebuild_store(self, error: StorageVanished) -> None:
        """Make a new file of all that is known. Raises ``StorageError``."""
        self._storage.close()
        self._storage.open(RUNNING_BUSY_TIMEOUT_S)
        with self._lock:
            nodes = [replace(node) for node in self._nodes.values() if node.introduced]
        self._storage.save_nodes(nodes)
        log.error("❌ %s : elle a été refaite, avec tout ce que le bot sait", error)

    # -- Looking up ----------------------------------------------------------------------------

    def node(self, num: int) -> KnownNode | None:
        """Return a copy of what is known of node ``num``."""
        with self._lock:
            node = self._nodes.get(num)
            return replace(node) if node is not None else None

    def label(self, num: int) -> str:
        """Return how a log line names a node: its name, if it has one, and its id."""
        with self._lock:
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
        return len(others), sum(_holds(by_num, entry) for entry in others)

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
        return bool(key) and held.get("user", {}).get("publicKey") == _base64(key)

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
        log.info(
            "✅ SYNC COMPLETE: %d public keys synchronized (%d injectées, %d déjà présentes)",
            injected + present,
            injected,
            present,
        )
        return injected

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
        return all(
            _holds(by_num, entry) and nodes.get(entry.id) is by_num.get(entry.num)
            for entry in entries
            if entry.num != mark.own_num
        )

    def _sync_entries(self) -> tuple[tuple[_SyncEntry, ...], int]:
        """Return the stored keys, ready to inject, with the revision they belong to."""
        with self._lock:
            if self._entries is None:
                self._entries = tuple(
                    _SyncEntry(
                        node.num,
                        node.id,
                        _base64(node.public_key),
                        _library_user(node),
                    )
                    for node in self._nodes.values()
                    if node.public_key
                )
            return self._entries, self._revision


def _own_num(interface: Any) -> int:
    my_info = getattr(interface, "myInfo", None)
    return int(my_info.my_node_num) if my_info is not None else 0


def _holds(by_num: dict[int, Any], entry: _SyncEntry) -> bool:
    held = by_num.get(entry.num)
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
        "publicKey": _base64(node.public_key),
    }
    if node.hw_model and node.hw_model != "UNSET":
        user["hwModel"] = node.hw_model
    if node.role and node.role != "CLIENT":
        user["role"] = node.role
    return user


def _base64(key: bytes) -> str:
    return base64.b64encode(key).decode("ascii")


def _enum_name(enum: Any, value: int) -> str:
    try:
        return str(enum.Name(value))
    except ValueError:
        return str(value)  # newer than our copy of the protocol


def _label(node: KnownNode) -> str:
    return f"{printable(node.name)} ({node_id(node.num)})" if node.long_name else node.id
