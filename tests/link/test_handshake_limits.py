"""A configuration has an end: in frames, bytes and time; and draws no more requests than it may."""

import itertools
import queue
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meshtastic.protobuf import channel_pb2, mesh_pb2

from meshbot.link import handshake_budget, supervised_interface
from meshbot.link.frame_decoder import FrameDecoder, encode_frame
from meshbot.link.handshake_budget import MAX_BYTES, MAX_FRAMES, HandshakeBudget
from meshbot.link.mesh_tcp_interface import MeshTCPInterface
from meshbot.link.request_limit import RequestLimit
from meshbot.link.session_options import SessionOptions
from meshbot.link.supervised_interface import RESTARTS_BORNE, RESTARTS_HEEDED
from meshbot.model.cause import Cause
from meshbot.model.known_node import BROADCAST_NUM, node_id
from meshbot.model.link_error import LinkError
from tests.support.journal import Journal
from tests.support.limits import WAIT_S
from tests.support.session_events import Events

OWN, OTHER = 0x0A, 0x0B
OPTIONS = SessionOptions(connect_timeout_s=WAIT_S, queue_wait_s=WAIT_S)
FEW_FRAMES, FEW_BYTES = 400, 20_000

Frames = Iterator[mesh_pb2.FromRadio]


class EndlessNode:
    """Sends whoever connects the same frames for ever, and counts what it is asked."""

    def __init__(self, frames: Sequence[mesh_pb2.FromRadio], raw: bytes = b"") -> None:
        self._data = raw + b"".join(encode_frame(one.SerializeToString()) for one in frames)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.requests: queue.SimpleQueue[mesh_pb2.ToRadio] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._serve)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def _serve(self) -> None:
        client, _ = self._listener.accept()
        with client:
            self._threads.append(threading.Thread(target=self._read, args=(client,)))
            self._threads[1].start()
            try:
                while True:
                    client.sendall(self._data)
            except OSError:
                return

    def _read(self, client: socket.socket) -> None:
        decoder = FrameDecoder[mesh_pb2.ToRadio](mesh_pb2.ToRadio.FromString)
        try:
            while data := client.recv(4_096):
                for message in decoder.feed(data):
                    self.requests.put(message)
        except OSError:
            return

    def end(self) -> None:
        self._listener.close()
        for thread in self._threads:
            thread.join(WAIT_S)


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def lose(events: Events) -> Callable[[EndlessNode], LinkError]:
    """Open a session with a node; return how it ended."""

    def meet(node: EndlessNode) -> LinkError:
        session = MeshTCPInterface(events, "127.0.0.1", node.port, OPTIONS)
        try:
            session.open(threading.Event())
            return events.lost.get(timeout=WAIT_S)
        except LinkError as error:  # it was over before the configuration was asked for
            return error
        finally:
            session.close()
            node.end()

    return meet


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that are reached in no time."""
    monkeypatch.setattr(handshake_budget, "MAX_FRAMES", FEW_FRAMES)
    monkeypatch.setattr(handshake_budget, "MAX_BYTES", FEW_BYTES)


def frame(**content: object) -> mesh_pb2.FromRadio:
    return mesh_pb2.FromRadio(**content)  # type: ignore[arg-type]


def numbered(own_num: int) -> mesh_pb2.FromRadio:
    return frame(my_info=mesh_pb2.MyNodeInfo(my_node_num=own_num))


def heard(num: int) -> mesh_pb2.FromRadio:
    packet = mesh_pb2.MeshPacket(to=BROADCAST_NUM, id=num, encrypted=b"x")
    setattr(packet, "from", num)
    return frame(packet=packet)


KINDS = {
    "nodes": [frame(node_info=mesh_pb2.NodeInfo(num=num)) for num in range(20, 40)],
    "files": [frame(fileInfo=mesh_pb2.FileInfo(file_name="/prefs"))],
    "channels": [frame(channel=channel_pb2.Channel(index=index)) for index in range(8)],
    "log records": [frame(log_record=mesh_pb2.LogRecord(message="on and on"))],
    "ends of others": [frame(config_complete_id=7)],
    "numbers": [numbered(OWN)],
    "queue statuses": [frame(queueStatus=mesh_pb2.QueueStatus(free=0, maxlen=16))],
    "notices": [frame(clientNotification=mesh_pb2.ClientNotification(message="!"))],
    "packets": [heard(num) for num in range(20, 40)],
    "what no client knows": [frame(deviceuiConfig={})],
}


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_a_configuration_goes_on_with_it_is_given_up(
    kind: str, lose: Callable[[EndlessNode], LinkError]
) -> None:
    assert lose(EndlessNode([numbered(OWN), *KINDS[kind]])).cause is Cause.ENDLESS


@pytest.mark.usefixtures("few")
def test_rubbish_that_never_ends_is_given_up(
    lose: Callable[[EndlessNode], LinkError],
) -> None:
    assert lose(EndlessNode([], raw=b"booting... " * 100)).cause is Cause.ENDLESS


def test_a_node_that_says_for_ever_that_it_restarts_is_asked_a_few_times(
    lose: Callable[[EndlessNode], LinkError],
) -> None:
    node = EndlessNode([frame(rebooted=True)])
    assert lose(node).cause is Cause.REBOOTED
    asked = [node.requests.get().want_config_id for _ in range(node.requests.qsize())]
    assert 1 <= len([one for one in asked if one]) <= 1 + RESTARTS_HEEDED
    assert RESTARTS_BORNE > RESTARTS_HEEDED


def test_another_number_in_the_middle_is_another_node(
    lose: Callable[[EndlessNode], LinkError],
) -> None:
    loss = lose(EndlessNode([numbered(OWN), numbered(OTHER)]))
    assert (loss.cause, loss.detail) == (Cause.NUMBER_CHANGED, node_id(OTHER))


@pytest.fixture
def session(events: Events) -> MeshTCPInterface:
    """A session that is fed by hand."""
    session = MeshTCPInterface(events, "127.0.0.1", 1, OPTIONS)
    session.nodes, session.nodesByNum = {}, {}
    session.configId = 42
    return session


def feed(session: MeshTCPInterface, *messages: mesh_pb2.FromRadio) -> None:
    for message in messages:
        session._receiver.feed(encode_frame(message.SerializeToString()), 0.0)


def test_ten_thousand_nodes_and_a_thousand_files_are_a_configuration() -> None:
    budget = HandshakeBudget()
    for _ in range(11_000):
        budget.take_frame()
        budget.take_bytes(516)


def test_the_largest_radio_passes(session: MeshTCPInterface, events: Events) -> None:
    feed(session, numbered(OWN))
    for num in range(20, 270):
        user = mesh_pb2.User(id=node_id(num), long_name="x" * 39, public_key=bytes(32))
        feed(session, frame(node_info=mesh_pb2.NodeInfo(num=num, user=user)))
    for _ in range(64):
        feed(session, *KINDS["files"])
    feed(session, *KINDS["channels"], frame(config_complete_id=42))
    assert events.ready.get(timeout=WAIT_S) is session
    assert len(events.nodes.get(timeout=WAIT_S)) == 250


def test_what_comes_after_the_configuration_is_not_counted(
    session: MeshTCPInterface, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshake_budget, "MAX_FRAMES", 5)
    monkeypatch.setattr(handshake_budget, "MAX_PACKETS", 3)
    feed(session, numbered(OWN), frame(config_complete_id=42))
    feed(session, *[heard(num) for num in range(20, 40)])
    assert events.packets.qsize() == 20


def test_packets_in_the_middle_of_it_are_heeded_up_to_a_number(
    session: MeshTCPInterface,
    events: Events,
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As a relay passes them on; thousands would fill the worker's queue before the nodes do."""
    monkeypatch.setattr(handshake_budget, "MAX_PACKETS", 3)
    feed(session, numbered(OWN), *[heard(num) for num in range(20, 40)])
    assert events.packets.qsize() == 3
    assert journal.count("avant la fin de la configuration du nœud") == 1


