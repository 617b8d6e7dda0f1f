"""The bot's database, from the lock on it to the copies of it, opened and closed as one.

Owns the lock and the connection. :meth:`open` and :meth:`close` belong to the main thread.
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from meshbot.store.backup import Backup
from meshbot.store.database import Database
from meshbot.store.file_privacy import narrow_files
from meshbot.store.instance_lock import InstanceLock
from meshbot.store.link_event_store import LinkEventStore
from meshbot.store.node_store import NodeStore
from meshbot.store.order_store import OrderStore
from meshbot.store.repair import Repair, stamp_of

log = logging.getLogger(__name__)


class BotStore:
    """What survives a restart."""

    def __init__(
        self, path: Path, *, simulated: bool, wall_clock: Callable[[], float] = time.time
    ) -> None:
        """Name the file; nothing is opened. ``simulated``: no real radio is used."""
        self._path = path
        self._simulated = simulated
        self._wall_clock = wall_clock
        self._lock = InstanceLock(path)
        self.database = Database(path, simulated=simulated, wall_clock=wall_clock)
        self.nodes = NodeStore(self.database)
        self.link_events = LinkEventStore(self.database)
        self.orders = OrderStore(self.database, wall_clock)
        self.backup = Backup(path)

    def open(self) -> None:
        """Take the lock, repair the file if it was damaged, and open it.

        Raises ``StorageError``, with nothing held, when it cannot be used.
        """
        self._lock.acquire()
        try:
            narrow_files(self._path)
            if self._lock.used_before:
                repaired = Repair(self.database).repair(
                    stamp_of(self._wall_clock()), thorough=not self._lock.ended_orderly
                )
                if repaired is not None:
                    log.error("❌ %s", repaired)
            self.database.open()
            self._lock.store_opened()
            if not self._simulated:
                self.database.forget_simulated()
            self.orders.load()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file and give the lock back. Harmless when nothing is open."""
        self.database.close()
        self._lock.release()
