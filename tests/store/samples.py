"""Rows that the tests of the store share, and what reads and writes them."""

import sqlite3
from pathlib import Path

from meshbot.model.known_node import KnownNode
from meshbot.model.other_key import OtherKey
from meshbot.store.node_store import NodeStore

FULL_NODE = KnownNode(
    num=0xFFFFFFFE,
    long_name="Été 😀 'x\"",
    short_name="ÉT",
    hw_model="HELTEC_V3",
    role="ROUTER",
    public_key=bytes(range(32)),
    last_heard=0xFFFFFFFF,
    snr_db=-12.25,
    hops=7,
    last_dm=0xFFFFFFFF,
    pushed_at=1_700_000_000,
)
BARE_NODE = KnownNode(num=1)
OFFERED = OtherKey(7, b"o" * 32, offered_at=0xFFFFFFFF)
REFUSED = OtherKey(7, b"r" * 32, refused_at=1_700_000_000)
REPLACED = OtherKey(
    0xFFFFFFFE, b"p" * 32, offered_at=3, replaced_at=1_700_000_000, replaced_by="radio"
)
KEY = b"k" * 32


def by_num(nodes: list[KnownNode]) -> list[KnownNode]:
    return sorted(nodes, key=lambda node: node.num)


def other_keys_of(storage: NodeStore) -> list[OtherKey]:
    return sorted(storage.load_other_keys(), key=lambda other: (other.num, other.public_key))


def make_database(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
