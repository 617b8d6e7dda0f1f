"""What happened to the link, in the database."""

import logging
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.store.database import Database
from meshbot.store.inspection import has_content, looking_into
from meshbot.store.storage_error import READ_ERRORS

log = logging.getLogger(__name__)

MAX_WALL_S = 1e10
"""The year 2286: no clock shows more, and a report has to write it as a date."""
MAX_SPAN_S = 1e9
"""Thirty years: no machine has run for longer. What events tell is added up."""
MAX_NUMBER = 1 << 40

EVENT_COLUMNS = (
    "kind",
    "wall_s",
    "mono_s",
    "run",
    "session",
    "seconds",
    "count",
    "text",
    "cause",
)
"""The fields of a ``LinkEvent``, in its order."""
_COLUMNS = ", ".join(EVENT_COLUMNS)


class LinkEventStore:
    """The events of the mesh in use, the real or the simulated one."""

    def __init__(self, database: Database) -> None:
        """Name the database; it is opened and closed by its owner."""
        self.database = database
        self._simulated = int(database.simulated)

    def last_link_run(self) -> int:
        """Return the number of the last run of the bot that is stored, 0 if none.

        Raises ``StorageError``.
        """
        query = (
            f"SELECT max(CASE WHEN typeof(run) = 'integer' AND run < {MAX_NUMBER} THEN run END) "
            "FROM link_events WHERE simulated = ?"
        )
        return int(self.database.rows(query, self._simulated)[0][0] or 0)

    def add_link_events(self, events: Iterable[LinkEvent]) -> None:
        """Write events in one transaction. Raises ``StorageError``."""
        rows = [
            (
                self._simulated,
                event.kind.value,
                event.wall_s,
                event.mono_s,
                event.run,
                event.session,
                event.seconds,
                event.count,
                event.text,
                event.cause.value if event.cause is not None else "",
            )
            for event in events
        ]
        with self.database.transaction() as transaction:
            transaction.executemany(
                f"INSERT INTO link_events (simulated, {_COLUMNS}) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )

    def load_link_events(
        self, most: int, only: Collection[EventKind] = tuple(EventKind)
    ) -> list[LinkEvent]:
        """Return the last ``most`` events of some kinds in the order they were noted.

        Raises ``StorageError``. Kinds that a newer version wrote are left out.
        """
        query, kinds = _query(only)
        return _events_in(self.database.rows(query, self._simulated, *kinds, most))

    def prune_link_events(self, most: int, before_wall_s: float) -> None:
        """Delete all but the last ``most`` events, and those from before a wall-clock time.

        How a trial ended is kept: the bot acts by it for as long as the operator leaves it on.
        Raises ``StorageError``.
        """
        with self.database.transaction() as transaction:
            transaction.execute(
                "DELETE FROM link_events WHERE kind != ? AND ("
                "id <= (SELECT max(id) FROM link_events) - ? "
                "OR (wall_s < ? AND run < (SELECT max(run) FROM link_events)))",
                (EventKind.TRIAL_ENDED.value, most, before_wall_s),
            )


def look_at_events(
    path: Path, only: Collection[EventKind], most: int, *, simulated: bool
) -> list[LinkEvent]:
    """Return the same of a file that is not ours to open, perhaps a bot's; nothing is changed.

    What cannot be read is as if it were not there.
    """
    query, kinds = _query(only)
    try:
        if not has_content(path):
            return []
        with looking_into(path) as connection:
            connection.text_factory = lambda data: data.decode("utf-8", "replace")
            rows = connection.execute(query, (int(simulated), *kinds, most)).fetchall()
    except READ_ERRORS as error:
        log.debug("looking at events of %s: %s", path, error)
        return []
    return _events_in(rows)


def _query(only: Collection[EventKind]) -> tuple[str, list[str]]:
    """Return the query for the last events of some kinds, and what it is to be given for these."""
    kinds = [kind.value for kind in only]
    return (
        f"SELECT {_COLUMNS} FROM link_events WHERE simulated = ? "
        f"AND kind IN ({', '.join('?' * len(kinds))}) ORDER BY id DESC LIMIT ?"
    ), kinds


def _events_in(rows: list[tuple[Any, ...]]) -> list[LinkEvent]:
    """Return what rows hold, the last of which is the first."""
    known = {kind.value: kind for kind in EventKind}
    causes = {cause.value: cause for cause in Cause}
    events = []
    for kind, *values, cause in reversed(rows):
        if kind in known and is_event(*values):
            fields: list[Any] = [known[kind], *values, causes.get(cause)]
            events.append(LinkEvent(*fields))
    return events


def is_event(*values: object) -> bool:
    """Say whether a row holds what an event holds: a damaged file may hold anything."""
    wall_s, mono_s, run, session, seconds, count, text = values
    spans_s = (mono_s, seconds if seconds is not None else 0.0)
    numbers = (run, session, count if count is not None else 0)
    return (
        isinstance(wall_s, (int, float))
        and 0 <= wall_s < MAX_WALL_S
        and all(isinstance(span_s, (int, float)) and abs(span_s) < MAX_SPAN_S for span_s in spans_s)
        and all(isinstance(number, int) and 0 <= number < MAX_NUMBER for number in numbers)
        and isinstance(text, str)
    )
