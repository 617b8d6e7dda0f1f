"""What a file is: a database of ours, of which version, or damaged. Changes nothing, never waits.

What is no regular file is not even opened: a pipe would keep the bot waiting for somebody to write
into it.
"""

import contextlib
import errno
import os
import sqlite3
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from meshbot.store import schema
from meshbot.store.file_access import LOG, ROLLBACK, beside
from meshbot.store.storage_error import (
    READ_ERRORS,
    ForeignFile,
    NotAFile,
    StorageError,
    is_damage,
    is_unreadable,
    unusable,
)
from meshbot.store.stored_table import STORED_TABLES, StoredTable
from meshbot.text.language import mark, tr

SQLITE_MAGIC = b"SQLite format 3\x00"
QUICK_BYTES = 64_000_000
"""A file up to this size is looked at whole in a second or two, even on a slow card."""
DEFAULT_TIMEOUT_S = 5.0
CHECKSUMS_SINCE = 5
RECORDED_SINCE = 4
"""The versions of the schema since when rows have checksums, and files a record of migrations."""

_KINDS = (
    (stat.S_ISDIR, mark("un dossier")),
    (stat.S_ISFIFO, mark("un tube")),
    (stat.S_ISSOCK, mark("une socket")),
    (stat.S_ISCHR, mark("un périphérique")),
    (stat.S_ISBLK, mark("un périphérique")),
)


def may_exist(path: Path) -> bool:
    """Say whether a file is there, or hidden where we may not look: opening it tells."""
    try:
        return path.exists()
    except OSError:
        return True


def has_content(path: Path) -> bool:
    """Say whether there is a file with anything in it. Raises ``OSError``."""
    try:
        status = path.stat()
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP):
            return False
        raise
    return stat.S_ISREG(status.st_mode) and status.st_size > 0


