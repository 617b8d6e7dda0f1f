"""The SQLite file: what survives a restart. Nothing else in the program touches ``sqlite3``.

Owns the connection, guarded together with its transaction by one lock; any thread may call. Writes
are committed before a method returns, and with ``synchronous=FULL`` in WAL mode what was committed
survives the end of the process and of the power alike.

What a simulated node taught is kept apart from the real mesh, in the same file, and forgotten when
a real node is used.
"""

import os
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from meshbot.model.cause import Cause
from meshbot.model.key_decision import KeyDecision
from meshbot.model.known_node import KnownNode
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.model.other_key import OtherKey
from meshbot.store import damaged_store

SCHEMA_VERSION = 4
BUSY_TIMEOUT_S = 5.0  # at start-up
MAX_TIME_S = 1e11  # some thousand years
MAX_NUMBER = 1 << 40
MAX_NEWER = 100  # a schema so much newer than ours was never written
MIN_FREE_PAGES = 1_000  # 4 MB; less is used again soon enough
MIN_FREE_SHARE = 0.25
RUNNING_BUSY_TIMEOUT_S = 0.5  # later on: what was not written is written another time

UNDECODABLE = "Could not decode to UTF-8"  # Python's words for text that is none

_NODE_COLUMNS = (
    "num",
    "long_name",
    "short_name",
    "hw_model",
    "role",
    "public_key",
    "last_heard",
    "snr_db",
    "hops",
    "last_dm",
    "pushed_at",
)
_OTHER_KEY_COLUMNS = (
    "num",
    "public_key",
    "offered_at",
    "refused_at",
    "replaced_at",
    "replaced_by",
)
_EVENT_COLUMNS = ("kind", "wall_s", "mono_s", "run", "session", "seconds", "count", "text", "cause")
_COLUMNS_OF_VERSION = {
    0: (),
    1: ("simulated", *_NODE_COLUMNS[:-2]),
    2: ("simulated", *_NODE_COLUMNS),
    3: ("simulated", *_NODE_COLUMNS),
    4: ("simulated", *_NODE_COLUMNS),
}
"""The columns of the table of nodes, by which a file is known for ours."""
_TO_VERSION = {
    1: (
        """
        CREATE TABLE nodes (
            simulated INTEGER NOT NULL,
            num INTEGER NOT NULL,
            long_name TEXT NOT NULL,
            short_name TEXT NOT NULL,
            hw_model TEXT NOT NULL,
            role TEXT NOT NULL,
            public_key BLOB NOT NULL,
            last_heard INTEGER NOT NULL,
            snr_db REAL,
            hops INTEGER,
            PRIMARY KEY (simulated, num)
        ) WITHOUT ROWID
        """,
    ),
    2: (
        "ALTER TABLE nodes ADD COLUMN last_dm INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE nodes ADD COLUMN pushed_at INTEGER NOT NULL DEFAULT 0",
        """
        CREATE TABLE other_keys (
            simulated INTEGER NOT NULL,
            num INTEGER NOT NULL,
            public_key BLOB NOT NULL,
            offered_at INTEGER NOT NULL,
            refused_at INTEGER NOT NULL,
            replaced_at INTEGER NOT NULL,
            replaced_by TEXT NOT NULL,
            PRIMARY KEY (simulated, num, public_key)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE key_orders (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            simulated INTEGER NOT NULL,
            num INTEGER NOT NULL,
            public_key BLOB NOT NULL,
            accept INTEGER NOT NULL
        )
        """,
    ),
    3: (
        """
        CREATE TABLE link_events (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            simulated INTEGER NOT NULL,
            kind TEXT NOT NULL,
            wall_s REAL NOT NULL,
            mono_s REAL NOT NULL,
            run INTEGER NOT NULL,
            session INTEGER NOT NULL,
            seconds REAL,
            count INTEGER,
            text TEXT NOT NULL
        )
        """,
    ),
    4: ("ALTER TABLE link_events ADD COLUMN cause TEXT NOT NULL DEFAULT ''",),
}
"""The steps that lead to each version of the schema from the one before."""
_Mesh: TypeAlias = tuple[bool, Iterable[KnownNode], Mapping[int, Sequence[OtherKey]]]
"""Whether it is simulated, its nodes, their other keys."""
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


