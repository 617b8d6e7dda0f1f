"""What the databases in ``databases/`` hold, each as much of it as its version has a place for.

They were made by the code of their time and stay as they are. When the schema gets a version,
``python -m tests.store.stored_mesh tests/store/databases/v6.db`` makes the database of it.
"""

import shutil
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path

from meshbot.model.cause import Cause
from meshbot.model.key_decision import KeyDecision
from meshbot.model.known_node import KnownNode
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.model.other_key import OtherKey
from meshbot.store.database import Database
from meshbot.store.link_event_store import LinkEventStore
from meshbot.store.node_store import NodeStore
from meshbot.store.schema.version import Version

DATABASES = Path(__file__).with_name("databases")
MADE_AT = 1_700_000_300
"""When the last of them were made, by their own record of migrations."""


def put(version: Version, path: Path) -> None:
    """Put the database of a version somewhere."""
    shutil.copy(DATABASES / f"v{version.number}.db", path)


def key(first: int) -> bytes:
    return bytes((first + number) % 256 for number in range(32))


def nodes_in(version: int, *, simulated: bool) -> list[KnownNode]:
    """Return the nodes, sorted by number."""
    if simulated:
        return [KnownNode(9, "Simulé", "SIM", "PORTDUINO", "CLIENT", key(50), 5)]
    router = KnownNode(
        0x0A1B2C3D,
        "Été 😀 'x\"; DROP TABLE nodes; --",
        "ÉT",
        "HELTEC_V3",
        "ROUTER",
        key(1),
        1_700_000_000,
        -12.25,
        7,
        last_dm=1_700_000_100,
        pushed_at=1_700_000_200,
    )
    last = KnownNode(
        0xFFFFFFFE, "N" * 39, "NNNN", "TBEAM", "CLIENT", key(200), 0xFFFFFFFF, 0.0, 3, 0xFFFFFFFF
    )
    if version < 2:
        router, last = (replace(node, last_dm=0, pushed_at=0) for node in (router, last))
    if version >= 6:
        router = replace(router, language="en")
    return [
        KnownNode(1),
        router,
        KnownNode(0x43210000, "", "", "UNSET", "CLIENT", b"", 17),
        KnownNode(
            0x7C5A0001,
            "%s\x1b[31m{} \u202e",
            "😀",
            "RAK4631",
            "CLIENT_MUTE",
            key(100),
            2**31,
            6.5,
            0,
        ),
        last,
    ]


def other_keys_in(version: int, *, simulated: bool) -> list[OtherKey]:
    """Return the other keys, sorted."""
    if version < 2:
        return []
    num = nodes_in(version, simulated=simulated)[-1].num
    return [
        OtherKey(num, key(10), offered_at=1_700_000_001),
        OtherKey(num, key(20), refused_at=1_700_000_002),
        OtherKey(num, key(30), offered_at=3, replaced_at=1_700_000_003, replaced_by="radio"),
    ]


def decisions_in(version: int, *, simulated: bool) -> list[KeyDecision]:
    """Return the decisions; one between the two was carried out."""
    if version < 2:
        return []
    nodes, first_id = nodes_in(version, simulated=simulated), 4 if simulated else 1
    return [
        KeyDecision(first_id, nodes[-1].num, key(10), accept=True),
        KeyDecision(first_id + 2, nodes[0].num, key(20), accept=False),
    ]


def events_in(version: int) -> list[LinkEvent]:
    """Return the events of the link, of either mesh."""
    if version < 3:
        return []
    start = '{"CONNECTION_MODE": "tcp"}'
    reset = "connexion réinitialisée par le nœud (RST)" if version < 4 else "192.168.1.38"
    cause = None if version < 4 else Cause.RESET
    return [
        LinkEvent(EventKind.STARTED, 1_700_000_000.5, 10.25, 1, 0, text=start),
        LinkEvent(EventKind.CONNECTED, 1_700_000_002.0, 12.0, 1, 1, 1.5, 42),
        LinkEvent(EventKind.LOST, 1_700_000_100.0, 110.0, 1, 1, 98.0, 3, reset, cause),
        LinkEvent(EventKind.SYNC_COMPLETE, 17.0, 5.0, 2, 1, 0.01, 42, "3"),
    ]


def assert_holds_all(path: Path, version: int) -> None:
    """Fail unless a file of the current version holds all that one of an older version held."""
    for simulated in (False, True):
        database = Database(path, simulated=simulated)
        database.open()
        nodes, events = NodeStore(database), LinkEventStore(database)
        try:
            assert nodes.load_nodes() == nodes_in(version, simulated=simulated)
            assert nodes.load_other_keys() == other_keys_in(version, simulated=simulated)
            assert nodes.load_decisions() == decisions_in(version, simulated=simulated)
            assert events.load_link_events(1_000) == events_in(version)
        finally:
            database.close()


def make(path: Path, version: int) -> None:
    """Make a database of the current version, the last one that is known here."""
    for simulated in (False, True):
        database = Database(path, simulated=simulated, wall_clock=lambda: float(MADE_AT))
        database.open()
        store, nodes = NodeStore(database), nodes_in(version, simulated=simulated)
        others = other_keys_in(version, simulated=simulated)
        store.save_nodes(nodes, {nodes[-1].num: others})
        first, last = decisions_in(version, simulated=simulated)
        store.add_decision(first.num, first.public_key, accept=first.accept)
        done = store.add_decision(first.num, key(40), accept=True)
        store.save_nodes([], {}, [done])
        store.add_decision(last.num, last.public_key, accept=last.accept)
        LinkEventStore(database).add_link_events(events_in(version))
        database.close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


if __name__ == "__main__":
    made = Path(sys.argv[1])
    make(made, int(made.stem.removeprefix("v")))
