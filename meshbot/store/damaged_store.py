"""A database that a power cut or a dying SD card left damaged: set aside, what is readable saved.

Nothing is ever deleted: the damaged file keeps its contents under another name.
"""

import logging
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from meshbot.model.known_node import BROADCAST_NUM, KnownNode
from meshbot.model.other_key import OtherKey
from meshbot.model.public_key import is_usable_key

log = logging.getLogger(__name__)

SQLITE_MAGIC = b"SQLite format 3\x00"
QUICK_BYTES = 64_000_000
"""A file up to this size is looked at whole in a second or two, even on a slow card."""
SIDE_FILES = ("-wal", "-shm")
"""What SQLite adds to a file's name for those it keeps beside it."""


def is_damaged(path: Path, *, thorough: bool) -> bool:
    """Say whether a file is a database of ours that can no longer be trusted.

    ``thorough``: every page is looked at, however big the file is, as after an end that was not
    orderly. Changes nothing, and raises ``OSError``.
    """
    if not path.exists() or path.stat().st_size == 0:
        return False
    with path.open("rb") as file:
        beginning = file.read(len(SQLITE_MAGIC))
    if beginning != SQLITE_MAGIC:
        return not any(beginning)  # zeros: a block that never reached the card; else not ours
    connection = sqlite3.connect(uri_to_look(path), uri=True)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if not thorough and path.stat().st_size > QUICK_BYTES:
            return False
        return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok")
    except sqlite3.DatabaseError as error:
        return is_damage(error)
    finally:
        connection.close()


def is_damage(error: sqlite3.Error) -> bool:
    """Say whether an error means that the file itself is damaged, not that it is busy or full."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


def set_aside(path: Path, stamp: str) -> Path:
    """Rename a database and what belongs to it; return its new path. Raises ``OSError``."""
    aside = path.with_name(f"{path.name}.abimee-{stamp}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.abimee-{stamp}-{number}")
    # Its log goes with it: beside another database it would be taken for that one's.
    for name in ("", *SIDE_FILES):
        part = path.with_name(path.name + name)
        if part.exists():
            part.rename(aside.with_name(aside.name + name))
    return aside


def stamp_of(wall_s: float) -> str:
    """Return what a file set aside at a wall-clock time is called by, in local time."""
    return datetime.fromtimestamp(wall_s).strftime("%Y%m%d-%H%M%S")


def salvage(path: Path, columns: str, other_columns: str, *, simulated: bool) -> "Salvage":
    """Return what can still be read of a damaged database, every row checked; change nothing."""
    nodes: dict[int, KnownNode] = {}
    others: dict[tuple[int, bytes], OtherKey] = {}
    if not path.exists() or path.stat().st_size == 0:
        return Salvage([], [])
    try:
        connection = sqlite3.connect(uri_to_look(path), uri=True)
    except sqlite3.Error:
        return Salvage([], [])
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    try:
        # The one way to read a file that is shorter than it says.
        connection.execute("PRAGMA writable_schema=ON")
        for row in _rows(connection, "nodes", columns, "num", simulated):
            node = _as_node(row)
            if node is not None:
                nodes.setdefault(node.num, node)
        for row in _rows(connection, "other_keys", other_columns, "num, public_key", simulated):
            other = _as_other_key(row)
            if other is not None:
                others.setdefault((other.num, other.public_key), other)
    finally:
        connection.close()
    return Salvage(list(nodes.values()), list(others.values()))


class Salvage:
    """What was saved of a damaged database."""

    def __init__(self, nodes: list[KnownNode], other_keys: list[OtherKey]) -> None:
        """Keep it."""
        self.nodes = nodes
        self.other_keys = other_keys

    def add(self, other: "Salvage") -> None:
        """Take the nodes and keys that only the other has."""
        known = {node.num: position for position, node in enumerate(self.nodes)}
        for node in other.nodes:
            position = known.get(node.num)
            if position is None:
                self.nodes.append(node)
            elif node.public_key and not self.nodes[position].public_key:
                self.nodes[position].public_key = node.public_key
        kept = {(one.num, one.public_key) for one in self.other_keys}
        self.other_keys += [
            one for one in other.other_keys if (one.num, one.public_key) not in kept
        ]

    @property
    def keys(self) -> int:
        """How many public keys were saved."""
        return sum(bool(node.public_key) for node in self.nodes)


def _rows(
    connection: sqlite3.Connection, table: str, columns: str, order: str, simulated: bool
) -> Iterator[tuple[object, ...]]:
    """Read a table from both ends, each time up to where it is damaged."""
    keys = order.split(", ")
    descending = ", ".join(f"{column} DESC" for column in keys)
    beginning = f"SELECT {columns} FROM {table} WHERE simulated = ?"
    for direction, beyond in ((order, ">"), (descending, "<")):
        last: tuple[object, ...] | None = None
        try:
            for row in connection.execute(f"{beginning} ORDER BY {direction}", (int(simulated),)):
                last = row[: len(keys)]
                yield row
        except (sqlite3.Error, OverflowError) as error:
            log.debug("salvaging %s: %s", table, error)
        else:
            return
        # Python's cursor reads one row ahead, and drops the row it has when the next is damaged.
        places = ", ".join("?" * len(keys))
        after = f" AND ({order}) {beyond} ({places})" if last is not None else ""
        try:
            yield from connection.execute(
                f"{beginning}{after} ORDER BY {direction} LIMIT 1", (int(simulated), *(last or ()))
            )
        except (sqlite3.Error, OverflowError) as error:
            log.debug("salvaging %s: %s", table, error)


def _is_num(value: object) -> bool:
    return isinstance(value, int) and 0 < value < BROADCAST_NUM


def _as_node(row: tuple[object, ...]) -> KnownNode | None:
    """Return a row as a node if it is one through and through."""
    num, long_name, short_name, hw_model, role, key, last_heard, snr_db, hops, *times = row
    texts = (long_name, short_name, hw_model, role)
    if not (
        _is_num(num)
        and all(isinstance(text, str) for text in texts)
        and isinstance(key, bytes)
        and (not key or is_usable_key(key))
        and all(isinstance(number, int) for number in (last_heard, *times))
        and (snr_db is None or isinstance(snr_db, float))
        and (hops is None or isinstance(hops, int))
    ):
        return None
    return KnownNode(*row)  # type: ignore[arg-type]


def _as_other_key(row: tuple[object, ...]) -> OtherKey | None:
    num, key, *times, replaced_by = row
    if not (
        _is_num(num)
        and isinstance(key, bytes)
        and is_usable_key(key)
        and all(isinstance(number, int) for number in times)
        and isinstance(replaced_by, str)
    ):
        return None
    return OtherKey(*row)  # type: ignore[arg-type]


def uri_to_look(path: Path) -> str:
    """Return how to open a file without changing anything, not even what lies beside it.

    Without a log beside it nobody has it open; SQLite would make one, and leave it.
    """
    alone = not path.with_name(path.name + "-wal").exists()
    return f"file:{quote(str(path.absolute()))}?mode=ro" + ("&immutable=1" if alone else "")
