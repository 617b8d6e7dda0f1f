"""Sees to it that no two bots run on one database: they would fight for the node and the keys.

The lock is the system's, on a file beside the database: it ends with the process however that ends,
and what is written in the file is for people only.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

from meshbot.store.storage_error import FolderInItsPlace, StorageError, wrong_folder

ATTEMPTS = 4
PAUSE_S = 0.1
MAX_BYTES = 64
_OPENED = b"store"


class AlreadyRunning(StorageError):
    """Another bot holds the lock. ``pid`` is its process, 0 where nobody knows."""

    def __init__(self, path: Path, pid: int) -> None:
        """Name the database and the process."""
        who = f" (processus {pid})" if pid else ""
        super().__init__(
            f"Un autre bot{who} utilise déjà la base {path} : l'arrêter (sudo systemctl stop "
            "meshbot), ou régler DATABASE_PATH sur un autre fichier",
            passing=True,
        )
        self.pid = pid


class InstanceLock:
    """The lock of one database, held from :meth:`acquire` to :meth:`release`."""

    def __init__(self, database_path: Path, pause: Callable[[float], object] = time.sleep) -> None:
        """Name the database; nothing is opened yet."""
        self._pause = pause
        self.used_before = False
        """Whether a bot has used this database before: then a damaged file there is the bot's."""
        self.ended_orderly = True
        """Whether the last bot that had the lock gave it back itself."""
        self._database_path = database_path
        database_path = Path(
            os.path.realpath(database_path)
        )  # one lock, by whatever way it is named
        self._path = database_path.with_name(database_path.name + ".lock")
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises :class:`AlreadyRunning` when another process has it, ``StorageError`` when the file
        cannot be made for now, or never, since a folder has the database's name.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise self._not_made(error) from error
        for attempt in range(ATTEMPTS):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if attempt + 1 < ATTEMPTS:
                    self._pause(PAUSE_S)  # somebody may only be looking, see holder()
                    continue
                pid = _pid_in(descriptor)
                os.close(descriptor)
                raise AlreadyRunning(self._database_path, pid) from error
            except OSError:
                break  # a file system without locks is no reason not to run
        self.ended_orderly = _pid_in(descriptor) == 0
        self.used_before = _OPENED in os.pread(descriptor, MAX_BYTES, 0)
        self._descriptor = descriptor
        self._write(os.getpid())

    def _not_made(self, error: OSError) -> StorageError:
        """Return what is to be told when the file cannot be made."""
        if os.path.isdir(self._database_path):  # does not raise
            return FolderInItsPlace(self._database_path)
        if isinstance(error, PermissionError):
            line = (
                f"Pas le droit d'écrire {self._path} ({error.strerror}) : donner le dossier à "
                "l'utilisateur du bot (sudo chown), ou régler DATABASE_PATH"
            )
        else:
            line = (
                f"Impossible d'écrire {self._path} ({error.strerror}) : corriger cela, ou régler "
                "DATABASE_PATH"
            )
        return wrong_folder(self._database_path, error) or StorageError(line, passing=True)

    def store_opened(self) -> None:
        """Note that the database is a bot's, for the day when the file no longer shows it."""
        self.used_before = True
        self._write(os.getpid())

    def _write(self, pid: int) -> None:
        if self._descriptor is None:
            return
        with contextlib.suppress(OSError):  # a full disk is no reason not to start
            os.ftruncate(self._descriptor, 0)
            mark = b" " + _OPENED if self.used_before else b""
            os.pwrite(self._descriptor, f"{pid}".encode() + mark + b"\n", 0)

    def release(self) -> None:
        """Give the lock back. Harmless when it is not held. The file stays: to delete it races."""
        if self._descriptor is not None:
            self._write(0)
            os.close(self._descriptor)
            self._descriptor = None

    def holder(self) -> int | None:
        """Return the process that holds the lock, 0 for an unknown one, None for nobody."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return _pid_in(descriptor)
        finally:
            os.close(descriptor)
        return None


def _pid_in(descriptor: int) -> int:
    try:
        return int(os.pread(descriptor, MAX_BYTES, 0).split()[0])
    except (ValueError, IndexError):
        return 0
