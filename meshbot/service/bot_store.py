"""The bot's database, from the lock on it to the copies of it, opened and closed as one.

Owns the lock and the connection. :meth:`open` and :meth:`close` belong to the main thread.

Two things keep a second bot away: the lock file, which holds wherever the folder is seen from, and
a claim on the file's name, which holds after somebody has deleted the file, lock and all.
"""

import errno
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from meshbot.service.process_claim import ProcessClaim, holder_of
from meshbot.store.backup import Backup
from meshbot.store.database import Database
from meshbot.store.file_privacy import narrow_files
from meshbot.store.instance_lock import InstanceLock, database_in_use
from meshbot.store.link_event_store import LinkEventStore
from meshbot.store.node_store import NodeStore
from meshbot.store.order_store import OrderStore
from meshbot.store.repair import Repair, stamp_of
from meshbot.store.storage_error import StorageError, unusable
from meshbot.text.language import tr

log = logging.getLogger(__name__)


def claim_name(path: Path) -> str:
    """Return the name under which the bot that uses a database claims it."""
    return f"store:{os.path.realpath(path)}"


class BotStore:
    """What survives a restart."""

    def __init__(
        self, path: Path, *, simulated: bool, wall_clock: Callable[[], float] = time.time
    ) -> None:
        """Name the file; nothing is opened. ``simulated``: no real radio is used."""
        self._path = path
        self._simulated = simulated
        self._wall_clock = wall_clock
        self._is_to_end: Callable[[], bool] = lambda: False
        self.on_repaired: Callable[[str], object] = lambda line: None
        """Told what was set aside at the start. Must not block."""
        self._claim = ProcessClaim()
        self._lock = InstanceLock(path)
        self.database = Database(path, simulated=simulated, wall_clock=wall_clock)
        self.nodes = NodeStore(self.database)
        self.link_events = LinkEventStore(self.database)
        self.orders = OrderStore(self.database, wall_clock)
        self.backup = Backup(path)

    def open(self, is_to_end: Callable[[], bool] = lambda: False) -> None:
        """Take the lock, repair the file if it was damaged, and open it.

        Raises ``StorageError``, with nothing held, when it cannot be used, or when ``is_to_end``
        says that the bot is to end.
        """
        self._is_to_end = is_to_end
        repair = Repair(self.database)
        was_ours = repair.was_ours()
        if not (was_ours or self._lock.is_there()):
            self._refuse_foreign_file()
        name = claim_name(self._path)
        if not self._claim.take(name):
            raise database_in_use(self._path, holder_of(name) or 0)
        try:
            self._lock_file(was_ours=was_ours)
            narrow_files(self._path)
            if was_ours or self._lock.used_before:
                self._open_repaired(repair)
            else:
                self._open_database()
            self._lock.store_opened()
        except BaseException:
            self.close()
            raise

    def _refuse_foreign_file(self) -> None:
        """Raise what is wrong with a file that is nobody's of ours, before anything is made."""
        try:
            self.database.verify()
        except StorageError as error:
            if not error.passing:
                raise

    def _lock_file(self, *, was_ours: bool) -> None:
        try:
            self._lock.acquire()
        except StorageError as error:
            if error.passing and not was_ours:
                self._refuse_foreign_file()  # says more than that nothing can be written beside it
            raise

    def _open_repaired(self, repair: Repair) -> None:
        """Open a file of ours; whatever is wrong with it, if it is the file, is mended."""
        stamp = stamp_of(self._wall_clock())
        line = repair.repair(stamp, thorough=not self._lock.ended_orderly)
        try:
            self._open_database()
        except StorageError as error:
            if line is not None or not error.suspect:
                raise
            log.debug("repaired after: %s", error)
            self.database.close()
            line = repair.repair(stamp, thorough=True, insist=True)
            self._open_database()
        finally:
            if line is not None:
                log.error("❌ %s", line)
                self.on_repaired(line)

    def _open_database(self) -> None:
        """Open it, and read all that will be read of it."""
        self.database.open()
        if not os.access(self._path, os.W_OK):  # SQLite is content to read it
            raise unusable(self._path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
        log.debug("looking at the stored nodes")
        for _ in self.nodes.read_through():  # a flood may have left very many
            if self._is_to_end():
                raise StorageError(tr("Lecture de la base interrompue"), passing=True)
        self.nodes.load_other_keys()
        self.nodes.load_decisions()
        self.link_events.last_link_run()
        try:
            self.database.try_to_write()
        except StorageError as error:
            if error.suspect:
                raise
            log.debug("not written yet: %s", error)  # somebody else does right now
        if not self._simulated:
            self.database.forget_simulated()
        self.orders.load()

    def close(self) -> None:
        """Close the file and give the lock back. Harmless when nothing is open."""
        self.database.close()
        self._lock.release()
        self._claim.release()
