"""A database that knows a large mesh."""

from pathlib import Path

from meshbot.model.known_node import KnownNode
from meshbot.store.database import Database
from meshbot.store.node_store import NodeStore

FIRST_NUM = 0x10000
_STEP = 40_009  # a prime: the numbers are spread over all there are, as real ones


def fill(storage: NodeStore, nodes: int) -> None:
    """Store so many nodes, each with a name and a key of its own."""
    storage.save_nodes(
        KnownNode(
            num=FIRST_NUM + number * _STEP,
            long_name=f"Nœud numéro {number}",
            short_name=f"{number % 10_000:04d}",
            hw_model="HELTEC_V3",
            role="CLIENT",
            public_key=(number + 7).to_bytes(4, "big") * 8,
            last_heard=1_700_000_000 + number,
        )
        for number in range(nodes)
    )


def fill_file(path: Path, nodes: int) -> None:
    """Make a database of so many nodes."""
    database = Database(path)
    database.open()
    fill(NodeStore(database), nodes)
    database.close()
