"""What happened to the link, brought from a damaged database and its copies into a new one."""

import logging
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from meshbot.store.damaged_table import DamagedTable
from meshbot.store.inspection import has_content, looking_into
from meshbot.store.link_event_store import EVENT_COLUMNS, is_event
from meshbot.store.storage_error import READ_ERRORS, is_busy

log = logging.getLogger(__name__)

MAX_ID = 1 << 60
_INSERT = (
    f"INSERT OR IGNORE INTO link_events (id, simulated, {', '.join(EVENT_COLUMNS)}) "
    f"VALUES (?, ?{', ?' * len(EVENT_COLUMNS)})"
)


def salvage_events(target: sqlite3.Connection, sources: Iterable[Path], *, simulated: bool) -> None:
    """Copy the events of one mesh, those of the first source first, under the ids they had.

    An id is given once, in the file and in its copies alike, so nothing comes twice. How a trial
    ended is one of the events. Raises ``sqlite3.Error`` when the new file cannot be written.
    """
    for path in sources:
        target.executemany(_INSERT, _events_in(path, simulated=simulated))


def age_of(path: Path) -> int:
    """Return how many events were ever written into a file, 0 if that cannot be read.

    It only grows, also when events are deleted, so of a file and its copies it tells the younger.
    Raises ``sqlite3.Error`` when the file is only busy.
    """
    try:
        if not has_content(path):
            return 0
        with looking_into(path) as connection:
            row = connection.execute(
                "SELECT seq FROM sqlite_sequence WHERE name = 'link_events'"
            ).fetchone()
    except READ_ERRORS as error:
        if is_busy(error):
            raise
        log.debug("age of %s: %s", path, error)
        return 0
    return row[0] if row is not None and _is_id(row[0]) else 0


def set_age(target: sqlite3.Connection, age: int) -> None:
    """Let a new file count on from the oldest that it was made of."""
    query = "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'link_events'"
    if age and target.execute(query, (age,)).rowcount == 0:
        target.execute("INSERT INTO sqlite_sequence VALUES ('link_events', ?)", (age,))


def _events_in(path: Path, *, simulated: bool) -> Iterator[tuple[object, ...]]:
    try:
        if not has_content(path):
            return
        with looking_into(path) as connection:
            connection.text_factory = lambda data: data.decode("utf-8", "replace")
            connection.execute("PRAGMA writable_schema=ON")
            table = DamagedTable(connection, "link_events", ("id",), simulated)
            for values in table.rows(EVENT_COLUMNS):
                row = [values.get(column, "") for column in EVENT_COLUMNS]
                if _is_id(values["id"]) and _is_sound(row):
                    yield (values["id"], int(simulated), *row)
    except READ_ERRORS as error:
        log.debug("salvaging events of %s: %s", path, error)


def _is_id(value: object) -> bool:
    return isinstance(value, int) and 0 < value < MAX_ID


def _is_sound(row: list[object]) -> bool:
    kind, *values, cause = row
    return isinstance(kind, str) and isinstance(cause, str) and is_event(*values)
