"""Writes to the store what the node table learned, and makes a lost store again.

Owns whether the store fails, guarded by ``_lock``, a leaf: nothing is written or logged while it is
held. Any thread may call; what several write at a time is put right afterwards.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable

from meshbot.mesh.node_table import NodeTable
from meshbot.mesh.store_batch import StoreBatch
from meshbot.store.database import RUNNING_BUSY_TIMEOUT_S
from meshbot.store.node_store import NodeStore
from meshbot.store.repair import Repair, stamp_of
from meshbot.store.storage_error import StorageDamaged, StorageError, StorageVanished
from meshbot.text.language import tr

log = logging.getLogger(__name__)

STORE_RETRY_S = 10.0
MAX_AT_ONCE = 1_000
"""Nodes written in one transaction: 20 ms on a desktop computer. The end of the bot waits for it,
and so does whoever asks the store for something meanwhile."""


class NodeWriter:
    """Between the table and the store: the table says what is missing there."""

    def __init__(
        self,
        table: NodeTable,
        store: NodeStore,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Name the table, the store, and the clocks: monotonic and wall, in seconds."""
        self._table = table
        self._store = store
        self._clock = clock
        self._wall_clock = wall_clock
        self._lock = threading.Lock()
        self._failing = False
        self._next_try_s = -math.inf
        self._hurried = threading.Event()
        self.on_rebuilt: Callable[[StorageVanished], object] = lambda error: None
        """Told why a store was made again. Must not block."""

    def save(
        self, nums: Iterable[int], *, insist: bool = False, until_s: float | None = None
    ) -> bool:
        """Write nodes; return whether that was done; if not, it is with the next ones.

        A store that just failed is left alone for a while, unless one insists: each attempt may
        cost the worker half a second. Many are written some at a time, none of them begun after
        monotonic ``until_s``; without it, none after :meth:`hurry`.
        """
        if not (insist or self._is_due()):
            self._table.mark_changed(nums)
            return False
        left = list(nums)
        batch = self._table.batch(left[:MAX_AT_ONCE])
        left = left[MAX_AT_ONCE:]
        while not batch.is_empty or left:
            if not self._write(batch):
                self._table.mark_changed(left)
                return False
            left += self._table.batch_written(batch)
            if self._is_to_end(until_s):
                self._table.mark_changed(left)
                return not (left or self._table.has_forgotten())
            batch = self._table.batch(left[:MAX_AT_ONCE])
            left = left[MAX_AT_ONCE:]
        return True

    def hurry(self) -> None:
        """Have writing that is under way end with what is being written: the bot is to end."""
        self._hurried.set()

    def _is_to_end(self, until_s: float | None) -> bool:
        if until_s is None:
            return self._hurried.is_set()
        return self._clock() >= until_s

    def rebuild(self, error: StorageVanished) -> None:
        """Make a new file of all that is known. Raises ``StorageError``."""
        log.debug("making the store again: %s", error)
        known = self._table.everything()
        database = self._store.database
        database.close()
        if isinstance(error, StorageDamaged):
            stamp = stamp_of(self._wall_clock())
            Repair(database).replace_damaged(known.nodes, known.other_keys, stamp)
            database.open(RUNNING_BUSY_TIMEOUT_S)
        else:
            database.open(RUNNING_BUSY_TIMEOUT_S)
            try:
                self._store.save_nodes(known.nodes, known.other_keys)
            except StorageError:
                database.close()  # an empty file is no store: it is made once more
                raise
        log.error(tr("❌ %s : elle a été refaite, avec tout ce que le bot sait"), error)
        self.on_rebuilt(error)

    def _write(self, batch: StoreBatch) -> bool:
        try:
            try:
                self._store.save_nodes(
                    batch.nodes, batch.other_keys, batch.carried_out, forgotten=batch.forgotten
                )
            except StorageVanished as error:
                self.rebuild(error)
        except StorageError as error:
            self._table.batch_not_written(batch)
            if self._begins(failing=True):
                log.error(tr("❌ %s (le bot continue, nouvel essai plus tard)"), error)
            return False
        if self._begins(failing=False):
            log.info(tr("✅ La base est de nouveau écrite"))
        return True

    def _is_due(self) -> bool:
        with self._lock:
            return self._clock() >= self._next_try_s

    def _begins(self, *, failing: bool) -> bool:
        """Note whether the store fails; return whether that is new."""
        with self._lock:
            was_failing, self._failing = self._failing, failing
            self._next_try_s = self._clock() + STORE_RETRY_S if failing else -math.inf
        return was_failing is not failing
