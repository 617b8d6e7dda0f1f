"""A node that cannot be reached: another host is asked, once an outage, on the link's thread."""

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import NoReturn

import pytest
from meshtastic.protobuf import mesh_pb2

from main_bot import MeshBot, link_settings_of
from meshbot.link.link_options import LinkOptions
from meshbot.link.mesh_tcp_interface import MeshTCPInterface
from meshbot.link.other_host import OtherHost
from meshbot.link.session_options import SessionOptions
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.model.cause import Cause
from meshbot.model.link_error import LinkError
from meshbot.model.link_event import EventKind
from meshbot.model.link_notes import LinkNotes
from meshbot.simulation.simulated_node import SimulatedNode
from tcp_interface_manager import TCPInterfaceManager
from tests.link.test_other_host import deaf_port, host
from tests.support.limits import LATE_S, WAIT_S

pytestmark = pytest.mark.slow

QUICK = replace(
    link_settings_of(MeshBot), stabilization_s=0.0, early_retry_max_s=0.02, retry_max_s=0.02
)
NODE = "192.0.2.38"  # never connected to


class Notes(LinkNotes):
    """Tells a test what was noted, in the order it was."""

    def __init__(self) -> None:
        self.told: queue.Queue[tuple[EventKind, int | None]] = queue.Queue()

    def note(
        self,
        kind: EventKind,
        *,
        seconds: float | None = None,
        count: int | None = None,
        text: str = "",
        cause: Cause | None = None,
    ) -> None:
        self.told.put((kind, count))

    def until(self, kind: EventKind, times: int = 1) -> list[tuple[EventKind, int | None]]:
        """Return what is noted until a kind comes for so many times, this one included."""
        told = []
        while times:
            told.append(self.told.get(timeout=WAIT_S))
            times -= told[-1][0] is kind
        return told


class Listener:
    """No matter here."""

    def link_opened(self, interface: SupervisedInterface, *, first: bool) -> None: ...

    def link_failed(self) -> None: ...

    def reconnection_succeeded(self, interface: SupervisedInterface) -> None: ...

    def frame_received(
        self, interface: SupervisedInterface, message: mesh_pb2.FromRadio, payload: bytes
    ) -> None: ...

    def nodes_downloaded(
        self, interface: SupervisedInterface, nodes: list[mesh_pb2.NodeInfo]
    ) -> None: ...

    def packet_received(
        self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket
    ) -> None: ...

    def node_told(self, interface: SupervisedInterface, message: mesh_pb2.FromRadio) -> None:
        """No matter here."""


class Away(MeshTCPInterface):
    """A session that cannot be opened."""

    cause = Cause.NO_ANSWER

    def _open_stream(self, stop: threading.Event) -> NoReturn:
        raise LinkError(self.cause)


class Manager(TCPInterfaceManager):
    """A link to a node that cannot be reached, or is a simulated one while that is set."""

    cause = Cause.NO_ANSWER
    node: SimulatedNode | None = None

    def _new_interface(self, options: SessionOptions) -> MeshTCPInterface:
        if self.node is not None:
            return MeshTCPInterface(self, self.node.host, self.node.port, options)
        session = Away(self, self._host, 4403, options)
        session.cause = self.cause
        return session


@pytest.fixture
def notes() -> Notes:
    return Notes()


@contextmanager
def running(
    notes: Notes,
    other_host: OtherHost,
    *,
    to: str = NODE,
    cause: Cause = Cause.NO_ANSWER,
    node: SimulatedNode | None = None,
) -> Iterator[Manager]:
    options = LinkOptions(QUICK, SessionOptions(1.0, 1.0), light_reconnect=True, notes=notes)
    manager = Manager(Listener(), options, to, 4403, other_host=other_host)
    manager.cause, manager.node = cause, node
    manager.start()
    try:
        yield manager
    finally:
        began_s = time.monotonic()
        assert manager.stop(WAIT_S)
        assert time.monotonic() - began_s < 1.0 + LATE_S


class Answering(OtherHost):
    """Answers as it is told to, and counts how often it was asked."""

    def __init__(self, answer: bool | None = True) -> None:
        super().__init__()
        self.asked = 0
        self._answer = answer

    def answers(self, node: str, stop: threading.Event) -> bool | None:
        self.asked += 1
        return self._answer


@pytest.mark.parametrize("answer", [True, False])
@pytest.mark.parametrize("cause", [Cause.NO_ANSWER, Cause.UNREACHABLE, Cause.NETWORK_UNREACHABLE])
def test_another_host_is_asked_once_an_outage(notes: Notes, answer: bool, cause: Cause) -> None:
    other = Answering(answer)
    with SimulatedNode() as node, running(notes, other, node=node, cause=cause) as manager:
        notes.until(EventKind.NODE)
        for outage in range(1, 3):
            manager.node = None
            node.close_by_rst()
            told = notes.until(EventKind.NOT_OPENED, times=5)
            assert told.count((EventKind.GATEWAY, int(answer))) == 1
            assert other.asked == outage
            manager.node = node
            notes.until(EventKind.RECONNECTED)


@pytest.mark.parametrize("to", ["127.0.0.1", "127.3.2.1", "::1", "localhost"])
def test_a_node_on_this_machine_says_nothing_of_the_network(notes: Notes, to: str) -> None:
    other = Answering()
    with running(notes, other, to=to):
        notes.until(EventKind.NOT_OPENED, times=3)
    assert other.asked == 0


def test_a_node_that_refuses_is_reached(notes: Notes) -> None:
    other = Answering()
    with running(notes, other, cause=Cause.REFUSED):
        notes.until(EventKind.NOT_OPENED, times=3)
    assert other.asked == 0


def test_where_nobody_can_know_nothing_is_noted(notes: Notes) -> None:
    with running(notes, Answering(None)):
        assert {kind for kind, _ in notes.until(EventKind.NOT_OPENED, times=3)} == {
            EventKind.ATTEMPT,
            EventKind.NOT_OPENED,
        }


def test_a_machine_without_any_network_has_no_other_host(notes: Notes) -> None:
    with running(notes, Answering(None), cause=Cause.NETWORK_UNREACHABLE):
        assert (EventKind.GATEWAY, 0) in notes.until(EventKind.NOT_OPENED, times=2)


def test_a_gateway_that_says_nothing_holds_the_link_up_for_a_second_at_most(notes: Notes) -> None:
    with ExitStack() as stack:
        port = stack.enter_context(deaf_port())
        began_s = time.monotonic()
        stack.enter_context(running(notes, host(ports=(port,))))
        assert (EventKind.GATEWAY, 0) in notes.until(EventKind.NOT_OPENED, times=4)
        assert time.monotonic() - began_s < 1.0 + LATE_S


def test_the_link_stops_while_it_waits_for_the_gateway(notes: Notes) -> None:
    with deaf_port() as port:
        with running(notes, host(ports=(port,), clock=lambda: 0.0)):  # its second never ends
            notes.until(EventKind.NOT_OPENED)
        assert notes.told.empty(), "what was not found out is not noted"
