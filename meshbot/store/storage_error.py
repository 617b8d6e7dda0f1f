"""What can be wrong with the database, said with what to do about it."""

import errno
import os
import sqlite3
from pathlib import Path

from meshbot.store.traces import has_traces
from meshbot.text.language import mark, tr
from meshbot.text.typography import labelled
from meshbot.threads.shortage import no_descriptor_text, shortage_text

MAX_WORDS = 200
_NOT_OURS = mark("régler DATABASE_PATH sur un autre fichier, ou déplacer celui-ci")


READ_ERRORS = (OSError, sqlite3.Error, ValueError, OverflowError, MemoryError)
"""All that reading a damaged file raises: sqlite3 decodes SQLite's messages, which quote the file
(``UnicodeDecodeError``), and asks for the memory that a spoilt length says."""
OPEN_ERRORS = (sqlite3.Error, UnicodeDecodeError, MemoryError)
"""All that SQLite raises of an open database that turns out to be damaged."""

_DAMAGED = frozenset(
    (
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FORMAT,
        sqlite3.SQLITE_IOERR_SHORT_READ,
    )
)
_DAMAGED_WORDS = ("unsupported file format", "malformed database schema")
"""How SQLite begins what it says, with no code of its own, of a schema that a bit has changed."""
_NO_RIGHT = frozenset((sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM))
_BUSY = frozenset((sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT))


class StorageError(Exception):
    """The file cannot be used. ``str()`` says what is wrong and what to do.

    ``passing`` says that it may well work later, with the same settings; ``suspect``, that the file
    itself may be to blame, although SQLite says something else: where a new one can be made beside
    it, neither the disk nor a right is what is missing.
    """

    def __init__(self, message: str, *, passing: bool = False, suspect: bool = False) -> None:
        """Say what is wrong."""
        super().__init__(message)
        self.passing = passing
        self.suspect = suspect


class ForeignFile(StorageError):
    """The file is no database of this program, or is one no longer."""

    def __init__(self, what: str) -> None:
        """Say what it is instead."""
        super().__init__(labelled(what, tr(_NOT_OURS)), suspect=True)


class NotAFile(StorageError):
    """There is something else where the file should be, such as a folder."""

    def __init__(self, path: Path, what: str) -> None:
        """Name it."""
        super().__init__(
            tr("DATABASE_PATH = {path} est {what}, pas un fichier", path=path, what=what)
        )


class StorageVanished(StorageError):
    """The file was deleted or replaced: what is written now would be lost with it."""


class StorageDamaged(StorageVanished):
    """The file cannot be trusted any more: the card or the power failed."""

    def __init__(self, message: str, *, passing: bool = True) -> None:
        """Say of which file; it is repaired, or made again, so it passes."""
        super().__init__(message, passing=passing, suspect=True)


def is_damage(error: BaseException) -> bool:
    """Say whether an error means that the file itself is damaged, not that it is busy or full."""
    if isinstance(error, sqlite3.Error):
        code = int(getattr(error, "sqlite_errorcode", 0))
        if code in _DAMAGED or code & 0xFF in _DAMAGED:
            return True
        return str(error).startswith(_DAMAGED_WORDS)
    return isinstance(error, (ValueError, OverflowError))


def is_busy(error: BaseException) -> bool:
    """Say whether an error only means that another program uses the file right now."""
    return _sqlite_code(error) in _BUSY


def is_unreadable(error: BaseException) -> bool:
    """Say whether an error means that the card no longer gives back what a file holds."""
    return _sqlite_code(error) == sqlite3.SQLITE_IOERR


