"""What a known node takes in memory, beside what the library keeps of it. Counted, not timed."""

import gc
import tracemalloc
from collections.abc import Callable, Iterator

import pytest
from meshtastic.mesh_interface import MeshInterface
from meshtastic.protobuf import config_pb2, mesh_pb2

from meshbot.link.library_bounds import LibraryBounds
from meshbot.link.library_nodes import LibraryNodes
from meshbot.link.pubsub_listeners import PubsubListeners
from meshbot.mesh.key_sync import KeySync
from meshbot.mesh.node_table import NodeTable
from meshbot.mesh.radio_keys import RadioKeys
from meshbot.model.known_node import KnownNode, node_id
from meshbot.model.link_notes import LinkNotes

FIRST_NUM = 0x80000000  # as most numbers are, too large for the small kind of integer
NODES = 1_000
MOST_BESIDE_LIBRARY_BYTES = 720
MOST_IN_ALL_BYTES = 1_350
"""Of a node that is known and of which the radio told nothing."""


def frame_of(index: int) -> bytes:
    """Return an entry of the radio's database as real firmware sends it."""
    num = FIRST_NUM + index
    user = mesh_pb2.User(
        id=node_id(num),
        long_name=f"Nœud numéro {index}",
        short_name=f"{index:04d}",
        macaddr=num.to_bytes(6, "big"),
        hw_model=mesh_pb2.HardwareModel.HELTEC_V3,
        role=config_pb2.Config.DeviceConfig.Role.ROUTER,
        public_key=num.to_bytes(4, "big") * 8,
    )
    info = mesh_pb2.NodeInfo(num=num, user=user, last_heard=1_700_000_000 + index, snr=index / 7)
    info.position.latitude_i = 457_600_000 + index
    info.device_metrics.voltage = 4.0
    return info.SerializeToString()


def stored(index: int) -> KnownNode:
    return KnownNode(
        FIRST_NUM + index,
        f"Nœud numéro {index}",
        f"{index:04d}",
        "HELTEC_V3",
        "ROUTER",
        (FIRST_NUM + index).to_bytes(4, "big") * 8,
        last_heard=1_700_000_000 + index,
    )


class Mesh:
    """All that keeps something of each node: the library's dictionaries, and the bot's own."""

    def __init__(self) -> None:
        self.interface = MeshInterface(noProto=True)
        self.interface._startConfig()  # type: ignore[no-untyped-call]
        self.library = LibraryNodes(self.interface, PubsubListeners())
        self.bounds = LibraryBounds()
        self.table = NodeTable()
        self.radio_keys = RadioKeys()
        self.key_sync = KeySync(self.table, LinkNotes())

    def fill_library(self, frames: list[bytes]) -> None:
        for frame in frames:
            self.library.note_node_info(mesh_pb2.NodeInfo.FromString(frame))

    def learn(self, frames: list[bytes]) -> None:
        """Do what follows a download."""
        infos = [mesh_pb2.NodeInfo.FromString(frame) for frame in frames]
        for info in infos:
            self.bounds.note_database(info.num)
        self.table.enter_radio_infos(infos)
        self.radio_keys.note_entries(infos, complete=True, known_key=self.table.public_key)
        self.table.batch(self.table.changed())
        self.sync()

    def remember(self, indices: range) -> None:
        """Do what is done at the start, and after a reconnection that brought no nodes."""
        self.table.fill([stored(index) for index in indices], ())
        self.sync()

    def sync(self) -> None:
        self.key_sync.run(self.interface, force=True)


def bytes_a_node(act: Callable[[], object]) -> float:
    """Return how much memory a call leaves taken, for each node."""
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    act()
    gc.collect()
    return (tracemalloc.get_traced_memory()[0] - before) / NODES


@pytest.fixture
def mesh() -> Iterator[Mesh]:
    """A mesh of which somebody is known, so that what there is once is there."""
    frames = [frame_of(NODES)]
    made = Mesh()
    made.fill_library(frames)
    made.learn(frames)
    tracemalloc.start()
    yield made
    tracemalloc.stop()


def test_a_node_of_the_radio_takes_little_beside_what_the_library_keeps(mesh: Mesh) -> None:
    frames = [frame_of(index) for index in range(NODES)]
    theirs = bytes_a_node(lambda: mesh.fill_library(frames))
    ours = bytes_a_node(lambda: mesh.learn(frames))
    assert mesh.table.count() == NODES + 1
    assert ours < MOST_BESIDE_LIBRARY_BYTES < theirs


def test_a_stored_node_takes_its_record_and_its_place_in_the_library(mesh: Mesh) -> None:
    in_all = bytes_a_node(lambda: mesh.remember(range(NODES)))
    assert mesh.table.count() == NODES
    assert mesh.interface.nodesByNum is not None
    assert len(mesh.interface.nodesByNum) == NODES + 1
    assert in_all < MOST_IN_ALL_BYTES
