"""A store in memory, for tests of what uses one."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from meshbot.model.key_decision import KeyDecision
from meshbot.model.known_node import KnownNode
from meshbot.model.other_key import OtherKey
from meshbot.store.database import Database
from meshbot.store.node_store import NodeStore
from meshbot.store.storage_error import StorageError


class FakeStorage(NodeStore):
    """Nodes in memory, with a fault to switch on and a hook before each write."""

    def __init__(self) -> None:
        super().__init__(Database(Path("unused")))
        self.rows: dict[int, KnownNode] = {}
        self.other_keys: dict[int, Sequence[OtherKey]] = {}
        self.decisions: list[KeyDecision] = []
        self.failing = False
        self.before_write: Callable[[], None] = lambda: None
        self._last_decision_id = 0

    def load_nodes(self) -> list[KnownNode]:
        return [replace(node, heard_s=None) for _, node in sorted(self.rows.items())]

    def node_pages(self) -> Iterator[list[KnownNode]]:
        yield self.load_nodes()

    def load_other_keys(self) -> list[OtherKey]:
        return [other for others in self.other_keys.values() for other in others]

    def load_decisions(self) -> list[KeyDecision]:
        return list(self.decisions)

    def add_decision(self, num: int, public_key: bytes, *, accept: bool) -> int:
        self._last_decision_id += 1
        self.decisions = [
            decision
            for decision in self.decisions
            if (decision.num, decision.public_key) != (num, public_key)
        ]
        self.decisions.append(KeyDecision(self._last_decision_id, num, public_key, accept))
        return self._last_decision_id

    def save_nodes(
        self,
        nodes: Iterable[KnownNode],
        other_keys: Mapping[int, Sequence[OtherKey]] | None = None,
        carried_out: Iterable[int] = (),
        *,
        forgotten: Iterable[int] = (),
    ) -> None:
        self.before_write()
        if self.failing:
            raise StorageError("disque plein")
        for num in forgotten:
            self.rows.pop(num, None)
            self.other_keys.pop(num, None)
        self.rows.update({node.num: replace(node) for node in nodes})
        self.other_keys.update(other_keys or {})
        done = set(carried_out)
        self.decisions = [decision for decision in self.decisions if decision.id not in done]
