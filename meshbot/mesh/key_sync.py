"""Puts the stored names and keys into the library's dictionaries, whose shape they keep.

Owns the record of the last sync, which is immutable and replaced whole, so it needs no lock. Any
thread may sync; it is done by the worker and by the timers of deferred syncs.
"""

import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from meshbot.mesh.node_table import NodeTable
from meshbot.mesh.sync_entry import is_in_place, is_key_held, take_out
from meshbot.model.link_event import EventKind
from meshbot.model.link_notes import LinkNotes
from meshbot.model.public_key import base64_text
from meshbot.text import counted_lines
from meshbot.text.language import tr

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _LastSync:
    """What the last sync was made of, when it ended and which keys were then held."""

    interface: object
    revision: int
    own_num: int
    ended_s: float
    keys: dict[int, str]
    """What was put in place: keys in base64, by node number. The library holds the same texts."""


class KeySync:
    """Compares an interface with the node table, and puts it right."""

    def __init__(
        self, table: NodeTable, notes: LinkNotes, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Name the table, who is told of the syncs, and a monotonic clock in seconds."""
        self._table = table
        self._notes = notes
        self._clock = clock
        self._last: _LastSync | None = None

    def run(self, interface: Any, *, force: bool) -> int:
        """Put every key but the interface's own in place; return how many were not.

        Without ``force`` nothing is done, and nothing logged, while neither the store nor the
        interface changed since the last sync and no key has gone missing.
        """
        nodes, by_num = _dicts_of(interface)
        if nodes is None or by_num is None:
            log.warning(tr("⚠️ Synchronisation des clés impossible : pas d'interface prête"))
            return 0
        own_num = _own_num(interface)
        if not force and self._is_all_in_place(interface, own_num):
            log.debug("key sync: nothing changed, no key missing")
            return 0
        log.info(counted_lines.SYNC_STARTS)
        self._notes.note(EventKind.SYNC_STARTED)
        started_s = self._clock()
        known, revision = self._table.public_keys()
        self._take_out_forgotten(interface, known)
        keys: dict[int, str] = {}
        injected = 0
        for num in known:
            entry = self._table.sync_entry(num) if num != own_num else None
            if entry is not None:
                injected += entry.put_into(nodes, by_num)
                keys[num] = entry.key_base64
        ended_s = self._clock()
        self._last = _LastSync(interface, revision, own_num, ended_s, keys)
        self._notes.note(
            EventKind.SYNC_COMPLETE,
            count=len(keys),
            seconds=ended_s - started_s,
            text=f"{injected} injected",
        )
        log.info(counted_lines.SYNC_COMPLETE, len(keys), injected, len(keys) - injected)
        return injected

    def _take_out_forgotten(self, interface: Any, known: Collection[int]) -> None:
        """Take nodes out of the interface that were put there and are forgotten since."""
        last = self._last
        nodes, by_num = _dicts_of(interface)
        if last is None or last.interface is not interface or nodes is None or by_num is None:
            return
        for num in last.keys:
            if num not in known:
                take_out(num, nodes, by_num)

    def _is_all_in_place(self, interface: Any, own_num: int) -> bool:
        """Say whether this very interface was synced last, from the same table, and has it all."""
        last = self._last
        nodes, by_num = _dicts_of(interface)
        return (
            last is not None
            and last.interface is interface
            and (last.revision, last.own_num) == (self._table.revision, own_num)
            and nodes is not None
            and by_num is not None
            and all(is_in_place(num, key, nodes, by_num) for num, key in last.keys.items())
        )

    def last(self) -> tuple[float, int] | None:
        """Return the monotonic time of the last sync that ran and how many keys were then held."""
        last = self._last
        return (last.ended_s, len(last.keys)) if last is not None else None

    def counts(self, interface: Any) -> tuple[int, int]:
        """Return how many keys are stored and how many of those ``interface`` holds (None: 0)."""
        by_num = _dicts_of(interface)[1] or {}
        last = self._last
        own_num = _own_num(interface) or (last.own_num if last is not None else 0)
        keys, _ = self._table.public_keys()
        keys.pop(own_num, None)
        return len(keys), sum(
            is_key_held(by_num.get(num), base64_text(key)) for num, key in keys.items()
        )

    def is_in_place(self, interface: Any, num: int) -> bool:
        """Say whether ``interface`` holds the key that is stored for node ``num``."""
        key = self._table.public_key(num)
        return bool(key) and is_key_held((_dicts_of(interface)[1] or {}).get(num), base64_text(key))

    def put_back(self, interface: Any, num: int) -> bool:
        """Make ``interface`` hold the stored key of a node it just heard; return if it did not.

        The library takes whatever a NodeInfo says, another key or none at all included.
        """
        nodes, by_num = _dicts_of(interface)
        held = (by_num or {}).get(num)
        if nodes is None or by_num is None or held is None:
            return False
        entry = self._table.sync_entry(num)
        if entry is None:
            held.get("user", {}).pop("publicKey", None)  # better none than a forger's
            return False
        last = self._last
        key = last.keys.get(num) if last is not None else None
        if key == entry.key_base64:
            entry = entry._replace(key_base64=key)  # one text of it is enough
        return entry.put_into(nodes, by_num)


def _dicts_of(interface: Any) -> tuple[dict[str, Any] | None, dict[int, Any] | None]:
    """Return ``nodes`` and ``nodesByNum``; None for what an interface that is not ready lacks."""
    return getattr(interface, "nodes", None), getattr(interface, "nodesByNum", None)


def _own_num(interface: Any) -> int:
    my_info = getattr(interface, "myInfo", None)
    return int(my_info.my_node_num) if my_info is not None else 0
