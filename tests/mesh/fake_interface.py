"""An interface with no more than the key sync may touch."""

import base64
from typing import Any

from meshtastic.protobuf import mesh_pb2

from meshbot.model.known_node import node_id
from tests.mesh.known_mesh import (
    OWN,
)


class FakeInterface:
    """What the sync may touch of the library's interface, and nothing else: slots see to that."""

    __slots__ = ("myInfo", "nodes", "nodesByNum")

    def __init__(self, own_num: int = OWN) -> None:
        self.nodes: dict[str, Any] = {}
        self.nodesByNum: dict[int, Any] = {}
        self.myInfo = mesh_pb2.MyNodeInfo(my_node_num=own_num)

    def add(self, num: int, **user: str) -> dict[str, Any]:
        """Put a node as the library does, and return its dict."""
        entry: dict[str, Any] = {"num": num, "user": {"id": node_id(num), **user}}
        self.nodesByNum[num] = self.nodes[node_id(num)] = entry
        return entry

    def key(self, num: int) -> bytes:
        return base64.b64decode(self.nodesByNum[num]["user"]["publicKey"], validate=True)
