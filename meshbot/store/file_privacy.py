"""Makes the database's files readable by nobody but their owner, those of older versions too."""

import contextlib
import os
import stat
from pathlib import Path

from meshbot.store.file_access import SIDE_FILES

OTHERS = 0o077
_OURS = ("", *SIDE_FILES, ".lock", ".copie", ".copie.avant", ".neuve")
_SET_ASIDE = ".abimee-"


def narrow_files(database_path: Path) -> None:
    """Take from group and others the right to a database and to what belongs to it.

    Only of plain files of our own user; what cannot be changed stays. To be called while nothing
    of the database is open here: to close a descriptor of a file takes SQLite's locks on it away
    (POSIX; https://sqlite.org/howtocorrupt.html, 2.2).
    """
    for path in {database_path, Path(os.path.realpath(database_path))}:
        with contextlib.suppress(OSError):
            for name in os.listdir(path.parent):
                if _belongs_to(name, path.name):
                    _narrow(path.with_name(name))


def _belongs_to(name: str, database_name: str) -> bool:
    if not name.startswith(database_name):
        return False
    rest = name[len(database_name) :]
    return rest in _OURS or rest.startswith(_SET_ASIDE)


def _narrow(path: Path) -> None:
    with contextlib.suppress(OSError):
        status = path.lstat()
        if not _is_open_to_others(status):
            return
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)  # of the very file that is changed
            if _is_open_to_others(status):
                os.fchmod(descriptor, stat.S_IMODE(status.st_mode) & ~OTHERS)
        finally:
            os.close(descriptor)


def _is_open_to_others(status: os.stat_result) -> bool:
    return (
        stat.S_ISREG(status.st_mode)
        and status.st_uid == os.geteuid()
        and bool(status.st_mode & OTHERS)
    )
