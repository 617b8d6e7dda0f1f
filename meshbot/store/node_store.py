"""The nodes of the mesh in the database, their keys, and the operator's decisions about keys.

Each row is written with its checksum. One that the card has changed since is not given out: a wrong
key would be believed, and the right one called another. Repairing the file is for who opens it.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from meshbot.model.key_decision import KeyDecision
from meshbot.model.known_node import KnownNode
from meshbot.model.other_key import OtherKey
from meshbot.store.database import Database
from meshbot.store.stored_table import KEY_ORDERS, NODES, OTHER_KEYS, StoredTable

log = logging.getLogger(__name__)


class NodeStore:
    """What is stored of the mesh in use, the real or the simulated one."""

    def __init__(self, database: Database) -> None:
        """Name the database; it is opened and closed by its owner."""
        self.database = database
        self._simulated = int(database.simulated)

    def load_nodes(self) -> list[KnownNode]:
        """Return every stored node. Raises ``StorageError``."""
        return [KnownNode(**fields) for fields in self._records(NODES)]

    def node_pages(self) -> Iterator[list[KnownNode]]:
        """Yield every stored node, some at a time. Raises ``StorageError``."""
        for page in self.database.pages(_query(NODES), self._simulated):
            yield [KnownNode(**fields) for fields in _as_written(NODES, page)]

    def read_through(self) -> Iterator[int]:
        """Read every stored node and make nothing of it; yield how many were read, some at a time.

        Raises ``StorageError`` where they cannot be read.
        """
        for page in self.database.pages(_query(NODES), self._simulated):
            yield len(page)

    def load_other_keys(self) -> list[OtherKey]:
        """Return every key stored that is not its node's. Raises ``StorageError``."""
        return [OtherKey(**fields) for fields in self._records(OTHER_KEYS)]

    def load_decisions(self) -> list[KeyDecision]:
        """Return what the operator decided and the bot has yet to do, the oldest first.

        Raises ``StorageError``.
        """
        decisions = [
            KeyDecision(**{**fields, "accept": bool(fields["accept"])})
            for fields in self._records(KEY_ORDERS)
        ]
        return sorted(decisions, key=lambda decision: decision.id)

    def add_decision(self, num: int, public_key: bytes, *, accept: bool) -> int:
        """Leave a decision for the bot; return its id. Raises ``StorageError``."""
        with self.database.transaction() as transaction:
            transaction.execute(  # the last word counts
                "DELETE FROM key_orders WHERE simulated = ? AND num = ? AND public_key = ?",
                (self._simulated, num, public_key),
            )
            cursor = transaction.execute(
                "INSERT INTO key_orders (simulated, num, public_key, accept) VALUES (?, ?, ?, ?)",
                (self._simulated, num, public_key, int(accept)),
            )
            decision_id = int(cursor.lastrowid or 0)
            decision = KeyDecision(decision_id, num, public_key, accept)
            transaction.execute(KEY_ORDERS.insert(), self._row(KEY_ORDERS, decision))
            return decision_id

    def save_nodes(
        self,
        nodes: Iterable[KnownNode],
        other_keys: Mapping[int, Sequence[OtherKey]] | None = None,
        carried_out: Iterable[int] = (),
        *,
        forgotten: Iterable[int] = (),
    ) -> None:
        """Write nodes in one transaction, durable on return. Raises ``StorageError``.

        ``other_keys``: all of each node named. ``carried_out``: ids of decisions that are done.
        ``forgotten``: numbers of nodes that are deleted first, with their other keys.
        """
        rows = [self._row(NODES, node) for node in nodes]
        nums = [(self._simulated, num) for num in other_keys or ()]
        other_rows = [
            self._row(OTHER_KEYS, other)
            for others in (other_keys or {}).values()
            for other in others
        ]
        ids = [(decision_id,) for decision_id in carried_out]
        gone = [(self._simulated, num) for num in forgotten]
        with self.database.transaction() as transaction:
            transaction.executemany("DELETE FROM nodes WHERE simulated = ? AND num = ?", gone)
            transaction.executemany("DELETE FROM other_keys WHERE simulated = ? AND num = ?", gone)
            transaction.executemany(NODES.insert(), rows)
            transaction.executemany("DELETE FROM other_keys WHERE simulated = ? AND num = ?", nums)
            transaction.executemany(OTHER_KEYS.insert(), other_rows)
            transaction.executemany("DELETE FROM key_orders WHERE id = ?", ids)

    def nodes_of_the_other_mesh(self) -> int:
        """Return how many nodes are stored of the real mesh in simulated mode, or the reverse.

        Raises ``StorageError``.
        """
        query = "SELECT count(*) FROM nodes WHERE simulated != ?"
        return int(self.database.rows(query, self._simulated)[0][0])

    def _records(self, table: StoredTable) -> Iterator[dict[str, Any]]:
        """Yield the fields of each row that is as it was written."""
        yield from _as_written(table, self.database.rows(_query(table), self._simulated))

    def _row(self, table: StoredTable, record: object) -> tuple[object, ...]:
        return table.row_of(self._simulated, record)


def _query(table: StoredTable) -> str:
    columns = ", ".join((*table.columns, "checksum"))
    return f"SELECT {columns} FROM {table.name} WHERE simulated = ?"


def _as_written(table: StoredTable, rows: Iterable[Sequence[Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        values = dict(zip(table.columns, row[:-1], strict=True))
        fields = table.mended(values) if table.is_as_written(row) else None
        if fields is None:
            log.debug("a row of %s is not as it was written", table.name)
            continue
        yield fields
