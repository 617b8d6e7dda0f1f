"""What can be wrong with the database, said in French with what to do about it."""

import sqlite3
from pathlib import Path

_NOT_OURS = "régler DATABASE_PATH sur un autre fichier, ou déplacer celui-ci"


class StorageError(Exception):
    """The file cannot be used. ``str()`` says in French what is wrong and what to do.

    ``passing`` says that it may well work later, with the same settings.
    """

    def __init__(self, message: str, *, passing: bool = False) -> None:
        """Say what is wrong."""
        super().__init__(message)
        self.passing = passing


class ForeignFile(StorageError):
    """The file is no database of this program."""

    def __init__(self, what: str) -> None:
        """Say what it is instead."""
        super().__init__(f"{what} : {_NOT_OURS}")


class FolderInItsPlace(StorageError):
    """There is a folder where the file should be."""

    def __init__(self, path: Path) -> None:
        """Name it."""
        super().__init__(f"DATABASE_PATH = {path} est un dossier, pas un fichier")


class StorageVanished(StorageError):
    """The file was deleted or replaced: what is written now would be lost with it."""


class StorageDamaged(StorageVanished):
    """The file cannot be trusted any more: the card or the power failed."""


def is_damage(error: Exception) -> bool:
    """Say whether an error means that the file itself is damaged, not that it is busy or full."""
    return _sqlite_code(error) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


def unusable(path: Path, error: Exception) -> StorageError:
    """Return what is to be told of a failure to open or read a database."""
    if is_damage(error):
        return ForeignFile(f"{path} n'est pas une base du bot ({error})")
    if isinstance(error, PermissionError) or _sqlite_code(error) in (
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
    ):
        return StorageError(
            f"Pas le droit d'écrire dans {path} ou son dossier : les donner à l'utilisateur du "
            "bot (sudo chown), ou régler DATABASE_PATH"
        )
    return StorageError(f"Base {path} inutilisable pour l'instant : {error}", passing=True)


def not_written(path: Path, error: Exception) -> StorageError:
    """Return what is to be told of a write that failed in an open database."""
    if is_damage(error):
        return StorageDamaged(f"La base {path} est abîmée ({error})", passing=True)
    return StorageError(f"Écriture impossible dans {path} : {error}", passing=True)


def _sqlite_code(error: Exception) -> int:
    """Return SQLite's primary code of an error, 0 where there is none."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
