"""One TCP session: reported lost once, closed for good, never back; and what it rests on."""

import gc
import itertools
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator

import meshtastic
import pytest
from meshtastic.protobuf import mesh_pb2
from pubsub import pub

from meshbot.link.mesh_tcp_interface import MeshTCPInterface
from meshbot.link.outgoing_packets import Envelope, text_data, text_packet
from meshbot.link.session_options import SessionOptions
from meshbot.link.supervised_interface import (
    JOIN_TIMEOUT_S,
    RESTARTS_HEEDED,
    SupervisedInterface,
)
from meshbot.model.cause import Cause
from meshbot.model.link_error import LinkError, NodeBusyError
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.cable import ROM_LOG
from tests.support.descriptors import open_sockets
from tests.support.journal import Journal
from tests.support.limits import LATE_S, WAIT_S
from tests.support.publishing import flush_publishing
from tests.support.quick_bot import BotFactory
from tests.support.session_events import Events

BROADCAST_NUM = 0xFFFFFFFF


@pytest.fixture
def events() -> Events:
    return Events()


Opener = Callable[..., MeshTCPInterface]


@pytest.fixture
def new_interface(events: Events) -> Iterator[Opener]:
    made: list[MeshTCPInterface] = []

    def make(
        port: int,
        host: str = "127.0.0.1",
        connect_timeout_s: float = WAIT_S,
        queue_wait_s: float = 0.3,
    ) -> MeshTCPInterface:
        made.append(
            MeshTCPInterface(
                events,
                host,
                port,
                SessionOptions(connect_timeout_s, queue_wait_s),
            )
        )
        return made[-1]

    yield make
    for interface in made:
        interface.close()


def text_to(num: int, text: str, packet_id: int) -> mesh_pb2.MeshPacket:
    return text_packet(Envelope(num, packet_id, hop_limit=3), text_data(text))


@pytest.fixture
def interface(node: SimulatedNode, events: Events, new_interface: Opener) -> MeshTCPInterface:
    """An interface whose handshake is done."""
    opened = new_interface(node.port)
    opened.open(threading.Event())
    assert events.ready.get(timeout=WAIT_S) is opened
    return opened


def test_it_holds_what_the_library_would(interface: MeshTCPInterface, node: SimulatedNode) -> None:
    assert interface.own_num == node.num
    assert interface.isConnected.is_set()
    assert interface.nodesByNum is not None and interface.nodes is not None
    peer = node.peers[0]
    entry = interface.nodesByNum[peer.num]
    assert interface.nodes[peer.node_id] is entry
    assert entry["user"]["longName"] == "Alice"
    assert interface.localNode.localConfig.lora.hop_limit == 3
    assert interface.getLongName() == node.long_name  # type: ignore[no-untyped-call]
    channels: list[object] = interface.localNode.channels or []
    assert len(channels) == 8


def test_the_nodes_are_handed_over_once_and_before_ready(
    interface: MeshTCPInterface, events: Events
) -> None:
    assert len(events.nodes.get_nowait()) == 13
    assert events.nodes.empty()
    assert interface.nodes_in_download == 13


@pytest.mark.parametrize("ending", ["close_by_fin", "close_by_rst", "rst_mid_frame"])
@pytest.mark.slow
def test_a_loss_is_reported_once_and_nothing_comes_back(
    ending: str, interface: MeshTCPInterface, node: SimulatedNode, events: Events
) -> None:
    lost: list[object] = []
    told = threading.Event()

    def on_lost(interface: object) -> None:
        if interface is this:  # others' may still be on their way through the library's thread
            lost.append(interface)
            told.set()

    this = interface

    pub.subscribe(on_lost, "meshtastic.connection.lost")
    getattr(node, ending)()
    events.lost.get(timeout=WAIT_S)
    assert told.wait(WAIT_S)
    assert not interface.alive
    for _ in range(3):
        with pytest.raises(LinkError):
            interface.ask_heartbeat()
    interface.close()
    flush_publishing()
    assert events.lost.empty()
    assert lost == [interface]
    # The stock interface is back within 1 s of a FIN, and at the next write after a RST.
    assert not node.wait_until(lambda n: n.connections_total > 1, 1.5)