def test_no_more_channels_are_kept_than_any_node_has(session: MeshTCPInterface) -> None:
    feed(session, numbered(OWN))
    for _ in range(100):
        feed(session, *KINDS["channels"])
    channels: Any = session._localChannels
    assert len(channels) == handshake_budget.MAX_CHANNELS
    assert handshake_budget.MAX_CHANNELS >= 8


def test_the_end_of_another_configuration_is_progress_a_few_times_only() -> None:
    """A relay passes on what its other clients asked for; ours may follow."""
    now_s = itertools.count(1.0)
    options = SessionOptions(1, 1, clock=lambda: next(now_s))
    session = MeshTCPInterface(Events(), "127.0.0.1", 1, options)
    session.nodes, session.nodesByNum, session.configId = {}, {}, 42
    progress = []
    for _ in range(20):
        feed(session, frame(config_complete_id=7))
        progress.append(session.last_progress_s)
    assert len(set(progress)) == handshake_budget.ENDS_HEEDED
    assert session.misanswered


def test_memory_that_runs_out_ends_the_session_and_is_no_fault_of_a_frame(
    session: MeshTCPInterface, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*_: object) -> None:
        raise MemoryError

    feed(session, numbered(OWN))
    monkeypatch.setattr(session, "_handleFromRadio", no_memory)
    with pytest.raises(MemoryError):
        feed(session, *KINDS["files"])


def test_the_reader_tells_of_a_want_of_memory_as_such(
    lose: Callable[[EndlessNode], LinkError], monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoReserve:
        def require(self, now_s: float) -> None:
            raise MemoryError

    monkeypatch.setattr(supervised_interface, "MemoryReserve", NoReserve)
    assert lose(EndlessNode([numbered(OWN)])).cause is Cause.NO_MEMORY


@given(st.lists(st.tuples(st.sampled_from(["bytes", "frame"]), st.integers(0, MAX_BYTES // 3))))
def test_the_budget_is_never_exceeded_and_never_ends_early(taken: list[tuple[str, int]]) -> None:
    budget, frames, size = HandshakeBudget(), 0, 0
    for kind, count in taken:
        size += count if kind == "bytes" else 0
        frames += kind == "frame"
        over = size > MAX_BYTES or frames > MAX_FRAMES
        try:
            if kind == "bytes":
                budget.take_bytes(count)
            else:
                budget.take_frame()
        except LinkError as error:
            assert error.cause is Cause.ENDLESS
            assert over
            return
        assert not over


@given(st.lists(st.floats(0, 50), max_size=200), st.integers(1, 5))
def test_in_no_interval_are_there_more_requests_than_allowed(
    pauses_s: list[float], most: int
) -> None:
    limit, now_s = RequestLimit(most, 60.0), 0.0
    asked_s: list[float] = []
    for pause_s in pauses_s:
        now_s += pause_s
        room = sum(now_s - at_s < 60.0 for at_s in asked_s) < most
        assert limit.allows(now_s) == room
        if room:
            asked_s.append(now_s)
