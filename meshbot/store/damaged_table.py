"""Reads the rows of a table around its damaged pages."""

import logging
import sqlite3
from collections.abc import Iterator, Sequence

from meshbot.store import schema
from meshbot.store.inspection import columns_of
from meshbot.store.storage_error import READ_ERRORS

log = logging.getLogger(__name__)


class DamagedTable:
    """The rows of one mesh in a table, as far as they can be read."""

    def __init__(
        self, connection: sqlite3.Connection, name: str, key: Sequence[str], simulated: bool
    ) -> None:
        """Name it, and the columns it is sorted by."""
        self._connection = connection
        self._name = name
        self._key_columns = tuple(key)
        self._key = ", ".join(key)
        self._key_places = ", ".join("?" * len(key))
        self._backwards = ", ".join(f"{column} DESC" for column in key)
        self._simulated = int(simulated)
        self.is_complete = True
        """Whether nothing stood in the way of reading every row so far."""

    def rows(self, columns: Sequence[str]) -> Iterator[dict[str, object]]:
        """Yield what each row has of these columns; a row may come twice.

        None of a table whose columns are those of no version: what stands in them is not known.
        """
        try:
            there = columns_of(self._connection, self._name)
        except READ_ERRORS as error:
            log.debug("salvaging %s: %s", self._name, error)
            there = ()
        if all(version.tables.get(self._name) != there for version in schema.VERSIONS):
            self.is_complete = False
            return
        others = [name for name in columns if name in there and name not in self._key_columns]
        names = (*self._key_columns, *others)
        for row in self._raw_rows(", ".join(names)):
            yield dict(zip(names, row, strict=True))

    def _raw_rows(self, columns: str) -> Iterator[tuple[object, ...]]:
        """Read from both ends, each time up to where it is damaged."""
        beginning = f"SELECT {columns} FROM {self._name} WHERE simulated = ?"
        for direction, beyond in ((self._key, ">"), (self._backwards, "<")):
            last: tuple[object, ...] = ()
            try:
                query = f"{beginning} ORDER BY {direction}"
                for row in self._connection.execute(query, (self._simulated,)):
                    last = row[: len(self._key_columns)]
                    yield row
            except READ_ERRORS as error:
                self.is_complete = False
                log.debug("salvaging %s: %s", self._name, error)
            else:
                return
            # Python's cursor reads one row ahead, and drops the row it has when the next is
            # damaged.
            after = f" AND ({self._key}) {beyond} ({self._key_places})" if last else ""
            query = f"{beginning}{after} ORDER BY {direction} LIMIT 1"
            try:
                yield from self._connection.execute(query, (self._simulated, *last))
            except READ_ERRORS as error:
                log.debug("salvaging %s: %s", self._name, error)