def test_closing_is_no_loss_and_leaves_no_thread_timer_or_socket(
    node: SimulatedNode, new_interface: Opener, events: Events
) -> None:
    sockets, threads = open_sockets(), set(threading.enumerate())
    interface = new_interface(node.port)
    interface.open(threading.Event())
    events.ready.get(timeout=WAIT_S)
    started_s = time.monotonic()
    interface.close()
    interface.close()
    assert time.monotonic() - started_s < JOIN_TIMEOUT_S
    assert set(threading.enumerate()) <= threads
    assert interface.heartbeatTimer is None
    assert events.lost.empty()
    assert node.wait_until(lambda n: n.connections_open == 0, WAIT_S)
    gc.collect()
    assert len(open_sockets()) <= len(sockets)


def test_a_closed_interface_cannot_be_opened_or_used_again(
    interface: MeshTCPInterface, node: SimulatedNode
) -> None:
    interface.close()
    for attempt in (
        lambda: interface.open(threading.Event()),
        interface.connect,
        interface.sendHeartbeat,
        lambda: interface.sendText("late"),
    ):
        with pytest.raises(LinkError):
            attempt()
    assert node.connections_total == 1


def test_it_starts_no_heartbeat_timer(interface: MeshTCPInterface) -> None:
    assert interface.heartbeatTimer is None
    assert not [t for t in threading.enumerate() if isinstance(t, threading.Timer)]


