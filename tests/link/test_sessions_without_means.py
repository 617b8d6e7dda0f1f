"""A session for which this machine has no thread or descriptor says so; the node is not blamed."""

import errno
import os
import resource
import socket
import threading
from collections.abc import Iterator

import pytest

from meshbot.link.mesh_serial_interface import MeshSerialInterface
from meshbot.link.mesh_tcp_interface import MeshTCPInterface
from meshbot.link.session_options import SessionOptions
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.model.cause import Cause
from meshbot.model.link_error import LinkError
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.descriptors import open_descriptors
from tests.support.limits import WAIT_S
from tests.support.session_events import Events

OPTIONS = SessionOptions(connect_timeout_s=WAIT_S, queue_wait_s=WAIT_S)


@pytest.fixture
def no_descriptor() -> Iterator[None]:
    """Let this process open nothing more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(name) for name in open_descriptors())
    filler = [os.dup(0) for _ in range(highest)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    for descriptor in filler:
        os.close(descriptor)


def cause_of(session: SupervisedInterface) -> Cause:
    with pytest.raises(LinkError) as failure:
        session.open(threading.Event())
    session.close()
    return failure.value.cause


@pytest.mark.usefixtures("no_descriptor")
@pytest.mark.parametrize("host", ["127.0.0.1", "meshtastic.example"])
def test_no_descriptor_is_no_unknown_name_and_no_node_away(host: str) -> None:
    assert cause_of(MeshTCPInterface(Events(), host, 4403, OPTIONS)) is Cause.NO_DESCRIPTOR


@pytest.mark.usefixtures("no_descriptor")
def test_no_descriptor_is_no_port_that_failed() -> None:
    assert cause_of(MeshSerialInterface(Events(), "/dev/ptmx", OPTIONS)) is Cause.NO_DESCRIPTOR


@pytest.mark.parametrize(
    ("number", "cause"),
    [(errno.ENFILE, Cause.NO_DESCRIPTOR), (errno.ENOBUFS, Cause.NO_MEMORY)],
)
def test_what_the_system_lacks_for_a_socket(
    number: int, cause: Cause, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket, "socket", refuse)
    assert cause_of(MeshTCPInterface(Events(), "127.0.0.1", 4403, OPTIONS)) is cause


def test_a_reader_that_cannot_start_leaves_nothing_open(
    node: SimulatedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise RuntimeError("can't start new thread")

    before = len(open_descriptors())
    monkeypatch.setattr(threading, "_start_new_thread", refuse)
    session = MeshTCPInterface(Events(), "127.0.0.1", node.port, OPTIONS)
    assert cause_of(session) is Cause.NO_THREAD
    assert not session.alive
    assert len(open_descriptors()) <= before + 1, "the node may not have noticed yet"
