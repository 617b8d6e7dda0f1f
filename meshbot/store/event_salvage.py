"""What happened to the link, brought from a damaged database and its copies into a new one."""

import logging
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from meshbot.store.damaged_table import DamagedTable
from meshbot.store.inspection import has_content, looking_into
from meshbot.store.link_event_store import EVENT_COLUMNS, is_event
from meshbot.store.storage_error import READ_ERRORS

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