def refuse_what_is_no_file(path: Path) -> None:
    """Raise ``NotAFile`` if something else has the name of a file, a folder say."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        if os.path.islink(path) and not isinstance(error, (FileNotFoundError, PermissionError)):
            raise NotAFile(path, tr("un lien qui ne mène nulle part")) from error
        mode = 0  # not there, or hidden: to open it will tell
    except ValueError as error:
        raise NotAFile(path, tr("un nom impossible")) from error
    for is_kind, name in _KINDS:
        if is_kind(mode):
            raise NotAFile(path, tr(name))
    _refuse_what_is_no_journal(beside(path, ROLLBACK))


def _refuse_what_is_no_journal(journal: Path) -> None:
    """Raise ``StorageError`` if SQLite would wait for a pipe, or fail, when it opens the file."""
    try:
        mode = journal.stat().st_mode
    except OSError:
        return  # not there
    for is_kind, name in _KINDS:
        if is_kind(mode):
            raise StorageError(
                tr("{journal} est {name}, pas un fichier : l'ôter", journal=journal, name=tr(name))
            )


@contextlib.contextmanager
def looking_into(path: Path, timeout_s: float = DEFAULT_TIMEOUT_S) -> Iterator[sqlite3.Connection]:
    """Open a file without changing anything, not even what lies beside it.

    Without a log beside it nobody has it open; SQLite would make one, and leave it.
    """
    alone = not os.path.isfile(beside(path, LOG))
    uri = f"file:{quote(str(path.absolute()))}?mode=ro" + ("&immutable=1" if alone else "")
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=timeout_s)) as connection:
        yield connection


def columns_of(connection: sqlite3.Connection, table: str) -> tuple[str, ...]:
    """Return the columns that a table really has, none where there is no such table."""
    return tuple(row[1] for row in connection.execute(f"PRAGMA table_info({table})"))


def is_damaged(path: Path, *, thorough: bool) -> bool:
    """Say whether a file is a database of ours that can no longer be trusted.

    ``thorough``: every page is looked at, however big the file is, as after an end that was not
    orderly. Raises ``OSError``.
    """
    if not has_content(path):
        return False
    beginning = _beginning(path)
    if beginning != SQLITE_MAGIC:
        return not any(beginning)  # zeros: a block that never reached the card; else not ours
    try:
        with looking_into(path) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if not thorough and path.stat().st_size > QUICK_BYTES:
                return False
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok")
    except (sqlite3.Error, ValueError, OverflowError) as error:
        return is_damage(error) or is_unreadable(error)


def spoilt_rows(path: Path) -> int:
    """Return how many rows of a file of ours are not as they were written, or not where.

    Of a file from before checksums: how many hold what cannot stand there. 0 where the file is of
    a newer version, whose rows we do not know. Raises what reading a damaged file does.
    """
    if not has_content(path):
        return 0
    spoilt = 0
    with looking_into(path) as connection:
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version > schema.VERSIONS[-1].number:
            return 0
        for table in STORED_TABLES:
            there = columns_of(connection, table.name)
            columns = [name for name in (*table.columns, "checksum") if name in there]
            if not columns:
                continue  # not in that version
            rows = connection.execute(f"SELECT {', '.join(columns)} FROM {table.name}")
            if version >= CHECKSUMS_SINCE:
                spoilt += _wrong_rows(table, rows)
                continue
            for row in rows:
                spoilt += not table.makes_sense(dict(zip(columns, row, strict=True)))
    return spoilt


def _wrong_rows(table: StoredTable, rows: Iterable[Sequence[object]]) -> int:
    """Count the rows that are not as they were written, or not where.

    A card that writes a page into the place of another leaves every row as it was, but some twice
    and others not at all; SQLite's own quick check does not look at their order.
    """
    wrong = 0
    before: tuple[Any, ...] = ()
    for row in rows:
        if not table.is_as_written(row):
            wrong += 1
        elif not table.has_row_ids:
            place = table.place_of(row)
            wrong += place <= before
            before = place
    return wrong


def version_of(path: Path, busy_timeout_s: float) -> int:
    """Return the schema version of a file, 0 for a new or empty one.

    Raises ``StorageError``, of kind ``ForeignFile`` when it is no database of this program.
    """
    refuse_what_is_no_file(path)
    try:
        if not has_content(path):
            return 0
        # SQLite itself takes a file of one byte for an empty one, and overwrites it.
        if _beginning(path) != SQLITE_MAGIC:
            raise ForeignFile(tr("{path} n'est pas une base du bot", path=path))
        with looking_into(path, busy_timeout_s) as connection:
            connection.execute("BEGIN")  # one look, while another process may migrate
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            ours = _is_ours(connection, version)
    except StorageError:
        raise
    except READ_ERRORS as error:
        raise unusable(path, error) from error
    if not ours:
        raise ForeignFile(tr("{path} est la base d'un autre programme", path=path))
    return version


def is_recorded(path: Path, version: int) -> bool:
    """Say whether a file has a record that it was brought to a version.

    Each version after the fourth writes one; so a number without it is a flipped bit. Raises what
    reading a damaged file does.
    """
    with looking_into(path) as connection:
        return _recorded_version(connection) == version


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(SQLITE_MAGIC))


def _is_ours(connection: sqlite3.Connection, version: int) -> bool:
    """Say whether a file has the tables of its version; of a newer one, that is not known."""
    if version == 0:
        return not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if version < 0:
        return False
    if version > schema.VERSIONS[-1].number:
        return True
    if version >= RECORDED_SINCE and _recorded_version(connection) != version:
        return False
    return all(
        columns_of(connection, table) == columns
        for table, columns in schema.VERSIONS[version - 1].tables.items()
    )


def _recorded_version(connection: sqlite3.Connection) -> int:
    """Return the version that a file was brought to by its own record, 0 where there is none."""
    if "version" not in columns_of(connection, "migrations"):
        return 0
    newest = connection.execute("SELECT max(version) FROM migrations").fetchone()[0]
    return newest if isinstance(newest, int) else 0
