"""A stored key and its owner in the library's shape, as the key sync puts them in place. Pure.

The library keeps one and the same dict of a node under ``nodes["!%08x"]`` and
``nodesByNum[num]``; its ``user`` is the ``User`` protobuf as ``MessageToDict`` returns it, with
``publicKey`` in base64 (``mesh_interface.py``). Its reader thread changes them meanwhile, and may
drop a node from both (``library_bounds.py``), so they are looked up here, never iterated over.
"""

from typing import Any, NamedTuple

from meshbot.model.known_node import KnownNode, node_id
from meshbot.model.public_key import base64_text

TRIES = 3  # the next sync sees to what the reader drops each time


class SyncEntry(NamedTuple):
    """What the library's dictionaries are to hold of one node. Made when it is needed."""

    num: int
    id: str
    key_base64: str
    long_name: str
    short_name: str
    hw_model: str
    role: str
    """As the node's own, empty where they are not to be said."""

    @property
    def user(self) -> dict[str, str]:
        """The node's ``user``, made anew each time: a kept one would double what a node takes."""
        user = {
            "id": self.id,
            "longName": self.long_name or f"Meshtastic {self.id[-4:]}",
            "shortName": self.short_name or self.id[-4:],
            "publicKey": self.key_base64,
        }
        if self.hw_model:
            user["hwModel"] = self.hw_model
        if self.role:
            user["role"] = self.role
        return user

    def share_texts_with(self, user: dict[str, Any]) -> None:
        """Have the library's ``user`` of the node use our texts where they are the same."""
        for name, text in (
            ("longName", self.long_name),
            ("shortName", self.short_name),
            ("publicKey", self.key_base64),
            ("hwModel", self.hw_model),
            ("role", self.role),
        ):
            if user.get(name) == text:
                user[name] = text

    def put_into(self, nodes: dict[str, Any], by_num: dict[int, Any]) -> bool:
        """Make the library hold this; return whether its key was missing or another."""
        held = self._in_both(nodes, by_num)
        user = held.get("user")
        if user is None or user.get("hwModel") == "UNSET":
            # Nothing, or the library's own stand-in for a node it has no NodeInfo of.
            held["user"] = self.user
            return True
        self.share_texts_with(user)
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


def is_in_place(num: int, key: str, nodes: dict[str, Any], by_num: dict[int, Any]) -> bool:
    """Say whether a node's key, in base64, is found under its number and its id alike."""
    held = by_num.get(num)
    return is_key_held(held, key) and nodes.get(node_id(num)) is held


def is_key_held(held: dict[str, Any] | None, key: str) -> bool:
    """Say whether the library's dict of a node has this key, in base64."""
    return held is not None and held.get("user", {}).get("publicKey") == key


def take_out(num: int, nodes: dict[str, Any], by_num: dict[int, Any]) -> None:
    """Remove what :meth:`SyncEntry.put_into` put there, unless the library has added to it."""
    held = by_num.get(num)
    if held is not None and held.keys() <= {"num", "user"}:
        by_num.pop(num, None)
        nodes.pop(node_id(num), None)


def sync_entry_of(node: KnownNode) -> SyncEntry:
    """Return what the library is to hold of a node that has a key."""
    return SyncEntry(
        node.num,
        node.id,
        base64_text(node.public_key),
        node.long_name,
        node.short_name,
        node.hw_model if node.hw_model != "UNSET" else "",
        node.role if node.role != "CLIENT" else "",
    )
