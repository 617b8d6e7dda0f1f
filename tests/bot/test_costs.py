"""What things cost, counted in what needs no clock: bytes, calls, statements, memory blocks."""

import gc
import random
import sqlite3
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any

import pytest
from meshtastic.mesh_interface import MeshInterface
from meshtastic.protobuf import mesh_pb2, portnums_pb2
from pubsub import pub

from benchmarks.traffic.city_traffic import CityTraffic
from benchmarks.traffic.kinds import KINDS
from main_bot import MeshBot
from meshbot.link.library_nodes import LibraryNodes
from meshbot.link.mesh_tcp_interface import MeshTCPInterface
from meshbot.link.pubsub_listeners import PubsubListeners
from meshbot.link.session_options import SessionOptions
from meshbot.mesh.sync_entry import sync_entry_of
from meshbot.model.known_node import KnownNode
from meshbot.simulation import packets
from meshbot.simulation.peer import make_peers
from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.store.database import Database
from meshbot.store.node_store import NodeStore
from node_manager import NodeManager
from tests.support.journal import Journal
from tests.support.limits import WAIT_S
from tests.support.publishing import flush_publishing
from tests.support.quick_bot import BotFactory
from tests.support.session_events import Events

PORT = portnums_pb2.PortNum


class CallCount:
    """How many Python functions are called inside, and which C functions."""

    def __init__(self) -> None:
        self.calls = 0
        self.builtins: list[str] = []

    def __enter__(self) -> "CallCount":
        sys.setprofile(self._note)
        return self

    def __exit__(self, *error: object) -> None:
        sys.setprofile(None)
        self.builtins.pop()  # that was setprofile

    def _note(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            self.calls += 1
        elif event == "c_call":
            self.builtins.append(argument.__qualname__)


@pytest.fixture
def interface(node: SimulatedNode) -> Iterator[MeshTCPInterface]:
    """An interface whose handshake is done, with nobody behind it."""
    events = Events()
    opened = MeshTCPInterface(
        events, "127.0.0.1", node.port, SessionOptions(connect_timeout_s=5, queue_wait_s=5)
    )
    opened.open(threading.Event())
    events.ready.get(timeout=WAIT_S)
    yield opened
    opened.close()


def heard(node: SimulatedNode, data: mesh_pb2.Data) -> mesh_pb2.FromRadio:
    peer = node.peers[0]
    packet = packets.packet_from_peer(peer, to=packets.BROADCAST_NUM, packet_id=9)
    packet.decoded.CopyFrom(data)
    return mesh_pb2.FromRadio(packet=packet)


def what_a_mesh_says(node: SimulatedNode) -> dict[str, mesh_pb2.FromRadio]:
    chance = random.Random(1)
    peer = node.peers[0]
    kinds = {
        "telemetry": packets.telemetry_data(chance),
        "position": packets.position_data(peer),
        "node info": packets.node_info_data(peer.user().SerializeToString()),
        "text": packets.text_data(b"bonjour", None),
    }
    return {kind: heard(node, data) for kind, data in kinds.items()}


# -- What the node must send -----------------------------------------------------------------------


def test_a_reconnection_costs_the_node_a_twentieth_of_the_first_connection(
    start_bot: BotFactory, journal: Journal
) -> None:
    with SimulatedNode(peers=250) as node:
        start_bot(node)
        journal.wait_for("SYNC COMPLETE")
        first_bytes, first_frames = node.bytes_sent, node.frames_sent
        node.close_by_fin()
        assert node.wait_until(lambda n: n.configs_completed == 2, WAIT_S)
        assert (node.bytes_sent - first_bytes) * 20 <= first_bytes
        assert (node.frames_sent - first_frames) * 5 <= first_frames


# -- Calls -----------------------------------------------------------------------------------------


OWN_NUM = 77
NAMELESS = "port without a name"
"""That is kept from the library: it would make a topic of it that stays."""


def stock_interface() -> MeshInterface:
    stock = MeshInterface(noProto=True)
    stock._startConfig()  # type: ignore[no-untyped-call]
    return stock


def of_kind(kind: str, node: SimulatedNode, count: int) -> list[mesh_pb2.FromRadio]:
    traffic = CityTraffic(node.peers, node.num, seed=1)
    heard = traffic.packets({kind: 1.0}, count, time_s=1_760_000_000)
    return [mesh_pb2.FromRadio(packet=packet) for packet in heard]


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {NAMELESS}))
def test_a_packet_takes_two_fifths_of_the_librarys_calls(
    kind: str, interface: MeshTCPInterface, node: SimulatedNode
) -> None:
    stock = stock_interface()
    messages = of_kind(kind, node, 20)
    for message in messages:  # the first of its kind makes entries and topics
        interface._receiver.dispatch(message, b"")
        stock._handleFromRadio(message.SerializeToString())  # type: ignore[no-untyped-call]
    with CallCount() as ours:
        for message in messages:
            interface._receiver.dispatch(message, b"")
    frames = [message.SerializeToString() for message in messages]
    with CallCount() as theirs:
        for frame in frames:
            stock._handleFromRadio(frame)  # type: ignore[no-untyped-call]
    assert ours.calls * 5 <= theirs.calls * 2, (ours.calls, theirs.calls)


