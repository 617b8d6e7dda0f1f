"""The SQLite file: what survives a restart. Nothing else in the program touches ``sqlite3``.

Owns the connection, guarded together with its transaction by one lock; any thread may call. Writes
are committed before a method returns, and with ``synchronous=FULL`` in WAL mode what was committed
survives the end of the process and of the power alike.
"""

import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from known_node import KnownNode

SCHEMA_VERSION = 1
BUSY_TIMEOUT_MS = 5_000

_SCHEMA = """
CREATE TABLE nodes (
    num INTEGER PRIMARY KEY,
    long_name TEXT NOT NULL,
    short_name TEXT NOT NULL,
    hw_model TEXT NOT NULL,
    role TEXT NOT NULL,
    public_key BLOB NOT NULL,
    last_heard INTEGER NOT NULL,
    snr_db REAL,
    hops INTEGER
) WITHOUT ROWID
"""


_COLUMNS = (
    "num",
    "long_name",
    "short_name",
    "hw_model",
    "role",
    "public_key",
    "last_heard",
    "snr_db",
    "hops",
)


class StorageError(Exception):
    """The file cannot be used. ``str()`` says in French what is wrong and what to do."""


class Storage:
    """The nodes of the mesh on disk."""

    def __init__(self, path: Path) -> None:
        """Name the file; :meth:`open` opens it."""
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def open(self) -> None:
        """Open the file, making it where there is none.

        Raises :class:`StorageError`, having changed nothing, when the file is no database of this
        program, comes from a newer version, or cannot be written.
        """
        version = self._version_of_file()
        if version > SCHEMA_VERSION:
            raise StorageError(
                f"La base {self._path} vient d'une version plus récente du bot "
                f"(schéma {version}, connu jusqu'à {SCHEMA_VERSION}) : mettre le bot à jour, "
                "ou régler DATABASE_PATH sur un autre fichier"
            )
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(
                self._path, timeout=BUSY_TIMEOUT_MS / 1000, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise StorageError(f"Base {self._path} inaccessible : {error}") from error
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            if version == 0:
                with connection:
                    connection.execute("BEGIN IMMEDIATE")
                    connection.execute(_SCHEMA)
                    connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        except sqlite3.Error as error:
            connection.close()
            raise StorageError(f"Base {self._path} inutilisable : {error}") from error
        with self._lock:
            self._connection = connection

    def _version_of_file(self) -> int:
        """Return the schema version in the file, 0 for a new or empty one; write nothing."""
        try:
            if not self._path.exists() or self._path.stat().st_size == 0:
                return 0
            with self._path.open("rb") as file:
                if file.read(16) != b"SQLite format 3\x00":
                    raise StorageError(
                        f"{self._path} n'est pas une base du bot : régler DATABASE_PATH sur un "
                        "autre fichier, ou déplacer celui-ci"
                    )
            uri = f"file:{quote(str(self._path.absolute()))}?mode=ro"
            connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_MS / 1000)
        except (OSError, sqlite3.Error) as error:
            raise StorageError(f"Base {self._path} illisible : {error}") from error
        try:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            columns = tuple(row[1] for row in connection.execute("PRAGMA table_info(nodes)"))
        except sqlite3.Error as error:
            raise StorageError(
                f"{self._path} n'est pas une base du bot ({error}) : régler DATABASE_PATH sur un "
                "autre fichier, ou déplacer celui-ci"
            ) from error
        finally:
            connection.close()
        expected = _COLUMNS if version > 0 else ()
        if version <= SCHEMA_VERSION and (columns != expected or bool(tables) != bool(expected)):
            raise StorageError(
                f"{self._path} est la base d'un autre programme : régler DATABASE_PATH sur un "
                "autre fichier"
            )
        return version

    def close(self) -> None:
        """Close the file. Harmless when it is not open."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def load_nodes(self) -> list[KnownNode]:
        """Return every stored node. Raises :class:`StorageError`."""
        try:
            with self._lock:
                rows = self._opened().execute(
                    "SELECT num, long_name, short_name, hw_model, role, public_key, last_heard,"
                    " snr_db, hops FROM nodes"
                )
                return [KnownNode(*row) for row in rows]
        except sqlite3.Error as error:
            raise StorageError(f"Base {self._path} illisible : {error}") from error

    def save_nodes(self, nodes: Iterable[KnownNode]) -> None:
        """Write nodes in one transaction, durable on return. Raises :class:`StorageError`."""
        rows = [
            (
                node.num,
                node.long_name,
                node.short_name,
                node.hw_model,
                node.role,
                node.public_key,
                node.last_heard,
                node.snr_db,
                node.hops,
            )
            for node in nodes
        ]
        try:
            with self._lock, self._opened() as transaction:
                transaction.executemany(
                    "INSERT OR REPLACE INTO nodes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows
                )
        except sqlite3.Error as error:
            raise StorageError(f"Écriture impossible dans {self._path} : {error}") from error

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StorageError(f"Base {self._path} fermée")
        return self._connection
