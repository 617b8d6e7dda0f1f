"""The daily copies of the database, for a day on which it is damaged."""

import contextlib
import os
import sqlite3
from pathlib import Path

from meshbot.store.database import RUNNING_BUSY_TIMEOUT_S
from meshbot.store.file_access import SIDE_FILES, beside, make_private, share_like
from meshbot.store.inspection import is_damaged, spoilt_rows
from meshbot.store.storage_error import READ_ERRORS, StorageDamaged, StorageError, is_damage
from meshbot.text.language import tr


class Backup:
    """The last copy of one database and the one before it, beside the file."""

    def __init__(self, path: Path) -> None:
        """Name the database."""
        self._path = path
        self._last = path.with_name(path.name + ".copie")
        self._before = path.with_name(path.name + ".copie.avant")
        self.paths = (self._last, self._before)
        """Where the copies are, the newest first."""

    def back_up(self) -> None:
        """Copy the database. Other threads go on reading and writing meanwhile.

        Raises :class:`StorageError`; what is damaged already never replaces a copy.
        """
        fresh = self._last.with_name(self._last.name + ".new")
        try:
            for part in (fresh, *(beside(fresh, side) for side in SIDE_FILES)):
                part.unlink(missing_ok=True)
            make_private(fresh)
            with (
                contextlib.closing(
                    sqlite3.connect(self._path, timeout=RUNNING_BUSY_TIMEOUT_S)
                ) as source,
                contextlib.closing(sqlite3.connect(fresh)) as target,
            ):
                source.backup(target)
            if is_damaged(fresh, thorough=True) or spoilt_rows(fresh):
                raise self._damaged()
            share_like(fresh, self._path)
            with fresh.open("rb") as file:
                os.fsync(file.fileno())
            if os.path.lexists(self._last):
                self._last.replace(self._before)
            fresh.replace(self._last)
        except StorageDamaged:
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise
        except READ_ERRORS as error:
            if is_damage(error):
                raise self._damaged() from error
            raise StorageError(
                tr("Copie de la base impossible : {last} ({error})", last=self._last, error=error),
                passing=True,
            ) from error

    def _damaged(self) -> StorageDamaged:
        return StorageDamaged(
            tr("Copie de la base impossible : {path} est abîmée", path=self._path)
        )

    def backup_age_s(self, wall_s: float) -> float | None:
        """Return how old the copy is at a wall-clock time, None where there is none."""
        try:
            return wall_s - self._last.stat().st_mtime
        except OSError:
            return None