class Detours:
    """Counts what the library is given of packets."""

    def __init__(self, interface: MeshTCPInterface) -> None:
        self.count = 0
        self._way = interface._handlePacketFromRadio
        interface._handlePacketFromRadio = self._note  # type: ignore[method-assign,assignment]

    def _note(self, packet: mesh_pb2.MeshPacket) -> None:
        self.count += 1
        self._way(packet)  # type: ignore[no-untyped-call]


def hear_packets(packet: object, interface: object) -> None:
    """Hear what the library publishes of packets."""


@pytest.mark.parametrize("kind", KINDS)
def test_a_packet_goes_through_the_library_only_if_somebody_listens(
    kind: str, interface: MeshTCPInterface, node: SimulatedNode
) -> None:
    detours = Detours(interface)
    data = b"".join(packets.frame(message) for message in of_kind(kind, node, 5))
    interface._receiver.feed(data, 0.0)
    assert detours.count == 0
    pub.subscribe(hear_packets, "meshtastic.receive")
    try:
        interface._receiver.feed(data, 0.0)
    finally:
        pub.unsubscribe(hear_packets, "meshtastic.receive")
    assert detours.count == (0 if kind == NAMELESS else 5)
    flush_publishing()


@pytest.mark.parametrize("kind", ["position, 17 fields", "device telemetry", "text", "node info"])
def test_no_more_is_kept_of_a_packet_than_the_library_would_keep(kind: str) -> None:
    traffic = CityTraffic(make_peers(200), OWN_NUM, seed=1)
    heard = traffic.packets({kind: 1.0}, 400, time_s=1_760_000_000)
    payloads = [packet.SerializeToString() for packet in heard]
    stock, noted = stock_interface(), stock_interface()
    notes = LibraryNodes(noted, PubsubListeners())

    def ours() -> None:
        for payload in payloads:
            assert notes.note_packet(mesh_pb2.MeshPacket.FromString(payload), OWN_NUM)

    def theirs() -> None:
        for payload in payloads:
            packet = mesh_pb2.MeshPacket.FromString(payload)
            stock._handlePacketFromRadio(packet)  # type: ignore[no-untyped-call]

    ours_bytes, theirs_bytes = bytes_kept_by(ours), bytes_kept_by(theirs)
    assert 0 < ours_bytes < theirs_bytes


def bytes_kept_by(act: Callable[[], object]) -> int:
    """Return how much more memory Python holds after a call."""
    gc.collect()
    tracemalloc.start()
    try:
        act()
        flush_publishing()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def test_an_entry_of_the_download_is_parsed_once(
    interface: MeshTCPInterface, node: SimulatedNode
) -> None:
    info = mesh_pb2.NodeInfo(num=node.peers[0].num, user=node.peers[0].user(), last_heard=5)
    frame = packets.frame(mesh_pb2.FromRadio(node_info=info))
    with CallCount() as count:
        interface._receiver.feed(frame, 0.0)
    parsed = [name for name in count.builtins if "FromString" in name]
    assert len(parsed) == 1, parsed


class RecordingPoll:
    """A poll that notes how long it was told to wait, and how often in vain."""

    def __init__(self, poll: Any) -> None:
        self._poll = poll
        self.waits_ms: list[float] = []
        self.in_vain = 0

    def register(self, *arguments: Any) -> None:
        self._poll.register(*arguments)

    def poll(self, timeout_ms: float) -> Any:
        self.waits_ms.append(timeout_ms)
        ready = self._poll.poll(timeout_ms)
        self.in_vain += not ready
        return ready


def test_a_quiet_link_wakes_nobody(node: SimulatedNode) -> None:
    events = Events()
    quiet = MeshTCPInterface(
        events, "127.0.0.1", node.port, SessionOptions(5, 5, without_nodes=True)
    )
    recorded = RecordingPoll(quiet._readable)
    quiet._readable = recorded  # type: ignore[assignment]
    reads: list[bytes | None] = []
    read = quiet._read_stream
    quiet._read_stream = lambda: reads.append(read()) or reads[-1]  # type: ignore[method-assign,func-returns-value]
    quiet.open(threading.Event())
    events.ready.get(timeout=WAIT_S)
    node.hear_telemetry(node.peers[0])
    events.packets.get(timeout=WAIT_S)
    quiet.close()
    assert min(recorded.waits_ms) >= 30_000
    assert recorded.in_vain == 0
    assert len(recorded.waits_ms) == len(reads)
    assert all(data for data in reads[:-1])


# -- The key sync ----------------------------------------------------------------------------------


class Watched(dict[Any, Any]):
    """A dict that counts how often it is written to."""

    writes = 0

    def __setitem__(self, key: object, value: object) -> None:
        Watched.writes += 1
        super().__setitem__(key, value)

    def setdefault(self, key: object, default: object = None) -> Any:
        Watched.writes += 1
        return super().setdefault(key, default)