def test_closing_from_the_readers_own_callback_does_not_hang(
    node: SimulatedNode,
    interface: MeshTCPInterface,
    events: Events,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed = threading.Event()

    def close_inside(interface: SupervisedInterface, packet: mesh_pb2.MeshPacket) -> None:
        interface.close()
        closed.set()

    monkeypatch.setattr(events, "packet_received", close_inside)
    node.hear_telemetry(node.peers[0])
    assert closed.wait(WAIT_S)


def test_many_threads_may_close_at_once(interface: MeshTCPInterface) -> None:
    closers = [threading.Thread(target=interface.close) for _ in range(8)]
    for closer in closers:
        closer.start()
    for closer in closers:
        closer.join(WAIT_S)
    assert not interface.alive


def test_a_send_on_a_full_queue_gives_up_in_time(
    interface: MeshTCPInterface, node: SimulatedNode
) -> None:
    node.fill_queue()
    assert wait_for(lambda: interface.queueStatus is not None and interface.queueStatus.free == 0)
    started_s = time.monotonic()
    with pytest.raises(NodeBusyError):
        interface.send_packet(text_to(BROADCAST_NUM, "x", 5))
    assert 0.25 < time.monotonic() - started_s < 0.3 + LATE_S
    interface.ask_metadata()  # a full queue is no dead node
    assert node.wait_until(lambda n: n.admin_requests_received == 1, WAIT_S)


def test_a_send_waiting_for_room_ends_when_the_link_is_closed(
    node: SimulatedNode, new_interface: Opener, events: Events
) -> None:
    interface = new_interface(node.port, queue_wait_s=60.0)
    interface.open(threading.Event())
    events.ready.get(timeout=WAIT_S)
    node.fill_queue()
    assert wait_for(lambda: interface.queueStatus is not None and interface.queueStatus.free == 0)
    failed = threading.Event()

    def send() -> None:
        try:
            interface.send_packet(text_to(BROADCAST_NUM, "x", 5))
        except LinkError:
            failed.set()

    sender = threading.Thread(target=send)
    sender.start()
    interface.close()
    assert failed.wait(WAIT_S)
    sender.join(WAIT_S)


def test_texts_are_sent_once_however_often_others_follow(
    interface: MeshTCPInterface, node: SimulatedNode
) -> None:
    """The library keeps what it sent and sends it again with the next packet."""
    node.text_spacing_s = 0.0
    ids = [interface.new_packet_id() for _ in range(20)]
    for packet_id in ids:
        interface.send_packet(text_to(node.peers[0].num, "once", packet_id))
        assert interface.wait_for_queue_status(packet_id, WAIT_S, WAIT_S) is not None
    sent = node.read(lambda n: [f.packet.id for f in n.frames_received if f.HasField("packet")])
    assert sent == ids
    assert not interface.queue


@pytest.mark.slow
def test_the_wait_for_a_verdict_has_a_limit_even_where_nothing_comes(
    interface: MeshTCPInterface, node: SimulatedNode
) -> None:
    node.go_silent()
    waited_s = 0.0
    for _ in range(5):  # what was still on its way proves the node alive, and ends a wait sooner
        started_s = time.monotonic()
        assert interface.wait_for_queue_status(12345, 0.1, 0.4) is None
        waited_s = time.monotonic() - started_s
        if waited_s >= 0.35:
            break
    assert 0.35 <= waited_s < 0.4 + LATE_S


def test_packet_ids_are_not_repeated_soon(interface: MeshTCPInterface) -> None:
    ids = [interface.new_packet_id() for _ in range(5_000)]
    assert len(set(ids)) == len(ids)
    assert all(0 < packet_id <= 0xFFFFFFFF for packet_id in ids)


@pytest.mark.slow
def test_a_node_that_stops_reading_cannot_block_a_send_for_long(
    node: SimulatedNode, interface: MeshTCPInterface, events: Events
) -> None:
    node.stop_reading()
    big = b"\xc3" * 60_000
    started_s = time.monotonic()
    with pytest.raises(LinkError, match="not_reading"):
        for _ in itertools.repeat(None, 1_000):
            interface._writeBytes(big)
    assert time.monotonic() - started_s < 8.0 + LATE_S
    assert events.lost.get(timeout=WAIT_S).cause is Cause.NOT_READING


def test_refused_unknown_and_full_hosts_fail_with_a_reason_in_time(
    new_interface: Opener, node: SimulatedNode
) -> None:
    node.refuse_for(None)
    with pytest.raises(LinkError, match="refused"):
        new_interface(node.port).open(threading.Event())
    with pytest.raises(LinkError, match="unknown_name"):
        new_interface(4403, host="no-such-node.invalid").open(threading.Event())
    with pytest.raises(LinkError, match="unknown_name"):
        new_interface(4403, host="x" * 300).open(threading.Event())
    with full_listener() as port:
        started_s = time.monotonic()
        with pytest.raises(LinkError, match="no_answer"):
            new_interface(port, connect_timeout_s=0.4).open(threading.Event())
        assert 0.3 < time.monotonic() - started_s < 0.4 + LATE_S


def test_an_address_of_a_family_the_machine_lacks_is_passed_over(
    node: SimulatedNode,
    new_interface: Opener,
    events: Events,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As on a machine without IPv6 whose name server gives an IPv6 address first."""
    real = socket.getaddrinfo
    lacking = (12345, socket.SOCK_STREAM, 6, "", ("::1", node.port, 0, 0))

    def both(host: str, port: int, type: int = 0) -> list[object]:
        return [lacking, *real(host, port, type=type)]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    interface = new_interface(node.port)
    interface.open(threading.Event())
    assert events.ready.get(timeout=WAIT_S) is interface


@pytest.mark.slow
def test_a_bridge_to_a_serial_port_is_asked_what_only_a_session_is_answered(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal
) -> None:
    constants = {"TCP_SILENT_TIMEOUT": 0.9, "TCP_PROBE_TIMEOUT": 0.3, "TCP_HEARTBEAT_INTERVAL": 0.1}
    start_bot(node, **constants)
    journal.wait_for("✅ Connexion TCP établie")
    node.send_raw(ROM_LOG)
    asked = node.read(lambda n: n.heartbeats_received)
    assert node.wait_until(lambda n: n.heartbeats_received > asked + 20, WAIT_S)
    assert journal.count("SILENCE") == journal.count("reconnexion") == 0


def at_addresses(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[str, int]) -> None:
    """Have the name server give these for any name, in this order."""
    found = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (host, port, 0, 0))
        if ":" in host
        else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))
        for host, port in addresses
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: list(found))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.slow
def test_a_node_that_listens_at_one_address_of_its_name_is_reached_there(
    node: SimulatedNode,
    new_interface: Opener,
    events: Events,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An IPv6 address first where nothing listens, one without its interface, one that is dead."""
    with full_listener() as dead:
        at_addresses(
            monkeypatch,
            ("::1", free_port()),
            ("fe80::1", node.port),
            ("127.0.0.1", dead),
            ("127.0.0.1", node.port),
        )
        interface = new_interface(4403, host="toit.local", connect_timeout_s=1.2)
        started_s = time.monotonic()
        interface.open(threading.Event())
        assert time.monotonic() - started_s < 1.2, "all of them share the limit"
    assert events.ready.get(timeout=WAIT_S) is interface
    assert interface.address == "127.0.0.1"
    assert node.connections_total == 1


def test_a_reconnection_begins_with_the_address_that_answered(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []
    real = MeshTCPInterface._connect_socket

    def connect(
        self: MeshTCPInterface,
        candidate: socket.socket,
        address: tuple[object, ...],
        deadline_s: float,
        stop: threading.Event,
    ) -> None:
        tried.append(address[0])
        real(self, candidate, address, deadline_s, stop)

    monkeypatch.setattr(MeshTCPInterface, "_connect_socket", connect)
    at_addresses(monkeypatch, ("::1", free_port()), ("127.0.0.1", node.port))
    bot = start_bot(environment={"MESHBOT_TCP_HOST": "Toit.local."})
    journal.wait_for(f"✅ Connexion TCP établie : toit.local:{bot.site.tcp_port}")
    node.close_by_rst()
    journal.wait_for("✅ Reconnexion TCP réussie (background)")
    assert tried == ["::1", "127.0.0.1", "127.0.0.1"]


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
@pytest.mark.parametrize("written", ["[::1]:{}", "tcp://[::1]:{}/"])
def test_a_node_at_an_ipv6_address_is_reached_however_it_is_written(
    written: str, start_bot: BotFactory, journal: Journal
) -> None:
    with SimulatedNode(host="::1") as node:
        variables = {"MESHBOT_TCP_HOST": written.format(node.port)}
        environment = {**variables, "MESHBOT_TCP_PORT": str(node.port)}
        start_bot(environment=environment)
        journal.wait_for(f"✅ Connexion TCP établie : [::1]:{node.port}")


def test_addresses_that_all_lead_nowhere_cost_no_more_than_the_limit(
    new_interface: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    with full_listener() as dead:
        at_addresses(monkeypatch, *[("127.0.0.1", dead)] * 4)
        started_s = time.monotonic()
        with pytest.raises(LinkError, match="no_answer"):
            new_interface(4403, connect_timeout_s=0.4).open(threading.Event())
        assert time.monotonic() - started_s < 0.4 + LATE_S


@pytest.mark.parametrize("refusing", [0, 1, 2])
def test_of_several_failures_the_one_that_says_most_is_told(
    refusing: int, new_interface: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal says that the node is there and reboots."""
    with full_listener() as dead:
        others = [("127.0.0.1", dead), ("fe80::1", 4403)]
        others.insert(refusing, ("127.0.0.1", free_port()))
        at_addresses(monkeypatch, *others)
        with pytest.raises(LinkError, match="refused"):
            new_interface(4403, connect_timeout_s=0.3).open(threading.Event())


def test_an_address_that_nobody_can_reach_is_called_that(
    new_interface: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_addresses(monkeypatch, ("fe80::1", 4403))
    with pytest.raises(LinkError, match="address_family"):
        new_interface(4403).open(threading.Event())
    at_addresses(monkeypatch)
    with pytest.raises(LinkError, match="no_address"):
        new_interface(4403).open(threading.Event())


def test_a_stop_interrupts_a_connection_attempt(new_interface: Opener) -> None:
    stop = threading.Event()
    with full_listener() as port:
        threading.Timer(0.2, stop.set).start()
        started_s = time.monotonic()
        with pytest.raises(LinkError):
            new_interface(port, connect_timeout_s=60.0).open(stop)
        assert time.monotonic() - started_s < WAIT_S


class full_listener:  # noqa: N801 - used as a context manager
    """A listener whose backlog is full, so that the kernel drops further SYNs."""

    def __enter__(self) -> int:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        self._fillers = []
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(self._listener.getsockname())
            self._fillers.append(filler)
        port = self._listener.getsockname()[1]
        assert isinstance(port, int)
        return port

    def __exit__(self, *_: object) -> None:
        for opened in (*self._fillers, self._listener):
            opened.close()


def test_a_node_that_says_it_rebooted_is_a_loss(
    interface: MeshTCPInterface, node: SimulatedNode, events: Events
) -> None:
    node.send_from_radio(mesh_pb2.FromRadio(rebooted=True))
    assert events.lost.get(timeout=WAIT_S).cause is Cause.REBOOTED


def test_a_node_that_restarts_when_it_is_opened_is_asked_again(
    node: SimulatedNode, new_interface: Opener, events: Events
) -> None:
    """Many boards take the opening of their serial port for a reset."""
    node.frame_interval_s = 0.2
    interface = new_interface(node.port)
    interface.open(threading.Event())
    assert node.wait_until(lambda n: n.frames_sent_this_connection >= 2, WAIT_S)
    node.frame_interval_s = 0.0
    node.send_from_radio(mesh_pb2.FromRadio(rebooted=True))
    assert events.ready.get(timeout=WAIT_S) is interface
    assert events.lost.empty()
    assert node.connections_total == 1


@pytest.mark.slow
def test_a_relay_that_tells_of_a_restart_with_each_configuration_is_not_asked_for_ever(
    node: SimulatedNode, new_interface: Opener, events: Events
) -> None:
    node.frame_interval_s = 0.02
    interface = new_interface(node.port)
    interface.open(threading.Event())
    for asked in range(1, RESTARTS_HEEDED + 2):
        assert node.wait_until(lambda n, least=asked: len(n.config_requests) >= least, WAIT_S)  # type: ignore[misc]
        node.send_from_radio(mesh_pb2.FromRadio(rebooted=True))
    assert events.ready.get(timeout=WAIT_S) is interface
    assert len(node.read(lambda n: list(n.config_requests))) == 1 + RESTARTS_HEEDED


def test_a_node_info_under_anothers_id_does_not_reach_the_library(
    interface: MeshTCPInterface, node: SimulatedNode, events: Events
) -> None:
    liar, victim = node.peers[:2]
    claim = liar.user()
    claim.id = victim.node_id
    node.hear_node_info(liar, payload=claim.SerializeToString())
    events.packets.get(timeout=WAIT_S)
    node.hear_telemetry(liar)
    events.packets.get(timeout=WAIT_S)
    assert interface.nodes is not None and interface.nodesByNum is not None
    assert interface.nodes[victim.node_id] is interface.nodesByNum[victim.num]


def test_unknown_ports_leave_nothing_behind_in_pubsub(
    interface: MeshTCPInterface, node: SimulatedNode, events: Events
) -> None:
    for portnum in range(400, 420):
        packet = mesh_pb2.MeshPacket(to=node.num, id=portnum, rx_snr=1.0)
        setattr(packet, "from", node.peers[0].num)
        packet.decoded.portnum = portnum  # type: ignore[assignment]
        node.hear(packet)
    for _ in range(20):
        events.packets.get(timeout=WAIT_S)
    flush_publishing()
    topics = pub.getDefaultTopicMgr()
    assert topics.getTopic("meshtastic.receive.data.400", okIfNone=True) is None


def test_the_private_key_is_in_no_repr(interface: MeshTCPInterface, node: SimulatedNode) -> None:
    assert len(interface.own_private_key) == 32
    shown = repr(interface) + str(interface) + repr(interface.localNode)
    assert repr(interface.own_private_key)[2:12] not in shown


def test_malformed_frames_cost_at_most_three_lines(
    interface: MeshTCPInterface,
    node: SimulatedNode,
    events: Events,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with caplog.at_level(logging.WARNING, "meshbot.link.frame_receiver"):
        for _ in range(50):
            node.send_unparseable_frame()
        node.hear_telemetry(node.peers[0])
        events.packets.get(timeout=WAIT_S)
    assert len(caplog.records) == 3
    assert capsys.readouterr() == ("", "")


def test_the_library_still_has_the_parts_we_replace() -> None:
    """Fails loudly when an upgrade renames what SupervisedInterface overrides or calls."""
    for name in (
        "_connected",
        "_disconnected",
        "_handleFromRadio",
        "_handlePacketFromRadio",
        "_sendToRadio",
        "_sendToRadioImpl",
        "_startConfig",
        "_startHeartbeat",
        "_waitConnected",
        "_writeBytes",
        "connect",
        "close",
    ):
        assert callable(getattr(meshtastic.stream_interface.StreamInterface, name)), name
    assert meshtastic.NODELESS_WANT_CONFIG_ID == 69420


def wait_for(condition: Callable[[], bool]) -> bool:
    deadline_s = time.monotonic() + WAIT_S
    idle = threading.Event()
    while not condition():
        if time.monotonic() > deadline_s:
            return False
        idle.wait(0.01)
    return True
