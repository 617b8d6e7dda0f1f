"""What can be wrong with the database, said in French with what to do about it."""

import errno
import os
import sqlite3
from pathlib import Path

from meshbot.threads.shortage import no_descriptor_text, shortage_text

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
    lacking = shortage_text(error) or no_descriptor_text()  # SQLite calls that a missing right
    if lacking is not None:
        return StorageError(f"Base {path} inutilisable pour l'instant : {lacking}", passing=True)
    if isinstance(error, PermissionError) or _sqlite_code(error) in (
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
    ):
        no_right = (
            f"Pas le droit d'écrire dans {path} ou son dossier : les donner à l'utilisateur du "
            "bot (sudo chown), ou régler DATABASE_PATH"
        )
        return wrong_folder(path, error) or StorageError(no_right, passing=True)
    return wrong_folder(path, error) or StorageError(
        f"Base {path} inutilisable pour l'instant : {error}", passing=True
    )


def not_written(path: Path, error: Exception) -> StorageError:
    """Return what is to be told of a write that failed in an open database."""
    if is_damage(error):
        return StorageDamaged(f"La base {path} est abîmée ({error})", passing=True)
    return StorageError(f"Écriture impossible dans {path} : {error}", passing=True)


def wrong_folder(path: Path, error: Exception) -> StorageError | None:
    """Return what is to be told when it is the database's folder that causes an error."""
    folder = Path(os.path.realpath(path)).parent
    if getattr(error, "errno", 0) == errno.EROFS or _is_read_only(folder):
        return StorageError(
            f"Base {path} : le système de fichiers est en lecture seule (carte SD protégée ou "
            "usée ?) : le rendre inscriptible, ou régler DATABASE_PATH",
            passing=True,
        )
    for part in (*reversed(folder.parents), folder):
        try:
            part.stat()
        except FileNotFoundError:
            why = getattr(error, "strerror", None) or error
            return StorageError(
                f"Base {path} : son dossier {folder} n'existe pas et n'a pas pu être créé "
                f"({why}) : le créer pour l'utilisateur du bot, ou régler DATABASE_PATH",
                passing=True,
            )
        except OSError:
            return None  # hidden from us
        if not part.is_dir():
            return StorageError(
                f"Base {path} : son dossier ne peut pas être créé, {part} n'est pas un dossier : "
                "le déplacer, ou régler DATABASE_PATH",
                passing=True,
            )
    return None


def _is_read_only(folder: Path) -> bool:
    try:
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _sqlite_code(error: Exception) -> int:
    """Return SQLite's primary code of an error, 0 where there is none."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
