"""Which frames show that the node knows of the session, on a stream that may outlive it."""

import contextlib
import os
import pty
import queue
import socket
import threading
import tty
from collections.abc import Callable, Iterator

import pytest
from meshtastic.protobuf import mesh_pb2

from meshbot.link.frame_decoder import encode_frame
from meshbot.link.mesh_serial_interface import MeshSerialInterface
from meshbot.link.mesh_tcp_interface import MeshTCPInterface
from meshbot.link.session_options import SessionOptions
from meshbot.link.supervised_interface import SupervisedInterface
from tests.support.cable import DEBUG_LOG, ROM_LOG
from tests.support.clock import Clock
from tests.support.limits import WAIT_S
from tests.support.session_events import Events

Say = Callable[[bytes], object]

OPENED_S, LATER_S = 100.0, 200.0


def queue_status(packet_id: int = 0) -> mesh_pb2.FromRadio:
    """Return an answer to a heartbeat, or the node's word on a packet of ours."""
    return mesh_pb2.FromRadio(
        queueStatus=mesh_pb2.QueueStatus(free=16, maxlen=16, mesh_packet_id=packet_id)
    )


RECORD = mesh_pb2.FromRadio(log_record=mesh_pb2.LogRecord(message="still here"))
OF_NO_SESSION = (queue_status(), RECORD)
OF_A_SESSION = (
    queue_status(7),
    mesh_pb2.FromRadio(packet=mesh_pb2.MeshPacket(id=9, to=1)),
    mesh_pb2.FromRadio(node_info=mesh_pb2.NodeInfo(num=5)),
    mesh_pb2.FromRadio(metadata=mesh_pb2.DeviceMetadata(firmware_version="2.7.26")),
)


@contextlib.contextmanager
def tcp_session(clock: Clock) -> Iterator[tuple[SupervisedInterface, Say]]:
    options = SessionOptions(WAIT_S, 1.0, clock=clock)
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        session = MeshTCPInterface(Events(), host, port, options)
        with contextlib.closing(session):
            session.open(threading.Event())
            peer, _ = server.accept()
            with peer:
                yield session, peer.sendall


@contextlib.contextmanager
def serial_session(clock: Clock) -> Iterator[tuple[SupervisedInterface, Say]]:
    options = SessionOptions(WAIT_S, 1.0, clock=clock)
    node_end, port = pty.openpty()
    tty.setraw(port)
    session = MeshSerialInterface(Events(), os.ttyname(port), options, ask_again_s=WAIT_S * 10)
    try:
        with contextlib.closing(session):
            session.open(threading.Event())
            yield session, lambda data: os.write(node_end, data)
    finally:
        os.close(port)
        os.close(node_end)


class Judge:
    """What a session takes each frame for; the one before has been dealt with by then."""

    def __init__(
        self, session: SupervisedInterface, say: Say, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self._say = say
        self._judged: queue.Queue[bool] = queue.Queue()
        judge = session.shows_session

        def shows_session(message: mesh_pb2.FromRadio) -> bool:
            shown = judge(message)
            self._judged.put(shown)
            return shown

        monkeypatch.setattr(session, "shows_session", shows_session)

    def hears(self, message: mesh_pb2.FromRadio, *, text: bytes = b"") -> bool:
        self._say(text + encode_frame(message.SerializeToString()) + text)
        return self._judged.get(timeout=WAIT_S)


@pytest.mark.parametrize("kind", ["serial", "bridge"])
def test_a_stream_that_outlives_a_restart_shows_life_by_what_only_a_session_brings(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A serial port; or TCP with text between the frames, which a bridge to one lets through."""
    clock = Clock(OPENED_S)
    opened = serial_session(clock) if kind == "serial" else tcp_session(clock)
    with opened as (session, say):
        judge = Judge(session, say, monkeypatch)
        assert judge.hears(queue_status(7), text=ROM_LOG)
        assert judge.hears(queue_status(7))
        clock.now_s = LATER_S
        for message in OF_NO_SESSION * 2:
            assert not judge.hears(message, text=DEBUG_LOG)
        assert session.last_received_s == OPENED_S
        for message in OF_A_SESSION:
            clock.now_s += 1.0
            assert judge.hears(message)
            judge.hears(RECORD)
            assert session.last_received_s == clock.now_s


def test_where_a_restart_ends_the_stream_anything_shows_life(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(OPENED_S)
    with tcp_session(clock) as (session, say):
        judge = Judge(session, say, monkeypatch)
        clock.now_s = LATER_S
        judge.hears(queue_status())
        judge.hears(queue_status())
        assert session.last_received_s == LATER_S
