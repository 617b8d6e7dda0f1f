"""The nodes of the mesh in the database, their keys, and the operator's decisions about keys."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from meshbot.model.key_decision import KeyDecision
from meshbot.model.known_node import KnownNode
from meshbot.model.other_key import OtherKey
from meshbot.store.database import Database

NODE_COLUMNS = (
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
    "known_since",
)
"""The fields of a ``KnownNode`` that are stored, in its order."""
OTHER_KEY_COLUMNS = (
    "num",
    "public_key",
    "offered_at",
    "refused_at",
    "replaced_at",
    "replaced_by",
)
"""The fields of an ``OtherKey``."""
DECISION_COLUMNS = ("id", "num", "public_key", "accept")
"""The fields of a ``KeyDecision``; the table is called ``key_orders``."""


class NodeStore:
    """What is stored of the mesh in use, the real or the simulated one."""

    def __init__(self, database: Database) -> None:
        """Name the database; it is opened and closed by its owner."""
        self.database = database
        self._simulated = int(database.simulated)

    def load_nodes(self) -> list[KnownNode]:
        """Return every stored node. Raises ``StorageError``."""
        return [KnownNode(*row) for row in self._rows("nodes", NODE_COLUMNS)]

    def node_pages(self) -> Iterator[list[KnownNode]]:
        """Yield every stored node, some at a time. Raises ``StorageError``."""
        query = f"SELECT {', '.join(NODE_COLUMNS)} FROM nodes WHERE simulated = ?"
        for page in self.database.pages(query, self._simulated):
            yield [KnownNode(*row) for row in page]

    def load_other_keys(self) -> list[OtherKey]:
        """Return every key stored that is not its node's. Raises ``StorageError``."""
        return [OtherKey(*row) for row in self._rows("other_keys", OTHER_KEY_COLUMNS)]

    def load_decisions(self) -> list[KeyDecision]:
        """Return what the operator decided and the bot has yet to do, the oldest first.

        Raises ``StorageError``.
        """
        rows = self._rows("key_orders", DECISION_COLUMNS)
        decisions = [KeyDecision(id_, num, key, bool(accept)) for id_, num, key, accept in rows]
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
                (self._simulated, num, public_key, accept),
            )
            return int(cursor.lastrowid or 0)

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
        rows = [self._row(node, NODE_COLUMNS) for node in nodes]
        nums = [(self._simulated, num) for num in other_keys or ()]
        other_rows = [
            self._row(other, OTHER_KEY_COLUMNS)
            for others in (other_keys or {}).values()
            for other in others
        ]
        ids = [(decision_id,) for decision_id in carried_out]
        gone = [(self._simulated, num) for num in forgotten]
        with self.database.transaction() as transaction:
            transaction.executemany("DELETE FROM nodes WHERE simulated = ? AND num = ?", gone)
            transaction.executemany("DELETE FROM other_keys WHERE simulated = ? AND num = ?", gone)
            transaction.executemany(_insert("nodes", NODE_COLUMNS), rows)
            transaction.executemany("DELETE FROM other_keys WHERE simulated = ? AND num = ?", nums)
            transaction.executemany(_insert("other_keys", OTHER_KEY_COLUMNS), other_rows)
            transaction.executemany("DELETE FROM key_orders WHERE id = ?", ids)

    def nodes_of_the_other_mesh(self) -> int:
        """Return how many nodes are stored of the real mesh in simulated mode, or the reverse.

        Raises ``StorageError``.
        """
        query = "SELECT count(*) FROM nodes WHERE simulated != ?"
        return int(self.database.rows(query, self._simulated)[0][0])

    def _rows(self, table: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        query = f"SELECT {', '.join(columns)} FROM {table} WHERE simulated = ?"
        return self.database.rows(query, self._simulated)

    def _row(self, record: object, columns: Sequence[str]) -> tuple[object, ...]:
        return (self._simulated, *(getattr(record, column) for column in columns))


def _insert(table: str, columns: Sequence[str]) -> str:
    places = ", ".join("?" * (1 + len(columns)))
    return f"INSERT OR REPLACE INTO {table} (simulated, {', '.join(columns)}) VALUES ({places})"
