"""Reads the rows of a table around its damaged pages."""

import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from meshbot.store.inspection import columns_of

log = logging.getLogger(__name__)


class DamagedTable:
    """The rows of one mesh in a table, as far as they can be read."""

    def __init__(
        self, connection: sqlite3.Connection, name: str, key: Sequence[str], simulated: bool
    ) -> None:
        """Name it, and the columns it is sorted by."""
        self._connection = connection
        self._name = name
        self._key = ", ".join(key)
        self._key_places = ", ".join("?" * len(key))
        self._backwards = ", ".join(f"{column} DESC" for column in key)
        self._key_width = len(key)
        self._simulated = int(simulated)

    def rows(self, checks: Mapping[str, Callable[[object], bool]]) -> Iterator[dict[str, Any]]:
        """Yield the rows whose values all pass their checks. The key's columns come first."""
        there = columns_of(self._connection, self._name)
        columns = [column for column in checks if column in there]
        for row in self._raw_rows(", ".join(columns)) if columns else ():
            values = dict(zip(columns, row, strict=True))
            if all(checks[column](value) for column, value in values.items()):
                yield values

    def _raw_rows(self, columns: str) -> Iterator[tuple[object, ...]]:
        """Read from both ends, each time up to where it is damaged."""
        beginning = f"SELECT {columns} FROM {self._name} WHERE simulated = ?"
        for direction, beyond in ((self._key, ">"), (self._backwards, "<")):
            last: tuple[object, ...] = ()
            try:
                query = f"{beginning} ORDER BY {direction}"
                for row in self._connection.execute(query, (self._simulated,)):
                    last = row[: self._key_width]
                    yield row
            except (sqlite3.Error, OverflowError) as error:
                log.debug("salvaging %s: %s", self._name, error)
            else:
                return
            # Python's cursor reads one row ahead, and drops the row it has when the next is
            # damaged.
            after = f" AND ({self._key}) {beyond} ({self._key_places})" if last else ""
            query = f"{beginning}{after} ORDER BY {direction} LIMIT 1"
            try:
                yield from self._connection.execute(query, (self._simulated, *last))
            except (sqlite3.Error, OverflowError) as error:
                log.debug("salvaging %s: %s", self._name, error)
