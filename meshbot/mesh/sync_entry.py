"""A stored key and its owner in the library's shape, as the key sync puts them in place. Pure.

The library keeps one and the same dict of a node under ``nodes["!%08x"]`` and
``nodesByNum[num]``; its ``user`` is the ``User`` protobuf as ``MessageToDict`` returns it, with
``publicKey`` in base64 (``mesh_interface.py``). Its reader thread changes them meanwhile, and may
drop a node from both (``library_bounds.py``), so they are looked up here, never iterated over.
"""

from dataclasses import dataclass
from typing import Any

from meshbot.model.known_node import KnownNode
from meshbot.model.public_key import base64_text

TRIES = 3  # the next sync sees to what the reader drops each time


@dataclass(frozen=True, slots=True)
class SyncEntry:
    """What the library's dictionaries are to hold of one node."""

    num: int
    id: str
    key_base64: str
    user: dict[str, str]

    def is_held_by(self, held: dict[str, Any] | None) -> bool:
        """Say whether the library's dict of the node has the key."""
        return held is not None and held.get("user", {}).get("publicKey") == self.key_base64

    def is_in_place(self, nodes: dict[str, Any], by_num: dict[int, Any]) -> bool:
        """Say whether the key is found under the node's number and id alike."""
        held = by_num.get(self.num)
        return self.is_held_by(held) and nodes.get(self.id) is held

    def put_into(self, nodes: dict[str, Any], by_num: dict[int, Any]) -> bool:
        """Make the library hold this; return whether its key was missing or another."""
        held = self._in_both(nodes, by_num)
        user = held.get("user")
        if user is None or user.get("hwModel") == "UNSET":
            # Nothing, or the library's own stand-in for a node it has no NodeInfo of.
            held["user"] = dict(self.user)
            return True
        if user.get("publicKey") == self.key_base64:
            return False
        user["publicKey"] = self.key_base64
        return True

    def _in_both(self, nodes: dict[str, Any], by_num: dict[int, Any]) -> dict[str, Any]:
        """Return the node's dict, which is made if need be, once both dictionaries have it."""
        for _ in range(TRIES):
            # setdefault: the reader may have made the node a moment ago.
            held: dict[str, Any] = by_num.get(self.num) or by_num.setdefault(
                self.num, {"num": self.num}
            )
            if nodes.get(self.id) is not held:
                nodes[self.id] = held
            if by_num.get(self.num) is held and nodes.get(self.id) is held:
                break  # else the reader dropped the node in between
        return held


def sync_entry_of(node: KnownNode) -> SyncEntry:
    """Return what the library is to hold of a node that has a key."""
    key_base64 = base64_text(node.public_key)
    user = {
        "id": node.id,
        "longName": node.long_name or f"Meshtastic {node.id[-4:]}",
        "shortName": node.short_name or node.id[-4:],
        "publicKey": key_base64,
    }
    if node.hw_model and node.hw_model != "UNSET":
        user["hwModel"] = node.hw_model
    if node.role and node.role != "CLIENT":
        user["role"] = node.role
    return SyncEntry(node.num, node.id, key_base64, user)
