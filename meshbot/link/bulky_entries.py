"""Keeps all that the library notes of the nodes heard last, and of the others what matters.

For each node heard the library (meshtastic 2.7.11) keeps the whole last packet, parsed and raw, and
its position and telemetry: 4 to 8 kB, beside 1 kB for number, names and key. A real mesh is small
enough for that; a table filled with made-up names is not. Owned by one session, and called on its
reader's thread.
"""

import sys
from collections import OrderedDict

from meshtastic.mesh_interface import MeshInterface

MAX_BULKY = 500
_LASTING = frozenset(("num", "user", "lastHeard", "snr", "hopLimit", "hopsAway", "isFavorite"))
_RAW = frozenset(("raw",))


class BulkyEntries:
    """Who was heard last, and what is dropped of the others."""

    def __init__(self) -> None:
        """Nobody was heard yet."""
        self._heard: OrderedDict[int, None] = OrderedDict()

    def note(self, interface: MeshInterface, num: int) -> None:
        """Note that a node was heard; of the one longest not heard drop the rest.

        Not called as long as there are no more than :data:`MAX_BULKY`: all stay as they are then.
        """
        self._heard[num] = None
        self._heard.move_to_end(num)
        if len(self._heard) <= MAX_BULKY:
            return
        oldest, _ = self._heard.popitem(last=False)
        node = (interface.nodesByNum or {}).get(oldest)
        if node is None or oldest == interface.localNode.nodeNum:
            return
        for name in node.keys() - _LASTING:
            node.pop(name, None)
        user = node.get("user")
        if user is not None and "raw" in user:
            # Copied: a dictionary that was once larger keeps its room. And each one made of a
            # protobuf has names of its own: 50 bytes each.
            node["user"] = {sys.intern(name): user[name] for name in user.keys() - _RAW}
