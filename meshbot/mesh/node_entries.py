"""The entries of the node table by number, within bounds. Pure.

Packets name any sender they like; memory must not grow with them. Used under the lock of the
node table, which owns it.
"""

from collections import OrderedDict
from collections.abc import Iterable

from meshbot.model.known_node import BROADCAST_NUM, KnownNode

MAX_NODES = 250_000
MAX_STRANGERS = 5_000


class NodeEntries(dict[int, KnownNode]):
    """Nodes by number. A stranger, who never gave a name or a key, makes room for others."""

    def __init__(self) -> None:
        """Start without any."""
        super().__init__()
        self._strangers: OrderedDict[int, None] = OrderedDict()
        """Those that had not introduced themselves when last looked at, the oldest first."""

    def fill(self, nodes: Iterable[KnownNode]) -> None:
        """Hold the nodes that are stored, and no others."""
        self.clear()
        self._strangers.clear()
        self.update((node.num, node) for node in nodes)

    def entry(self, num: int) -> KnownNode | None:
        """Return the entry of ``num``, made if missing; None for an invalid number or no room."""
        node = self.get(num)
        if node is None and 0 < num < BROADCAST_NUM:
            self._make_room()
            if len(self) < MAX_NODES:
                node = self[num] = KnownNode(num)
                self._strangers[num] = None
        return node

    def _make_room(self) -> None:
        while self._strangers and (len(self._strangers) >= MAX_STRANGERS or len(self) >= MAX_NODES):
            num, _ = self._strangers.popitem(last=False)
            if not self[num].introduced:
                del self[num]
