"""The SQLite file: the one connection to it, and the lock on that.

Owns the connection, guarded together with its transaction by ``_lock``, a leaf; any thread may
call. Writes are committed before a method returns, and with ``synchronous=FULL`` in WAL mode what
was committed survives the end of the process and of the power alike.

What a simulated node taught is kept apart from the real mesh, in the same file, and forgotten when
a real node is used.
"""

import contextlib
import functools
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from meshbot.store import inspection, schema
from meshbot.store.file_access import LOG, SHARED_MEMORY, beside
from meshbot.store.migration import migrate
from meshbot.store.storage_error import (
    OPEN_ERRORS,
    READ_ERRORS,
    StorageError,
    StorageVanished,
    is_busy,
    not_read,
    not_written,
    unusable,
)
from meshbot.text.language import tr
from meshbot.text.quantities import counted

BUSY_TIMEOUT_S = 5.0  # at start-up
RUNNING_BUSY_TIMEOUT_S = 0.5  # later on: what was not written is written another time
MIN_FREE_PAGES = 1_000  # 4 MB; less is used again soon enough
MIN_FREE_SHARE = 0.25
PAGE_ROWS = 1_000

UNDECODABLE = "Could not decode to UTF-8"  # Python's words for bytes that are no text


class Database:
    """The file that the stores keep their tables in."""

    def __init__(
        self,
        path: Path,
        *,
        simulated: bool = False,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Name the file; :meth:`open` opens it. ``simulated``: the mesh in use is no real one."""
        self.path = path
        self.simulated = simulated
        self._wall_clock = wall_clock
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._files: tuple[object, ...] = ()
        """Which files are open, see :meth:`_files_there`."""
        self._data_version = 0
        self._times_opened = 0

    def open(self, busy_timeout_s: float | None = None) -> None:
        """Open the file, making it where there is none; wait so long for another program.

        A file of an older version is brought up to date. Raises :class:`StorageError`, having
        changed nothing, when the file is no database of this program, comes from a newer version,
        or cannot be written.
        """
        busy_timeout_s = BUSY_TIMEOUT_S if busy_timeout_s is None else busy_timeout_s
        self.verify(busy_timeout_s)
        connection: sqlite3.Connection | None = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, timeout=busy_timeout_s, check_same_thread=False)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            migrate(connection, self._wall_clock())
            connection.execute(f"PRAGMA busy_timeout={RUNNING_BUSY_TIMEOUT_S * 1000:.0f}")
            files = self._files_there()
        except READ_ERRORS as error:
            if connection is not None:
                connection.close()
            raise unusable(self.path, error) from error
        with self._lock:
            self._connection = connection
            self._times_opened += 1
            self._data_version = 0
            self._files = files

    def verify(self, busy_timeout_s: float = RUNNING_BUSY_TIMEOUT_S) -> None:
        """Raise the :class:`StorageError` that :meth:`open` would; change nothing."""
        version = inspection.version_of(self.path, busy_timeout_s)
        newest = schema.VERSIONS[-1].number
        if version > newest:
            raise StorageError(
                tr(
                    "La base {path} vient d'une version plus récente du bot "
                    "(schéma {version}, connu jusqu'à {newest}) : mettre le bot à jour, "
                    "ou régler DATABASE_PATH sur un autre fichier",
                    path=self.path,
                    version=version,
                    newest=newest,
                )
            )

    def damage(self) -> str:
        """Look at every page and row of the file, not opened by us; return what is wrong, if any.

        What is no file of ours is for :meth:`verify` to say.
        """
        try:
            if inspection.is_damaged(self.path, thorough=True):
                return tr("illisible")
            spoilt = inspection.spoilt_rows(self.path) if self._is_known() else 0
        except OSError as error:
            return str(error.strerror)
        except READ_ERRORS as error:
            return "" if is_busy(error) else tr("illisible")
        return counted(spoilt, "ligne fausse", "lignes fausses") if spoilt else ""

    def _is_known(self) -> bool:
        try:
            return inspection.version_of(self.path, RUNNING_BUSY_TIMEOUT_S) > 0
        except StorageError:
            return False

    @property
    def times_opened(self) -> int:
        """How often it was opened: another time than before, it may be another file."""
        with self._lock:
            return self._times_opened

    def close(self) -> None:
        """Close the file. Harmless when it is not open."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query. Raises :class:`StorageError`."""
        with self._exclusive(not_read) as connection:
            try:
                return connection.execute(query, parameters).fetchall()
            except sqlite3.OperationalError as error:
                if UNDECODABLE not in str(error):
                    raise
            # A name that a bit of the card has spoilt must not keep the rest from being read.
            # Only then: this takes a third longer.
            connection.text_factory = lambda data: data.decode("utf-8", "replace")
            return connection.execute(query, parameters).fetchall()

    def pages(self, query: str, *parameters: object) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of a query some at a time, for those that may be very many.

        Nothing may be written meanwhile. Raises :class:`StorageError`.
        """
        with self._exclusive(not_read) as connection:
            # Bytes that are no text cost themselves, not the rest; done in C.
            connection.text_factory = functools.partial(str, encoding="utf-8", errors="replace")
            cursor = connection.execute(query, parameters)
        while True:
            with self._exclusive(not_read):
                page = cursor.fetchmany(PAGE_ROWS)
            if not page:
                return
            yield page

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write what the block writes, all or nothing, durable when it ends.

        Raises :class:`StorageError`. The lock is held meanwhile: the block writes, nothing else.
        """
        self.check_in_place()
        with self._exclusive(not_written) as connection, connection:
            yield connection

    def check_in_place(self) -> None:
        """Raise what is wrong with the file, if only that it is not the one opened."""
        try:
            there = self._files_there() == self._files
        except OSError as error:
            raise unusable(self.path, error) from error
        with self._lock:
            is_open = self._connection is not None
        if not (there and is_open):
            raise StorageVanished(tr("La base {path} a disparu", path=self.path), passing=True)

    def _files_there(self) -> tuple[object, ...]:
        """Return device and inode of each file that SQLite has open, None where there is none.

        What is committed stands in the log at first, and is lost with a log that has no name any
        more; who opens the database without the shared memory of the others does not see them.
        Raises ``OSError``.
        """
        found: list[tuple[int, int] | None] = []
        for side in ("", LOG, SHARED_MEMORY):
            try:
                status = beside(self.path, side).stat()
            except FileNotFoundError:
                found.append(None)
            else:
                found.append((status.st_dev, status.st_ino))
        return tuple(found)

    def changed_by_others(self) -> bool:
        """Say whether another connection wrote to the file since the last call.

        Raises :class:`StorageError`.
        """
        with self._exclusive(not_read) as connection:
            version = int(connection.execute("PRAGMA data_version").fetchone()[0])
            changed, self._data_version = version != self._data_version, version
        return changed

    def try_to_write(self) -> None:
        """Raise the :class:`StorageError` that the next write would; write nothing."""
        with self._exclusive(not_written) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.rollback()

    def forget_simulated(self) -> None:
        """Forget what a simulated node taught: a real one is used. Raises :class:`StorageError`."""
        with self._exclusive(not_read) as connection, connection:
            for table, columns in schema.VERSIONS[-1].tables.items():
                if "simulated" in columns:
                    connection.execute(f"DELETE FROM {table} WHERE simulated")

    def compact(self) -> bool:
        """Give back the room of what was deleted, if it is worth the writing; say whether it was.

        Raises :class:`StorageError`.
        """
        with self._exclusive(not_written) as connection:
            pages = int(connection.execute("PRAGMA page_count").fetchone()[0])
            free = int(connection.execute("PRAGMA freelist_count").fetchone()[0])
            if free < MIN_FREE_PAGES or free < pages * MIN_FREE_SHARE:
                return False
            connection.execute("VACUUM")
            return True

    @contextlib.contextmanager
    def _exclusive(
        self, as_storage_error: Callable[[Path, Exception], StorageError]
    ) -> Iterator[sqlite3.Connection]:
        """Hold the lock and hand out the connection; SQLite's errors become ours."""
        try:
            with self._lock:
                if self._connection is None:
                    raise StorageError(tr("Base {path} fermée", path=self.path))
                yield self._connection
        except OPEN_ERRORS as error:
            raise as_storage_error(self.path, error) from error