def key_of(number: int) -> bytes:
    return (number + 7).to_bytes(4, "big") * 8


@pytest.fixture
def large(tmp_path: Path) -> Iterator[NodeManager]:
    """A store that knows a thousand nodes."""
    storage = NodeStore(Database(tmp_path / "large.db"))
    storage.database.open()
    storage.save_nodes(
        KnownNode(number, f"Nœud {number}", public_key=key_of(number)) for number in range(1, 1_001)
    )
    manager = NodeManager(storage)
    manager.load()
    yield manager
    storage.database.close()


def watched_interface() -> Any:
    Watched.writes = 0
    return SimpleNamespace(nodes=Watched(), nodesByNum=Watched(), myInfo=None)


def test_a_full_sync_writes_each_node_once_and_an_idle_one_writes_nothing(
    large: NodeManager,
) -> None:
    interface = watched_interface()
    assert large.sync_pubkeys_to_interface(interface, force=True) == 1_000
    assert Watched.writes == 2 * 1_000
    assert large.sync_pubkeys_to_interface(interface, force=False) == 0
    assert large.sync_pubkeys_to_interface(interface, force=True) == 0
    assert Watched.writes == 2 * 1_000


def test_a_sync_that_finds_all_in_place_makes_no_entry(
    large: NodeManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    make = sync_entry_of

    def counted(node: KnownNode) -> Any:
        made.append(node.num)
        return make(node)

    monkeypatch.setattr("meshbot.mesh.node_table.sync_entry_of", counted)
    interface = watched_interface()
    large.sync_pubkeys_to_interface(interface, force=True)
    assert len(made) == 1_000
    large.sync_pubkeys_to_interface(interface, force=False)
    assert large.key_counts(interface) == (1_000, 1_000)
    assert large.key_in_place(interface, 500)
    assert len(made) == 1_000


def test_a_name_that_changed_is_in_the_next_sync(large: NodeManager) -> None:
    large.sync_pubkeys_to_interface(watched_interface(), force=True)
    large.learn_from_air(500, mesh_pb2.User(long_name="Nouveau nom"))
    interface = watched_interface()
    assert large.sync_pubkeys_to_interface(interface, force=True) == 1_000
    assert interface.nodesByNum[500]["user"]["longName"] == "Nouveau nom"


# -- The database ----------------------------------------------------------------------------------


def statements_of(database: Database, act: Callable[[], object]) -> list[str]:
    """Return the statements that SQLite executes during a call."""
    statements: list[str] = []
    connection = database._connection
    assert isinstance(connection, sqlite3.Connection)
    connection.set_trace_callback(statements.append)
    try:
        act()
    finally:
        connection.set_trace_callback(None)
    return statements


def test_loading_takes_as_many_statements_for_many_nodes_as_for_few(tmp_path: Path) -> None:
    counts = []
    for nodes in (1, 1_000):
        storage = NodeStore(Database(tmp_path / f"{nodes}.db"))
        storage.database.open()
        storage.save_nodes(KnownNode(number, public_key=key_of(number)) for number in range(nodes))
        counts.append(len(statements_of(storage.database, NodeManager(storage).load)))
        storage.database.close()
    assert counts[0] == counts[1] <= 2


@pytest.fixture
def bot(start_bot: BotFactory, node: SimulatedNode, journal: Journal) -> MeshBot:
    """A bot that knows what its node knows, and is not asked anything by its own clock."""
    calm = dict.fromkeys(("TCP_HEARTBEAT_INTERVAL", "TCP_SILENT_TIMEOUT"), 60.0)
    started = start_bot(node, **calm)
    journal.wait_for("SYNC COMPLETE")
    return started


def handle_all(bot: MeshBot, node: SimulatedNode, times: int) -> None:
    interface = bot.interface
    assert interface is not None
    for message in what_a_mesh_says(node).values():
        payload = message.SerializeToString()
        for _ in range(times):
            interface._receiver.dispatch(mesh_pb2.FromRadio.FromString(payload), payload)
    done = threading.Event()
    bot._worker.post(done.set)
    assert done.wait(WAIT_S)
    flush_publishing()


def test_what_a_mesh_says_all_day_executes_no_statement(bot: MeshBot, node: SimulatedNode) -> None:
    handle_all(bot, node, 1)
    statements = statements_of(bot._store.database, lambda: handle_all(bot, node, 50))
    # The bot looks now and then for decisions of the operator, and writes its link's journal.
    about_nodes = [text for text in statements if " nodes" in text or "other_keys" in text]
    assert about_nodes == []


@pytest.mark.slow
def test_what_a_mesh_says_all_day_leaves_nothing_in_memory(
    bot: MeshBot, node: SimulatedNode
) -> None:
    handle_all(bot, node, 500)
    gc.collect()
    before = sys.getallocatedblocks()
    handle_all(bot, node, 1_000)
    gc.collect()
    assert sys.getallocatedblocks() - before < 4_000 * 0.05
