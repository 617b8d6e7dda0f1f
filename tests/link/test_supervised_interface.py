"""One session, whatever carries it: who may wait for whom when a write breaks the link."""

import threading
from collections.abc import Callable

import pytest
from meshtastic.protobuf import mesh_pb2

from meshbot.link.session_options import SessionOptions
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.model.cause import Cause
from meshbot.model.link_error import LinkError
from tests.support.limits import WAIT_S


class Session(SupervisedInterface):
    """A session without bytes, whose writes last until the test lets them fail."""

    def __init__(
        self, events: "Events", on_packet_id: Callable[[int], object] = lambda packet_id: None
    ) -> None:
        options = SessionOptions(1.0, 1.0, without_nodes=True, on_packet_id=on_packet_id)
        super().__init__(events, options)
        self.writing, self.may_fail = threading.Event(), threading.Event()
        self.looked_alive = threading.Event()
        """Set once another thread than the first to write has found the session alive."""
        self.first_writer: threading.Thread | None = None

    @property
    def alive(self) -> bool:
        found = super().alive
        if self.first_writer not in (None, threading.current_thread()):
            self.looked_alive.set()
        return found

    def _open_stream(self, stop: threading.Event) -> None:
        """Nothing to open."""

    def _read_stream(self) -> bytes | None:
        return b"" if self.may_fail.wait(WAIT_S) and self._wantExit else None

    def _write_stream(self, data: bytes, timeout_s: float) -> None:
        if self.first_writer is None:
            return
        self.writing.set()
        assert self.may_fail.wait(WAIT_S)
        raise LinkError(Cause.NOT_READING)

    def _wake_stream(self) -> None:
        self.may_fail.set()

    def _close_stream(self) -> None:
        """Nothing to close."""

    def _loss(self, error: Exception | None) -> LinkError:
        assert isinstance(error, LinkError)
        return error


class Events:
    """Waits, when the link is lost, for another thread that wants to use it."""

    def __init__(self) -> None:
        self.other_done = threading.Event()
        self.other_was_free: bool | None = None

    def interface_ready(self, interface: SupervisedInterface) -> None:
        raise AssertionError("no node is here")

    def interface_lost(self, interface: SupervisedInterface, loss: LinkError) -> None:
        assert loss.cause is Cause.NOT_READING
        interface.close()
        self.other_was_free = self.other_done.wait(2.0)

    def frame_received(
        self, interface: SupervisedInterface, message: mesh_pb2.FromRadio, payload: bytes
    ) -> None: ...

    def nodes_downloaded(
        self, interface: SupervisedInterface, nodes: list[mesh_pb2.NodeInfo]
    ) -> None:
        raise AssertionError("no node is here")

    def packet_received(self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket) -> None:
        raise AssertionError("no node is here")

    def node_told(self, interface: SupervisedInterface, message: mesh_pb2.FromRadio) -> None:
        """No matter here."""


def test_no_lock_is_held_while_a_loss_is_told() -> None:
    """Else a listener would wait for a thread that waits for the listener."""
    events = Events()
    session = Session(events)
    session.open(threading.Event())
    causes: list[Cause] = []

    def send() -> None:
        with pytest.raises(LinkError) as error:
            session.ask_heartbeat()
        causes.append(error.value.cause)

    def send_too() -> None:
        send()
        events.other_done.set()

    first = threading.Thread(target=send)
    session.first_writer = first
    first.start()
    assert session.writing.wait(WAIT_S)
    second = threading.Thread(target=send_too)
    second.start()
    assert session.looked_alive.wait(WAIT_S)  # from here on it waits for its turn to write
    session.may_fail.set()
    for thread in (first, second):
        thread.join(WAIT_S)
    session.close()
    assert events.other_was_free
    assert sorted(cause.value for cause in causes) == ["link_down", "not_reading"]


class Listed(Session):
    """A session that lists what it tells and what it writes, in order."""

    def __init__(self) -> None:
        self.done: list[str | int] = []
        super().__init__(Events(), on_packet_id=self.done.append)
        self._opened = True
        self.myInfo = mesh_pb2.MyNodeInfo(my_node_num=1)

    def _write_stream(self, data: bytes, timeout_s: float) -> None:
        self.done.append("written")


def test_who_is_to_know_our_packets_by_their_ids_is_told_before_the_node_has_one() -> None:
    session = Listed()
    packet_id = session.new_packet_id()
    assert session.done == [packet_id]
    session.done.clear()
    session.ask_metadata()
    told, written = session.done
    assert isinstance(told, int)
    assert written == "written"
    session.close()
