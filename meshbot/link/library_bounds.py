"""Keeps the library's dictionaries of nodes from growing with each sender that is made up.

The library (meshtastic 2.7.11) makes an entry of 1.9 kB for each number it ever hears, and never
drops one. Nodes without a key are kept as far as :data:`MAX_KEYLESS`, those with one as far as
:data:`MAX_KEYED`, or further where the node table may hold more: there is room for all that the key
sync can put there. Stand-ins that the library made of a number alone go first, of each kind the
oldest. Our own node stays, and so do :data:`MAX_OF_DATABASE` that the radio has in its own
database.

Called on the reader's thread. The key sync may put an entry back at the same time (``SyncEntry``),
which looks again whether it is in both dictionaries; so is done here.
"""

from array import array
from typing import Any

from meshtastic.mesh_interface import MeshInterface

from meshbot.model.known_node import node_id

MAX_KEYLESS = 2_000
MAX_KEYED = 22_000
"""A tenth more than the node table holds, unless the operator wants more."""
MAX_OF_DATABASE = 5_000
LOOK_EVERY = 250
"""So many entries more before it is counted again."""


class LibraryBounds:
    """How large the dictionaries of one session may become."""

    def __init__(self, nodes_max: int = 0) -> None:
        """The session has no node yet; ``nodes_max``: how many the node table may hold."""
        self._max_keyed = max(MAX_KEYED, nodes_max + nodes_max // 10)
        self._look_at = MAX_KEYLESS
        self._of_database = array("I")
        """Their numbers: a set of as many takes half a megabyte, and is seldom asked."""

    def note_database(self, num: int) -> None:
        """Note that the radio has a node in its own database."""
        if len(self._of_database) < MAX_OF_DATABASE:
            self._of_database.append(num)

    def keep(self, interface: MeshInterface, own_num: int) -> None:
        """Drop entries if there are too many; most calls only look how many there are."""
        nodes, by_num = interface.nodes, interface.nodesByNum
        if nodes is None or by_num is None:
            return
        # Those of the database stay in any case: a download needs no look.
        if len(by_num) - len(self._of_database) < self._look_at:
            return
        stays = {own_num, *self._of_database}
        keyless: list[tuple[bool, int]] = []
        keyed: list[tuple[bool, int]] = []
        for num in list(by_num):  # made in one step, whoever else changes the dictionary
            user = by_num.get(num, {}).get("user", {})
            if num not in stays:
                named = user.get("hwModel") != "UNSET"
                (keyed if user.get("publicKey") else keyless).append((named, num))
        for kind, most in ((keyless, MAX_KEYLESS), (keyed, self._max_keyed)):
            kind.sort(key=lambda entry: entry[0])  # stable: of both sorts the oldest come first
            for _, num in kind[: max(len(kind) - most, 0)]:
                _drop(num, nodes, by_num)
        left = len(by_num) - len(self._of_database)
        self._look_at = max(left + LOOK_EVERY, MAX_KEYLESS)


def _drop(num: int, nodes: dict[str, Any], by_num: dict[int, Any]) -> None:
    by_num.pop(num, None)
    nodes.pop(node_id(num), None)
    held = by_num.get(num)
    if held is not None:  # the key sync has just put it back
        nodes[node_id(num)] = held
