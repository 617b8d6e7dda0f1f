"""Sees to it that no two bots run on one database: they would fight for the node and the keys.

The lock is the system's, on a file beside the database: it ends with the process however that ends,
and what is written in the file is for people only. The name may be taken by something of somebody
else's: a link is not followed, a pipe not waited for, and what no bot can have written stays.
"""

import contextlib
import errno
import fcntl
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

from meshbot.store.file_access import PRIVATE
from meshbot.store.storage_error import StorageError, wrong_folder
from meshbot.text.language import tr
from meshbot.threads.shortage import shortage_text

ATTEMPTS = 4
PAUSE_S = 0.1
MAX_BYTES = 64
_OPENED = b"store"


class AlreadyRunning(StorageError):
    """Another bot holds the lock. ``pid`` is its process, 0 where nobody knows."""

    def __init__(self, what: str, pid: int, remedy: str) -> None:
        """Name what both want, the process, and what else could be done."""
        who = tr(" (processus {pid})", pid=pid) if pid else ""
        super().__init__(
            tr(
                "Un autre bot{who} utilise déjà {what} : l'arrêter (sudo systemctl stop meshbot), "
                "ou {remedy}",
                who=who,
                what=what,
                remedy=remedy,
            ),
            passing=True,
        )
        self.pid = pid


def database_in_use(path: Path, pid: int) -> AlreadyRunning:
    """Return what is to be told of a database that another bot uses."""
    return AlreadyRunning(
        tr("la base {path}", path=path), pid, tr("régler DATABASE_PATH sur un autre fichier")
    )


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
        # One lock, by whatever way the database is named.
        real_path = Path(os.path.realpath(database_path))
        self._path = real_path.with_name(real_path.name + ".lock")
        self._descriptor: int | None = None
        self._may_write = False

    def acquire(self) -> None:
        """Take the lock.

        Raises :class:`AlreadyRunning` when another process has it, ``StorageError`` when the file
        cannot be made for now, or never, since something else has its name.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = _open(self._path, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise self._not_made(error) from error
        if descriptor is None:
            raise self._in_the_way()
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
                raise database_in_use(self._database_path, pid) from error
            except OSError:
                break  # a file system without locks is no reason not to run
        written = _written_in(descriptor)
        self.ended_orderly = written.split()[:1] in ([], [b"0"])
        self.used_before = _OPENED in written
        status = os.fstat(descriptor)
        self._may_write = status.st_size <= MAX_BYTES and status.st_nlink == 1
        self._descriptor = descriptor
        self._write(os.getpid())

    def is_there(self) -> bool:
        """Say whether there is a lock, or something in its place: a bot may have been here."""
        return os.path.lexists(self._path)

    def _not_made(self, error: OSError) -> StorageError:
        """Return what is to be told when the file cannot be made."""
        if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO) and self.is_there():
            return self._in_the_way()
        if error.errno == errno.ENAMETOOLONG:
            return StorageError(
                tr(
                    "DATABASE_PATH = {database_path} est un nom trop long",
                    database_path=self._database_path,
                )
            )
        if isinstance(error, PermissionError):
            line = tr(
                "Pas le droit d'écrire {path} ({strerror}) : donner le dossier à "
                "l'utilisateur du bot (sudo chown), ou régler DATABASE_PATH",
                path=self._path,
                strerror=error.strerror,
            )
        elif (lacking := shortage_text(error)) is not None:
            line = tr(
                "Base {database_path} inutilisable pour l'instant : {lacking}",
                database_path=self._database_path,
                lacking=lacking,
            )
        else:
            line = tr(
                "Impossible d'écrire {path} ({strerror}) : corriger cela, ou régler DATABASE_PATH",
                path=self._path,
                strerror=error.strerror,
            )
        return wrong_folder(self._database_path, error) or StorageError(line, passing=True)

    def _in_the_way(self) -> StorageError:
        return StorageError(
            tr(
                "{path} n'est pas un verrou du bot (lien, tube, dossier ou périphérique) : "
                "l'ôter, ou régler DATABASE_PATH",
                path=self._path,
            )
        )

    def store_opened(self) -> None:
        """Note that the database is a bot's, for the day when the file no longer shows it."""
        self.used_before = True
        self._write(os.getpid())

    def _write(self, pid: int) -> None:
        if self._descriptor is None or not self._may_write:
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
            descriptor = _open(self._path, os.O_RDONLY)
        except OSError:
            return None
        if descriptor is None:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return _pid_in(descriptor)
        finally:
            os.close(descriptor)
        return None


def _open(path: Path, flags: int) -> int | None:
    """Open a regular file without waiting; None for anything else. Raises ``OSError``."""
    flags |= os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    descriptor = os.open(path, flags, PRIVATE)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    return None


def _written_in(descriptor: int) -> bytes:
    try:
        return os.pread(descriptor, MAX_BYTES, 0)
    except OSError:
        return b""  # the card no longer gives it back


def _pid_in(descriptor: int) -> int:
    try:
        return max(0, int(_written_in(descriptor).split()[0]))
    except (ValueError, IndexError):
        return 0
