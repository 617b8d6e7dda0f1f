"""A mesh of four nodes, what they say of themselves, and what the operator decides of them."""

from collections.abc import Callable
from typing import Any

from meshtastic.protobuf import mesh_pb2

from meshbot.model.known_node import node_id
from node_manager import NodeManager
from tests.support.fake_storage import FakeStorage

OWN, ANN, BOB, EVE = 0x00000001, 0x0A, 0xB0B0B0B0, 0xFFFFFFFE
KEYS = {num: bytes([position]) * 32 for position, num in enumerate((OWN, ANN, BOB, EVE), 1)}
OTHER_KEY = b"\x99" * 32
YEAR_S = 365 * 86_400.0

Lines = Callable[[], list[str]]


def user_of(num: int, key: bytes | None = None, **fields: Any) -> mesh_pb2.User:
    key = KEYS.get(num, b"") if key is None else key
    return mesh_pb2.User(id=node_id(num), public_key=key, **fields)


def info_of(num: int, key: bytes | None = None, **fields: Any) -> mesh_pb2.NodeInfo:
    return mesh_pb2.NodeInfo(num=num, user=user_of(num, key), **fields)


def decide(
    manager: NodeManager, storage: FakeStorage, num: int, key: bytes, *, accept: bool
) -> bool:
    """Have a manager carry out a decision; return whether it says that a key changed."""
    storage.add_decision(num, key, accept=accept)
    return manager.carry_out_decisions()
