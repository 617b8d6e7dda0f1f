"""What it costs to put the keys back, and to see that they are all there."""

import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from meshtastic.protobuf import mesh_pb2

from benchmarks.figure import Figure
from benchmarks.large_mesh import FIRST_NUM, fill
from benchmarks.line import OURS, Line, at_most
from meshbot.store.database import Database
from meshbot.store.node_store import NodeStore
from node_manager import NodeManager

SIZES = (250, 10_000, 100_000)
FULL_US = 5.0
NOTHING_US = 1.0


class KeySyncCost(Figure):
    """In this process: no socket is involved."""

    title = "Key sync"
    about = (
        "`NodeManager.sync_pubkeys_to_interface`, microseconds a key. *Full*: into an interface "
        "that holds nothing, as after a light reconnection. *After a change*: the same, when a "
        "node's name or key has changed since the last sync. *Nothing to do*: the periodic sync, "
        "all keys in place."
    )

    def finish(self) -> list[Line]:
        """Measure each size."""
        return [line for keys in SIZES for line in self._measure(keys)]

    def _measure(self, keys: int) -> list[Line]:
        full = Line(f"{keys:,} keys, full", "µs", f"≤ {FULL_US:g} µs", at_most(FULL_US))
        changed = Line(f"{keys:,} keys, full, after a change", "µs")
        nothing = Line(
            f"{keys:,} keys, nothing to do", "µs", f"≤ {NOTHING_US:g} µs", at_most(NOTHING_US)
        )
        with tempfile.TemporaryDirectory() as folder:
            storage = NodeStore(Database(Path(folder) / "meshbot.db"))
            storage.database.open()
            fill(storage, keys)
            manager = NodeManager(storage, nodes_max=keys)
            manager.load()
            manager.sync_pubkeys_to_interface(_interface(), force=True)
            for run in range(self.runs):
                interface = _interface()
                full.add(OURS, _sync_us(manager, interface, keys, force=True))
                nothing.add(OURS, _sync_us(manager, interface, keys, force=False))
                manager.learn_from_air(FIRST_NUM, mesh_pb2.User(long_name=f"Nom {run}"))
                changed.add(OURS, _sync_us(manager, _interface(), keys, force=True))
            storage.database.close()
        return [full, changed, nothing]


def _interface() -> Any:
    return SimpleNamespace(nodes={}, nodesByNum={}, myInfo=None)


def _sync_us(manager: NodeManager, interface: Any, keys: int, *, force: bool) -> float:
    """Return how long a sync took, for each key."""
    began_s = time.perf_counter()
    injected = manager.sync_pubkeys_to_interface(interface, force=force)
    took_s = time.perf_counter() - began_s
    if injected != (keys if force else 0):
        raise AssertionError(f"{injected} keys injected")
    return took_s / keys * 1e6
