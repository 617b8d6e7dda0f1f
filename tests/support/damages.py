"""A database full of nodes, and the ways in which it can be damaged."""

import hashlib
import random
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from meshbot.model.known_node import KnownNode
from meshbot.model.other_key import OtherKey
from meshbot.store.database import Database
from meshbot.store.node_store import NodeStore

PAGE = 4096
NODES = 3_000
FIRST_NUM = 1_000
LEAF_PAGE = 0x0A
"""The first byte of a page that holds rows alone, of a table without row ids."""


def key_of(num: int) -> bytes:
    return hashlib.sha256(str(num).encode()).digest()


def make_nodes(count: int = NODES) -> list[KnownNode]:
    return [
        KnownNode(num, f"Nœud {num}", f"N{num % 100}", public_key=key_of(num), last_heard=num)
        for num in range(FIRST_NUM, FIRST_NUM + count)
    ]


def fill(path: Path, nodes: list[KnownNode] | None = None) -> None:
    """Make a database as a bot leaves it that stopped in order."""
    if nodes is None:
        path.write_bytes(_full_database())
    else:
        _save(path, nodes)


def _save(path: Path, nodes: list[KnownNode]) -> None:
    storage = NodeStore(Database(path))
    storage.database.open()
    others = {FIRST_NUM: [OtherKey(FIRST_NUM, b"o" * 32, offered_at=5)]}
    storage.save_nodes(nodes, others)
    storage.database.close()


@cache
def _full_database() -> bytes:
    """Return the file of all the nodes, which takes a while to make."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bot.db"
        _save(path, make_nodes())
        return path.read_bytes()


def page_of(path: Path, num: int) -> int:
    """Return the page that a node's row stands on, found by its key.

    Or a row's beside it: some stand on the pages that lead to all the others.
    """
    data = path.read_bytes()
    assert data.count(key_of(num)) == 1
    page = data.index(key_of(num)) // PAGE
    if data[page * PAGE] == LEAF_PAGE:
        return page
    return page_of(path, num + 1 if num < FIRST_NUM + NODES // 2 else num - 1)


def overwrite(path: Path, page: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(page * PAGE)
        file.write(data)


def overwrite_everything(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100] + bytes(path.stat().st_size - 100))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "header": lambda path: overwrite(path, 0, bytes(100)),
    "first page": lambda path: overwrite(path, 0, bytes(PAGE)),
    "a page": lambda path: overwrite(path, page_of(path, FIRST_NUM + 1_500), bytes(PAGE)),
    "many pages": lambda path: overwrite(path, 5, random.Random(3).randbytes(20 * PAGE)),
    "all but the header": overwrite_everything,
    "cut in half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "cut after a page": lambda path: path.write_bytes(path.read_bytes()[:PAGE]),
    "cut in the header": lambda path: path.write_bytes(path.read_bytes()[:50]),
}
