"""Sees to it that a file made beside the database is no more open to others than that is."""

import contextlib
import os
import stat
from pathlib import Path

PRIVATE = 0o600
LOG, SHARED_MEMORY, ROLLBACK = SIDE_FILES = ("-wal", "-shm", "-journal")
"""What SQLite adds to a file's name for those it keeps beside it. The last is of a file that is not
in WAL mode; but SQLite opens it, and acts by it, wherever there is one."""


def beside(path: Path, side: str) -> Path:
    """Return where SQLite keeps a file beside another: not by the name of a link to that."""
    return Path(os.path.realpath(path) + side)


def make_private(path: Path) -> None:
    """Make an empty file that only its owner may read, before anything is written into it.

    Raises ``OSError``, also when there is something of that name.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    os.close(os.open(path, flags, PRIVATE))


def share_like(path: Path, model: Path) -> None:
    """Give a file the rights and the owner of another, as far as this program may.

    Where that one is not there, the file stays as it is.
    """
    with contextlib.suppress(OSError):
        like = model.stat()
        os.chmod(path, stat.S_IMODE(like.st_mode) & 0o666)
        if os.geteuid() == 0:  # else the bot could not open what an administrator repaired
            os.chown(path, like.st_uid, like.st_gid)
