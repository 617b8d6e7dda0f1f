"""What a file is: a database of ours, of which version, or damaged. Changes nothing."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from meshbot.store import schema
from meshbot.store.storage_error import FolderInItsPlace, ForeignFile, is_damage, unusable

SQLITE_MAGIC = b"SQLite format 3\x00"
QUICK_BYTES = 64_000_000
"""A file up to this size is looked at whole in a second or two, even on a slow card."""
DEFAULT_TIMEOUT_S = 5.0


def may_exist(path: Path) -> bool:
    """Say whether a file is there, or hidden where we may not look: opening it tells."""
    try:
        return path.exists()
    except OSError:
        return True


def has_content(path: Path) -> bool:
    """Say whether there is anything in a file. Raises ``OSError``."""
    return path.exists() and path.stat().st_size > 0


@contextlib.contextmanager
def looking_into(path: Path, timeout_s: float = DEFAULT_TIMEOUT_S) -> Iterator[sqlite3.Connection]:
    """Open a file without changing anything, not even what lies beside it.

    Without a log beside it nobody has it open; SQLite would make one, and leave it.
    """
    alone = not path.with_name(path.name + "-wal").exists()
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
    with looking_into(path) as connection:
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if not thorough and path.stat().st_size > QUICK_BYTES:
                return False
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok")
        except sqlite3.DatabaseError as error:
            return is_damage(error)


def version_of(path: Path, busy_timeout_s: float) -> int:
    """Return the schema version of a file, 0 for a new or empty one.

    Raises ``StorageError``, of kind ``ForeignFile`` when it is no database of this program.
    """
    try:
        if path.is_dir():
            raise FolderInItsPlace(path)
        if not has_content(path):
            return 0
        # SQLite itself takes a file of one byte for an empty one, and overwrites it.
        if _beginning(path) != SQLITE_MAGIC:
            raise ForeignFile(f"{path} n'est pas une base du bot")
        with looking_into(path, busy_timeout_s) as connection:
            connection.execute("BEGIN")  # one look, while another process may migrate
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            ours = _is_ours(connection, version)
    except (OSError, sqlite3.Error) as error:
        raise unusable(path, error) from error
    if not ours:
        raise ForeignFile(f"{path} est la base d'un autre programme")
    return version


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(SQLITE_MAGIC))


def _is_ours(connection: sqlite3.Connection, version: int) -> bool:
    """Say whether a file has the tables of its version; of a newer one, that is not known."""
    if version > schema.VERSIONS[-1].number:
        return True
    if version == 0:
        return not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if version < 0:
        return False
    return all(
        columns_of(connection, table) == columns
        for table, columns in schema.VERSIONS[version - 1].tables.items()
    )
