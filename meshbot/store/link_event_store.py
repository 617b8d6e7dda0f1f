"""What happened to the link, in the database."""

from collections.abc import Collection, Iterable
from typing import Any

from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.store.database import Database

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
        kinds = {kind.value: kind for kind in only}
        causes = {cause.value: cause for cause in Cause}
        query = (
            f"SELECT {_COLUMNS} FROM link_events WHERE simulated = ? "
            f"AND kind IN ({', '.join('?' * len(kinds))}) ORDER BY id DESC LIMIT ?"
        )
        events = []
        rows = self.database.rows(query, self._simulated, *kinds, most)
        for kind, *values, cause in reversed(rows):
            if kind in kinds and is_event(*values):
                fields: list[Any] = [kinds[kind], *values, causes.get(cause)]
                events.append(LinkEvent(*fields))
        return events

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