def unusable(path: Path, error: BaseException) -> StorageError:
    """Return what is to be told of a failure to open or read a database."""
    if is_damage(error):
        if has_traces(path):
            return StorageDamaged(
                tr(
                    "La base {path} est abîmée ({words}) : le bot la répare à son démarrage",
                    path=path,
                    words=_words(error),
                )
            )
        return ForeignFile(
            tr("{path} n'est pas une base du bot ({words})", path=path, words=_words(error))
        )
    lacking = shortage_text(error) or no_descriptor_text()  # SQLite calls that a missing right
    if lacking is not None:
        return StorageError(
            tr("Base {path} inutilisable pour l'instant : {lacking}", path=path, lacking=lacking),
            passing=True,
        )
    denied = isinstance(error, PermissionError)
    if not denied and _sqlite_code(error) in _NO_RIGHT:
        denied = not (is_accessible(path) and is_accessible(Path(os.path.realpath(path)).parent))
    told = wrong_folder(path, error)
    if told is not None:
        return told
    if denied:
        return StorageError(
            tr(
                "Pas le droit d'écrire dans {path} ou son dossier : les donner à l'utilisateur du "
                "bot (sudo chown), ou régler DATABASE_PATH",
                path=path,
            ),
            passing=True,
        )
    return StorageError(
        tr("Base {path} inutilisable pour l'instant : {words}", path=path, words=_words(error)),
        passing=True,
        suspect=not is_busy(error),
    )


def not_read(path: Path, error: BaseException) -> StorageError:
    """Return what is to be told of a failure to read an open database.

    That one is ours, which :func:`unusable` looks into the file for. It must not do so here: to
    close a file gives up every lock that this process has on it, SQLite's own among them.
    """
    if is_damage(error):
        return StorageDamaged(
            tr("La base {path} est abîmée ({words})", path=path, words=_words(error))
        )
    return StorageError(
        tr("Lecture impossible dans {path} : {words}", path=path, words=_words(error)),
        passing=True,
        suspect=not is_busy(error),
    )


def not_written(path: Path, error: BaseException) -> StorageError:
    """Return what is to be told of a write that failed in an open database."""
    if is_damage(error):
        return StorageDamaged(
            tr("La base {path} est abîmée ({words})", path=path, words=_words(error))
        )
    return StorageError(
        tr("Écriture impossible dans {path} : {words}", path=path, words=_words(error)),
        passing=True,
        suspect=not is_busy(error),
    )


def _words(error: BaseException) -> str:
    """Return an error in words of one line, without the bytes of the file that it may quote."""
    if isinstance(error, MemoryError):
        return tr("mémoire insuffisante")
    if isinstance(error, UnicodeError):
        return tr("texte illisible")
    words = getattr(error, "strerror", None) or str(error)
    return "".join(char if char.isprintable() else "?" for char in str(words))[:MAX_WORDS]


def is_accessible(path: Path) -> bool:
    """Say whether this program may write a file or into a folder; one that is not there, yes."""
    return os.access(path, os.W_OK) or not os.path.lexists(path)


def wrong_folder(path: Path, error: BaseException) -> StorageError | None:
    """Return what is to be told when it is the database's folder that causes an error."""
    folder = Path(os.path.realpath(path)).parent
    if getattr(error, "errno", 0) == errno.EROFS or _is_read_only(folder):
        return StorageError(
            tr(
                "Base {path} : le système de fichiers est en lecture seule (carte SD protégée ou "
                "usée ?) : le rendre inscriptible, ou régler DATABASE_PATH",
                path=path,
            ),
            passing=True,
        )
    for part in (*reversed(folder.parents), folder):
        try:
            part.stat()
        except FileNotFoundError:
            why = getattr(error, "strerror", None) or error
            return StorageError(
                tr(
                    "Base {path} : son dossier {folder} n'existe pas et n'a pas pu être créé "
                    "({why}) : le créer pour l'utilisateur du bot, ou régler DATABASE_PATH",
                    path=path,
                    folder=folder,
                    why=why,
                ),
                passing=True,
            )
        except OSError:
            return None  # hidden from us
        if not part.is_dir():
            return StorageError(
                tr(
                    "Base {path} : son dossier ne peut pas être créé, {part} n'est pas un "
                    "dossier : "
                    "le déplacer, ou régler DATABASE_PATH",
                    path=path,
                    part=part,
                ),
                passing=True,
            )
    return None


def _is_read_only(folder: Path) -> bool:
    try:
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _sqlite_code(error: BaseException) -> int:
    """Return SQLite's primary code of an error, 0 where there is none."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
