"""What can still be read of a damaged database and of its copies, the best row of each.

A row whose checksum is right is as it was written. One without a checksum, in a file of a version
before there were any, is as good as its values look. One whose checksum is wrong is nothing, but
for orders heard, which are there to be refused.
"""

import enum
import logging
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshbot.model.known_node import KnownNode
from meshbot.model.other_key import OtherKey
from meshbot.model.public_key import is_usable_key
from meshbot.store.carved_rows import carved_rows
from meshbot.store.damaged_table import DamagedTable
from meshbot.store.inspection import has_content, looking_into
from meshbot.store.storage_error import READ_ERRORS
from meshbot.store.stored_table import (
    HEARD_ORDERS,
    KEY_ORDERS,
    NODES,
    OTHER_KEYS,
    STORED_TABLES,
    StoredTable,
)

log = logging.getLogger(__name__)

_RowKey = tuple[object, ...]


class _State(enum.IntEnum):
    UNPROVEN = 1
    AS_WRITTEN = 2


@dataclass(slots=True)
class _Found:
    state: _State
    fields: dict[str, Any]
    from_copy: bool = False
    recalled: bool = False
    """Whether it may be of the past: from a copy, or from a page that nothing leads to."""


class Salvage:
    """What was saved of one mesh."""

    def __init__(self, *, simulated: bool) -> None:
        """Begin with nothing. ``simulated``: which mesh."""
        self.simulated = simulated
        self._found: dict[str, dict[_RowKey, _Found]] = {one.name: {} for one in STORED_TABLES}
        self._spoilt: dict[str, set[_RowKey]] = {one.name: set() for one in STORED_TABLES}

    @property
    def nodes(self) -> list[KnownNode]:
        """The nodes."""
        return [KnownNode(**found.fields) for found in self._found[NODES.name].values()]

    @property
    def other_keys(self) -> dict[int, list[OtherKey]]:
        """The keys that are not their node's, by node."""
        by_node: dict[int, list[OtherKey]] = {}
        for found in self._found[OTHER_KEYS.name].values():
            other = OtherKey(**found.fields)
            by_node.setdefault(other.num, []).append(other)
        return by_node

    @property
    def keys(self) -> int:
        """How many public keys of nodes there are."""
        return sum(bool(found.fields["public_key"]) for found in self._found[NODES.name].values())

    @property
    def spoilt(self) -> int:
        """How many rows of the file itself are not as they were written."""
        return sum(map(len, self._spoilt.values()))

    @property
    def from_copies(self) -> int:
        """How many rows were taken from a copy."""
        return sum(one.from_copy for rows in self._found.values() for one in rows.values())

    def rows(self, table: StoredTable) -> Iterator[tuple[object, ...]]:
        """Yield the rows of a table to write, with their checksums, when all were added."""
        for found in self._found[table.name].values():
            yield table.with_checksum(int(self.simulated), found.fields)

    def add_from(self, path: Path, *, is_copy: bool = False, carve: bool = False) -> None:
        """Add what can be read in a file and was not found in a better state before.

        Changes nothing there. What a file of an older version lacks is as in a node just met.
        ``carve``: look at every page, also of tables that can be read to their end.
        """
        complete = self._add_tables(path, is_copy=is_copy)
        for table in STORED_TABLES:
            if carve or table.name not in complete:
                self._add_carved(path, table, is_copy=is_copy)

    def _add_tables(self, path: Path, *, is_copy: bool) -> set[str]:
        """Add what the tables hold; return those of which all could be read."""
        complete = {table.name for table in STORED_TABLES if table.has_row_ids}  # not to be carved
        try:
            if not has_content(path):
                return complete  # it may have left its log
            with looking_into(path) as connection:
                connection.text_factory = lambda data: data.decode("utf-8", "replace")
                # The one way to read a file that is shorter than it says.
                connection.execute("PRAGMA writable_schema=ON")
                for table in STORED_TABLES:
                    if self._add_table(connection, table, is_copy=is_copy):
                        complete.add(table.name)
        except READ_ERRORS as error:
            log.debug("salvaging %s: %s", path, error)
        return complete

    def _add_table(
        self, connection: sqlite3.Connection, table: StoredTable, *, is_copy: bool
    ) -> bool:
        """Add what the table holds; return whether all of it could be read."""
        damaged = DamagedTable(connection, table.name, table.key, self.simulated)
        spoilt = self._spoilt[table.name]
        for values in damaged.rows((*table.columns, "checksum")):
            key = tuple(values[column] for column in table.key)
            state = _state_of(table, values)
            fields = table.mended(_with_usable_key(table, values, state)) if state else None
            if state is not None and fields is not None:
                if table is KEY_ORDERS and is_copy and key not in spoilt:
                    continue  # carried out since, or else it would be in the file
                self._add(table, key, _Found(state, fields, is_copy, is_copy))
                continue
            if not is_copy:
                spoilt.add(key)
            if table is HEARD_ORDERS:
                self._add_spoilt_order(key, values, is_copy=is_copy)
        return damaged.is_complete

    def _add_spoilt_order(self, key: _RowKey, values: dict[str, object], *, is_copy: bool) -> None:
        """Keep an order heard although its row was changed.

        To refuse one that was never heard costs less than to obey one twice.
        """
        fields = HEARD_ORDERS.mended(values)
        if fields is not None:
            self._add(HEARD_ORDERS, key, _Found(_State.UNPROVEN, fields, is_copy, is_copy))

    def _add_carved(self, path: Path, table: StoredTable, *, is_copy: bool) -> None:
        found = []
        for values in carved_rows(path, table):
            fields = table.mended(values)
            if fields is not None and values["simulated"] == int(self.simulated):
                found.append(_Found(_State.AS_WRITTEN, fields, is_copy, recalled=True))
        if table is NODES:  # the latest of several states of one
            found.sort(key=lambda one: int(one.fields["last_heard"]), reverse=True)
        for one in found:
            self._add(table, tuple(one.fields[column] for column in table.key), one)

    def _add(self, table: StoredTable, key: _RowKey, found: _Found) -> None:
        rows = self._found[table.name]
        known = rows.get(key)
        if known is None or found.state > known.state:
            rows[key] = found
        elif table is NODES and known.state is _State.UNPROVEN:
            known.fields["public_key"] = known.fields["public_key"] or found.fields["public_key"]

    def settle(self) -> None:
        """When all was added: take out what is of the past beside what is not.

        A key that has ceased to be a node's comes with that node from a copy; that it did, the
        other keys tell, or the node that has it now. The reverse as well.
        """
        nodes = self._found[NODES.name]
        others = self._found[OTHER_KEYS.name]
        current = {
            node.fields["public_key"]: num for (num,), node in nodes.items() if not node.recalled
        }
        for (num, key), other in list(others.items()):
            if other.recalled and current.get(key) == num:
                del others[num, key]
        for (num,), node in nodes.items():
            key = node.fields["public_key"]
            beside = others.get((num, key))
            if node.recalled and (key in current or (beside and not beside.recalled)):
                node.fields["public_key"] = b""


def _state_of(table: StoredTable, values: dict[str, object]) -> _State | None:
    """Return how far a row can be believed, None for not at all."""
    if "checksum" not in values:
        return _State.UNPROVEN
    # Of an older version: over the columns that there were.
    row = [values[column] for column in (*table.columns, "checksum") if column in values]
    return _State.AS_WRITTEN if table.is_as_written(row) else None


def _with_usable_key(
    table: StoredTable, values: dict[str, object], state: _State | None
) -> dict[str, object]:
    """Return values without a key that no checksum proves and that can be none."""
    key = values.get("public_key")
    if state is not _State.UNPROVEN or not isinstance(key, bytes) or not key:
        return values
    if is_usable_key(key):
        return values
    return {name: value for name, value in values.items() if name != "public_key"}


def salvaged(
    paths: Iterable[Path], copies: Iterable[Path], *, simulated: bool, carve: bool
) -> Salvage:
    """Return what is left of a mesh in a file, in what was made of it, and in its copies."""
    saved = Salvage(simulated=simulated)
    for path in paths:
        saved.add_from(path, carve=carve)
    for path in copies:
        saved.add_from(path, is_copy=True)
    saved.settle()
    return saved
