"""The entries of the node table by number, within bounds. Pure.

Packets name any sender they like, and anybody can announce names and keys; memory must not grow
with them. Two kinds of nodes are kept apart, each with its limit: strangers, of whom nothing but a
number is known, and those on file, who said a name or key. Used under the lock of the node table,
which owns it.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable

from meshbot.mesh.node_worth import Standing, least_valuable, shares_of
from meshbot.model.known_node import BROADCAST_NUM, KnownNode

MAX_STRANGERS = 5_000
STRANGERS_SHARE = 4
"""A small table has room for a quarter as many strangers."""
AT_ONCE_SHARE = 50
"""So much of a full table is forgotten at once: choosing looks at all of it."""


class NodeEntries(dict[int, KnownNode]):
    """Nodes by number, and which of them the radio told of."""

    def __init__(self, most: int) -> None:
        """Start without any; ``most``: how many are kept on file."""
        super().__init__()
        self._most = most
        self._most_strangers = min(MAX_STRANGERS, max(1, most // STRANGERS_SHARE))
        self._shares = shares_of(most)
        self._strangers: OrderedDict[int, None] = OrderedDict()
        """The oldest first."""
        self._in_radio: OrderedDict[int, None] = OrderedDict()
        """Those that the radio's database held when it was told, the latest told last."""

    def clear(self) -> None:
        """Forget all."""
        super().clear()
        self._strangers.clear()
        self._in_radio.clear()

    def add_stored(self, node: KnownNode) -> None:
        """Hold a node that is stored."""
        self[node.num] = node

    def entry(self, num: int, now: int) -> KnownNode | None:
        """Return the entry of ``num``, made if missing; None for a number that is no node's.

        ``now``: wall-clock seconds, by which a new one is met. :meth:`file` and :meth:`surplus`
        bring the table back within its limits afterwards.
        """
        node = self.get(num)
        if node is None and 0 < num < BROADCAST_NUM:
            node = self[num] = KnownNode(num, known_since=max(1, now))
            self._strangers[num] = None
        return node

    def file(self, num: int) -> None:
        """Note that something of a node is known now."""
        self._strangers.pop(num, None)

    def note_in_radio(self, num: int) -> None:
        """Note that the radio's database holds a node.

        After a reconnection that did not tell the database those told before still count. Of a
        database that is larger than any real radio's, only the latest told do.
        """
        self._in_radio.pop(num, None)
        self._in_radio[num] = None
        if len(self._in_radio) > max(1, self._shares[Standing.IN_RADIO]):
            self._in_radio.popitem(last=False)

    def is_in_radio(self, num: int) -> bool:
        """Say whether the radio's database held a node when it was told."""
        return num in self._in_radio

    def surplus_strangers(self) -> list[int]:
        """Take out the strangers that are too many, the oldest first; return their numbers."""
        gone = []
        while len(self._strangers) > self._most_strangers:
            num, _ = self._strangers.popitem(last=False)
            del self[num]
            self._in_radio.pop(num, None)
            gone.append(num)
        return gone

    def surplus(
        self, standing_of: Callable[[KnownNode], Standing], spared: Iterable[int], slack: int = 0
    ) -> list[KnownNode]:
        """Take out the nodes on file that are too many, the least valuable first; return them.

        ``spared``: numbers of nodes that stay, whatever they are worth. ``slack``: how many too
        many are borne with.
        """
        too_many = len(self) - len(self._strangers) - self._most
        if too_many <= slack:
            return []
        stays = {*self._strangers, *spared}
        gone = least_valuable(
            (node for num, node in self.items() if num not in stays),
            standing_of,
            self._shares,
            too_many + self._most // AT_ONCE_SHARE,
        )
        for node in gone:
            del self[node.num]
            self._in_radio.pop(node.num, None)
        return gone