class StorageVanished(StorageError):
    """The file was deleted or replaced: what is written now would be lost with it."""


class StorageDamaged(StorageVanished):
    """The file cannot be trusted any more: the card or the power failed."""


class Storage:
    """The nodes of the mesh on disk, their keys, and the operator's decisions about keys."""

    def __init__(self, path: Path, *, simulated: bool = False) -> None:
        """Name the file; :meth:`open` opens it. ``simulated``: the nodes are not real ones."""
        self._path = path
        self._simulated = int(simulated)
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._file = (0, 0)
        """Device and inode of the file that is open."""
        self._data_version = 0
        self._backup_path = path.with_name(path.name + ".copie")
        self._backup_paths = (self._backup_path, path.with_name(path.name + ".copie.avant"))
        self._fresh_path = path.with_name(path.name + ".neuve")

    def open(self, busy_timeout_s: float | None = None) -> None:
        """Open the file, making it where there is none; wait so long for another program.

        Raises :class:`StorageError`, having changed nothing, when the file is no database of this
        program, comes from a newer version, or cannot be written.
        """
        busy_timeout_s = BUSY_TIMEOUT_S if busy_timeout_s is None else busy_timeout_s
        self.verify(busy_timeout_s)
        connection: sqlite3.Connection | None = None
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(
                self._path, timeout=busy_timeout_s, check_same_thread=False
            )
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                # Once more: another process may have brought it up to date a moment ago.
                version = int(connection.execute("PRAGMA user_version").fetchone()[0])
                for step in range(version + 1, SCHEMA_VERSION + 1):
                    for statement in _TO_VERSION[step]:
                        connection.execute(statement)
                    connection.execute(f"PRAGMA user_version={step}")
            connection.execute(f"PRAGMA busy_timeout={RUNNING_BUSY_TIMEOUT_S * 1000:.0f}")
            status = self._path.stat()
        except (OSError, sqlite3.Error) as error:
            if connection is not None:
                connection.close()
            raise self._unusable(error) from error
        with self._lock:
            self._connection = connection
            self._data_version = 0
            self._file = (status.st_dev, status.st_ino)

    def verify(self, busy_timeout_s: float = RUNNING_BUSY_TIMEOUT_S) -> None:
        """Raise the :class:`StorageError` that :meth:`open` would; change nothing."""
        version = self._version_of_file(busy_timeout_s)
        if version > SCHEMA_VERSION:
            raise StorageError(
                f"La base {self._path} vient d'une version plus récente du bot "
                f"(schéma {version}, connu jusqu'à {SCHEMA_VERSION}) : mettre le bot à jour, "
                "ou régler DATABASE_PATH sur un autre fichier"
            )

    def _version_of_file(self, busy_timeout_s: float) -> int:
        """Return the schema version in the file, 0 for a new or empty one; write nothing."""
        try:
            if self._path.is_dir():
                raise StorageError(f"DATABASE_PATH = {self._path} est un dossier, pas un fichier")
            if not self._path.exists() or self._path.stat().st_size == 0:
                return 0
            with self._path.open("rb") as file:
                # SQLite itself takes a file of one byte for an empty one, and overwrites it.
                if file.read(len(damaged_store.SQLITE_MAGIC)) != damaged_store.SQLITE_MAGIC:
                    raise ForeignFile(f"{self._path} n'est pas une base du bot : {_NOT_OURS}")
            connection = sqlite3.connect(
                damaged_store.uri_to_look(self._path), uri=True, timeout=busy_timeout_s
            )
            try:
                connection.execute("BEGIN")  # one look, while another process may migrate
                version = int(connection.execute("PRAGMA user_version").fetchone()[0])
                tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
                columns = tuple(row[1] for row in connection.execute("PRAGMA table_info(nodes)"))
            finally:
                connection.close()
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error
        expected = _COLUMNS_OF_VERSION.get(version)
        if version <= SCHEMA_VERSION and (columns != expected or bool(tables) != bool(expected)):
            raise ForeignFile(f"{self._path} est la base d'un autre programme : {_NOT_OURS}")
        return version

    def _unusable(self, error: OSError | sqlite3.Error) -> StorageError:
        """Return what an operator is to be told about a failure to open the file."""
        if isinstance(error, sqlite3.Error) and damaged_store.is_damage(error):
            return ForeignFile(f"{self._path} n'est pas une base du bot ({error}) : {_NOT_OURS}")
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (
            sqlite3.SQLITE_READONLY,
            sqlite3.SQLITE_CANTOPEN,
            sqlite3.SQLITE_PERM,
        ) or isinstance(error, PermissionError):
            return StorageError(
                f"Pas le droit d'écrire dans {self._path} ou son dossier : les donner à "
                "l'utilisateur du bot (sudo chown), ou régler DATABASE_PATH"
            )
        return StorageError(
            f"Base {self._path} inutilisable pour l'instant : {error}", passing=True
        )

    def repair(self, stamp: str, *, thorough: bool) -> str | None:
        """Before :meth:`open`: put a new file in the place of one of ours that is damaged.

        For a file that a bot has used before. What can be read of it, and of the copies, is in the
        new one; the damaged one is set aside. Whenever this is interrupted, the next call goes on.
        Returns a line for the operator when that was needed. ``thorough``: look at every page;
        ``stamp`` goes into the damaged file's new name. Raises :class:`StorageError`.
        """
        try:
            if self._path.is_dir() or not self._needs_repair(thorough=thorough):
                return None
            nodes, keys = self._build_from_remains()
            aside = self._put_fresh_in_place(stamp)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error
        where = f"mise de côté sous {aside.name}" if aside is not None else "perdue"
        return (
            f"La base {self._path} était abîmée (courant ou carte SD) : {where}, une nouvelle est "
            f"commencée avec {nodes} nœuds et {keys} clés retrouvés"
        )

    def _needs_repair(self, *, thorough: bool) -> bool:
        if self._fresh_path.exists():
            return True  # a repair was interrupted after its new file was complete
        if not self._path.exists() or self._path.stat().st_size == 0:
            return any(path.exists() for path in self._backup_paths)
        if damaged_store.is_damaged(self._path, thorough=thorough):
            return True
        try:
            return self._version_of_file(BUSY_TIMEOUT_S) > SCHEMA_VERSION + MAX_NEWER
        except ForeignFile:
            return True

    def _build_from_remains(self) -> tuple[int, int]:
        """Make the new file of what can be read; return how many nodes and keys of this mesh."""
        remains = {simulated: self._remains(simulated=simulated) for simulated in (False, True)}
        if not self._fresh_path.exists():
            self._build([_mesh_of(saved, simulated) for simulated, saved in remains.items()])
        saved = remains[bool(self._simulated)]
        return len(saved.nodes), saved.keys

    def _remains(self, *, simulated: bool) -> damaged_store.Salvage:
        """Return what can be read of a mesh, in the file or else in the copies."""
        columns = (", ".join(_NODE_COLUMNS), ", ".join(_OTHER_KEY_COLUMNS))
        saved = damaged_store.salvage(self._path, *columns, simulated=simulated)
        for path in (self._fresh_path, *self._backup_paths):
            saved.add(damaged_store.salvage(path, *columns, simulated=simulated))
        return saved

    def _build(self, meshes: Iterable[_Mesh]) -> None:
        """Make the new file, which has its final name once it is complete."""
        unfinished = self._fresh_path.with_name(self._fresh_path.name + ".tmp")
        for side in ("", *damaged_store.SIDE_FILES):
            unfinished.with_name(unfinished.name + side).unlink(missing_ok=True)
        for simulated, nodes, other_keys in meshes:
            part = Storage(unfinished, simulated=simulated)
            part.open()
            try:
                part.save_nodes(nodes, other_keys)
            finally:
                part.close()
        unfinished.replace(self._fresh_path)

    def _put_fresh_in_place(self, stamp: str) -> Path | None:
        """Let the new file take the place of the damaged one; return where that is now."""
        aside = None
        if self._path.exists() and self._path.stat().st_size:
            aside = damaged_store.set_aside(self._path, stamp)
        for side in damaged_store.SIDE_FILES:
            self._path.with_name(self._path.name + side).unlink(missing_ok=True)
        self._fresh_path.replace(self._path)
        return aside

    def replace_damaged(
        self,
        nodes: Iterable[KnownNode],
        other_keys: Mapping[int, Sequence[OtherKey]],
        stamp: str,
    ) -> None:
        """While closed: put a new file, of what is known, in the place of a damaged one.

        Of the real mesh, while a simulated one is used, what can be read. Raises
        :class:`StorageError`.
        """
        try:
            meshes: list[_Mesh] = [(bool(self._simulated), nodes, other_keys)]
            if self._simulated:
                meshes.append(_mesh_of(self._remains(simulated=False), simulated=False))
            self._build(meshes)
            self._put_fresh_in_place(stamp)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error

    def back_up(self) -> None:
        """Copy the database beside itself, for a day on which it is damaged.

        Other threads go on reading and writing meanwhile. Raises :class:`StorageError`; what is
        damaged already never replaces a copy.
        """
        fresh = self._backup_path.with_name(self._backup_path.name + ".new")
        try:
            fresh.unlink(missing_ok=True)
            source = sqlite3.connect(self._path, timeout=RUNNING_BUSY_TIMEOUT_S)
            target = sqlite3.connect(fresh)
            try:
                source.backup(target)
            finally:
                target.close()
                source.close()
            if damaged_store.is_damaged(fresh, thorough=True):
                fresh.unlink()
                raise StorageDamaged(
                    f"Copie de la base impossible : {self._path} est abîmée", passing=True
                )
            with fresh.open("rb") as file:
                os.fsync(file.fileno())
            if self._backup_path.exists():
                self._backup_path.replace(self._backup_paths[1])
            fresh.replace(self._backup_path)
        except (OSError, sqlite3.Error) as error:
            raise StorageError(
                f"Copie de la base impossible : {self._backup_path} ({error})", passing=True
            ) from error

    def compact(self) -> bool:
        """Give back the room of what was deleted, if it is worth the writing; say whether it was.

        Raises :class:`StorageError`.
        """
        try:
            with self._lock:
                connection = self._opened()
                pages = int(connection.execute("PRAGMA page_count").fetchone()[0])
                free = int(connection.execute("PRAGMA freelist_count").fetchone()[0])
                if free < MIN_FREE_PAGES or free < pages * MIN_FREE_SHARE:
                    return False
                connection.execute("VACUUM")
                return True
        except sqlite3.Error as error:
            raise self._not_written(error) from error

    def damage(self) -> str:
        """Look at every page of the file, not opened by us; return what is wrong, or nothing."""
        try:
            if self._path.is_dir():
                return ""  # wrong, but not damaged: for verify() to say
            return "illisible" if damaged_store.is_damaged(self._path, thorough=True) else ""
        except OSError as error:
            return str(error.strerror)

    def backup_age_s(self, wall_s: float) -> float | None:
        """Return how old the copy is at a wall-clock time, None where there is none."""
        try:
            return wall_s - self._backup_path.stat().st_mtime
        except OSError:
            return None

    def close(self) -> None:
        """Close the file. Harmless when it is not open."""
        with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def forget_simulated(self) -> None:
        """Forget what a simulated node taught: a real one is used. Raises :class:`StorageError`."""
        try:
            with self._lock, self._opened() as transaction:
                for table in ("nodes", "other_keys", "key_orders", "link_events"):
                    transaction.execute(f"DELETE FROM {table} WHERE simulated")
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def load_nodes(self) -> list[KnownNode]:
        """Return every stored node. Raises :class:`StorageError`."""
        return [KnownNode(*row) for row in self._rows("nodes", _NODE_COLUMNS)]

    def nodes_of_the_other_mesh(self) -> int:
        """Return how many nodes are stored of the real mesh in simulated mode, or the reverse.

        Raises :class:`StorageError`.
        """
        try:
            with self._lock:
                query = "SELECT count(*) FROM nodes WHERE simulated != ?"
                return int(self._opened().execute(query, (self._simulated,)).fetchone()[0])
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def load_other_keys(self) -> list[OtherKey]:
        """Return every key stored that is not its node's. Raises :class:`StorageError`."""
        return [OtherKey(*row) for row in self._rows("other_keys", _OTHER_KEY_COLUMNS)]

    def load_decisions(self) -> list[KeyDecision]:
        """Return what the operator decided and the bot has yet to do, the oldest first.

        Raises :class:`StorageError`.
        """
        rows = self._rows("key_orders", ("id", "num", "public_key", "accept"))
        decisions = [KeyDecision(id_, num, key, bool(accept)) for id_, num, key, accept in rows]
        return sorted(decisions, key=lambda decision: decision.id)

    def add_decision(self, num: int, public_key: bytes, *, accept: bool) -> int:
        """Leave a decision for the bot; return its id. Raises :class:`StorageError`."""
        try:
            with self._lock, self._opened() as transaction:
                transaction.execute(  # the last word counts
                    "DELETE FROM key_orders WHERE simulated = ? AND num = ? AND public_key = ?",
                    (self._simulated, num, public_key),
                )
                cursor = transaction.execute(
                    "INSERT INTO key_orders (simulated, num, public_key, accept) "
                    "VALUES (?, ?, ?, ?)",
                    (self._simulated, num, public_key, accept),
                )
                return int(cursor.lastrowid or 0)
        except sqlite3.Error as error:
            raise self._not_written(error) from error

    def changed_by_others(self) -> bool:
        """Say whether another connection wrote to the file since the last call.

        Raises :class:`StorageError`.
        """
        try:
            with self._lock:
                version = int(self._opened().execute("PRAGMA data_version").fetchone()[0])
                changed, self._data_version = version != self._data_version, version
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        return changed

    def save_nodes(
        self,
        nodes: Iterable[KnownNode],
        other_keys: Mapping[int, Sequence[OtherKey]] | None = None,
        carried_out: Iterable[int] = (),
    ) -> None:
        """Write nodes in one transaction, durable on return. Raises :class:`StorageError`.

        ``other_keys``: all of each node named. ``carried_out``: ids of decisions done with.
        """
        rows = [
            (self._simulated, *(getattr(node, column) for column in _NODE_COLUMNS))
            for node in nodes
        ]
        nums = [(self._simulated, num) for num in other_keys or ()]
        other_rows = [
            (self._simulated, *(getattr(other, column) for column in _OTHER_KEY_COLUMNS))
            for others in (other_keys or {}).values()
            for other in others
        ]
        self._check_file()
        try:
            with self._lock, self._opened() as transaction:
                transaction.executemany(_insert("nodes", _NODE_COLUMNS), rows)
                transaction.executemany(
                    "DELETE FROM other_keys WHERE simulated = ? AND num = ?", nums
                )
                transaction.executemany(_insert("other_keys", _OTHER_KEY_COLUMNS), other_rows)
                transaction.executemany(
                    "DELETE FROM key_orders WHERE id = ?",
                    [(decision_id,) for decision_id in carried_out],
                )
        except sqlite3.Error as error:
            raise self._not_written(error) from error

    # -- The link's events ---------------------------------------------------------------------

    def last_link_run(self) -> int:
        """Return the number of the last run of the bot that is stored, 0 if none.

        Raises :class:`StorageError`.
        """
        query = (f"max(CASE WHEN typeof(run) = 'integer' AND run < {MAX_NUMBER} THEN run END)",)
        return int(self._rows("link_events", query)[0][0] or 0)

    def add_link_events(self, events: Iterable[LinkEvent]) -> None:
        """Write events in one transaction. Raises :class:`StorageError`."""
        rows = [
            (
                self._simulated,
                event.kind.value,
                *(getattr(event, column) for column in _EVENT_COLUMNS[1:-1]),
                event.cause.value if event.cause is not None else "",
            )
            for event in events
        ]
        self._check_file()
        try:
            with self._lock, self._opened() as transaction:
                transaction.executemany(_insert("link_events", _EVENT_COLUMNS), rows)
        except sqlite3.Error as error:
            raise self._not_written(error) from error

    def load_link_events(self, most: int) -> list[LinkEvent]:
        """Return the last ``most`` events in the order they were noted.

        Raises :class:`StorageError`. Kinds that a newer version wrote are left out.
        """
        kinds = {kind.value: kind for kind in EventKind}
        causes = {cause.value: cause for cause in Cause}
        query = f"SELECT {', '.join(_EVENT_COLUMNS)} FROM link_events WHERE simulated = ? "
        rows = self._fetch(query + "ORDER BY id DESC LIMIT ?", most)
        events = []
        for kind, wall_s, mono_s, run, session, seconds, count, text, cause in reversed(rows):
            values = (wall_s, mono_s, run, session, seconds, count, text)
            if kind in kinds and _is_event(*values):
                events.append(LinkEvent(kinds[kind], *values, cause=causes.get(cause)))
        return events

    def prune_link_events(self, most: int, before_wall_s: float) -> None:
        """Delete all but the last ``most`` events, and those from before a wall-clock time.

        Raises :class:`StorageError`.
        """
        try:
            with self._lock, self._opened() as transaction:
                transaction.execute(
                    "DELETE FROM link_events WHERE id <= (SELECT max(id) FROM link_events) - ? "
                    "OR (wall_s < ? AND run < (SELECT max(run) FROM link_events))",
                    (most, before_wall_s),
                )
        except sqlite3.Error as error:
            raise self._not_written(error) from error

    def _rows(self, table: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        return self._fetch(f"SELECT {', '.join(columns)} FROM {table} WHERE simulated = ?")

    def _fetch(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query whose first parameter is the mesh in use."""
        try:
            with self._lock:
                connection = self._opened()
                try:
                    return connection.execute(query, (self._simulated, *parameters)).fetchall()
                except sqlite3.OperationalError as error:
                    if UNDECODABLE not in str(error):
                        raise
                # A name that a bit of the card has spoilt must not keep the rest from being read.
                # Only then: this takes a third longer.
                connection.text_factory = lambda data: data.decode("utf-8", "replace")
                return connection.execute(query, (self._simulated, *parameters)).fetchall()
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _not_written(self, error: sqlite3.Error) -> StorageError:
        if damaged_store.is_damage(error):
            return StorageDamaged(f"La base {self._path} est abîmée ({error})", passing=True)
        return StorageError(f"Écriture impossible dans {self._path} : {error}", passing=True)

    def _check_file(self) -> None:
        """Raise what is wrong with the file, were it only that it is not the one opened."""
        try:
            status = self._path.stat()
            there = (status.st_dev, status.st_ino) == self._file
        except FileNotFoundError:
            there = False
        except OSError as error:
            raise self._unusable(error) from error
        with self._lock:
            open_ = self._connection is not None
        if not (there and open_):
            raise StorageVanished(f"La base {self._path} a disparu", passing=True)

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StorageError(f"Base {self._path} fermée")
        return self._connection


def _mesh_of(saved: damaged_store.Salvage, simulated: bool) -> _Mesh:
    other_keys: dict[int, list[OtherKey]] = {}
    for other in saved.other_keys:
        other_keys.setdefault(other.num, []).append(other)
    return simulated, saved.nodes, other_keys


def _insert(table: str, columns: Sequence[str]) -> str:
    places = ", ".join("?" * (1 + len(columns)))
    return f"INSERT OR REPLACE INTO {table} (simulated, {', '.join(columns)}) VALUES ({places})"


def _is_event(
    wall_s: object,
    mono_s: object,
    run: object,
    session: object,
    seconds: object,
    count: object,
    text: object,
) -> bool:
    """Say whether a row holds what an event holds: a damaged file may hold anything."""
    times_s = (wall_s, mono_s, seconds if seconds is not None else 0.0)
    numbers = (run, session, count if count is not None else 0)
    return (
        all(isinstance(time_s, (int, float)) and abs(time_s) < MAX_TIME_S for time_s in times_s)
        and all(isinstance(number, int) and 0 <= number < MAX_NUMBER for number in numbers)
        and isinstance(text, str)
    )


def may_exist(path: Path) -> bool:
    """Say whether a file is there, or hidden where we may not look: opening it tells."""
    try:
        return path.exists()
    except OSError:
        return True
