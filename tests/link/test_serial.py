"""The serial link, over a pseudo-terminal that is wired to the simulated node."""

import errno
import os
import queue
import termios
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
import serial
from meshtastic.protobuf import mesh_pb2

from main_bot import MeshBot, link_settings_of
from meshbot.link.link_options import LinkOptions
from meshbot.link.mesh_serial_interface import MeshSerialInterface, find_serial_port
from meshbot.link.serial_interface_manager import SerialInterfaceManager
from meshbot.link.session_options import SessionOptions
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.model.cause import Cause
from meshbot.model.link_error import LinkError
from meshbot.model.link_event import EventKind
from meshbot.model.link_notes import LinkNotes
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.cable import Cable
from tests.support.journal import Journal
from tests.support.limits import WAIT_S
from tests.support.quick_bot import BotFactory

pytestmark = pytest.mark.slow

SESSION = SessionOptions(connect_timeout_s=1.0, queue_wait_s=1.0)


@pytest.fixture
def cable(node: SimulatedNode) -> Iterator[Cable]:
    plugged = Cable(node)
    yield plugged
    plugged.unplug()


def serial_settings(path: str) -> dict[str, str]:
    return {"MESHBOT_CONNECTION_MODE": "serial", "MESHBOT_SERIAL_PORT": path}


def test_the_bot_lives_on_a_serial_port(
    node: SimulatedNode, cable: Cable, start_bot: BotFactory, journal: Journal
) -> None:
    bot = start_bot(environment=serial_settings(cable.path))
    journal.wait_for("✅ Connexion série établie")
    journal.wait_for("✅ SYNC COMPLETE: 12 public keys synchronized")
    peer = node.peers[0]
    node.hear_text(peer, "/ping")
    assert node.wait_until(lambda n: len(n.texts_on_air) == 1, WAIT_S)
    assert node.read(lambda n: n.texts_on_air[0].text).startswith("pong")
    assert journal.count("SILENCE") == 0
    bot.stop()  # the reader waits at the port, and must be woken
    assert journal.count("ne s'arrête pas") == 0


def test_an_unplugged_port_is_reported_and_tried_again(
    node: SimulatedNode, cable: Cable, start_bot: BotFactory, journal: Journal, tmp_path: Path
) -> None:
    link = tmp_path / "ttyNode"
    link.symlink_to(cable.path)
    start_bot(environment=serial_settings(str(link)))
    journal.wait_for("✅ SYNC COMPLETE")
    link.unlink()
    cable.unplug()
    journal.wait_for("reconnexion série", times=2)
    assert journal.count("absent") >= 1
    again = Cable(node)
    try:
        link.symlink_to(again.path)
        journal.wait_for("✅ Reconnexion série réussie (background)")
        journal.wait_for("✅ SYNC COMPLETE", times=2)
        assert journal.count("Reconnexion TCP") == 0
    finally:
        again.unplug()


def test_a_missing_port_is_a_clear_line(start_bot: BotFactory, journal: Journal) -> None:
    start_bot(environment=serial_settings("/dev/ttyNoSuchNode"))
    line = journal.wait_for("impossible")
    assert "port série /dev/ttyNoSuchNode absent" in line


def test_a_port_taken_by_another_program_is_a_clear_line(
    cable: Cable, start_bot: BotFactory, journal: Journal
) -> None:
    with serial.Serial(cable.path, exclusive=True):
        start_bot(environment=serial_settings(cable.path))
        line = journal.wait_for("impossible")
    assert "déjà pris par un autre programme" in line
    journal.wait_for("✅ Connexion série établie")


def test_the_one_likely_port_is_found_and_doubt_is_an_error() -> None:
    assert find_serial_port(lambda: ["/dev/ttyUSB0"]) == "/dev/ttyUSB0"
    with pytest.raises(LinkError, match="no_port"):
        find_serial_port(list)
    with pytest.raises(LinkError, match="/dev/ttyUSB0, /dev/ttyACM0"):
        find_serial_port(lambda: ["/dev/ttyUSB0", "/dev/ttyACM0"])


@pytest.mark.slow
def test_a_loose_cable_is_no_rival(
    node: SimulatedNode, start_bot: BotFactory, journal: Journal, tmp_path: Path
) -> None:
    link = tmp_path / "ttyNode"
    start_bot(environment=serial_settings(str(link)), TCP_LASTING_SESSION=60)
    for times in range(5):
        plugged = Cable(node)
        link.symlink_to(plugged.path)
        journal.wait_for("✅ Reconnexion série" if times else "✅ Connexion série", max(times, 1))
        link.unlink()
        plugged.unplug()
    assert journal.count("un autre client") == 0


# -- Causes ------------------------------------------------------------------------------------


class Notes(LinkNotes):
    """The causes that the link's journal is told, in order."""

    def __init__(self) -> None:
        self.told: queue.Queue[tuple[EventKind, Cause, str]] = queue.Queue()

    def note(
        self,
        kind: EventKind,
        *,
        seconds: float | None = None,
        count: int | None = None,
        text: str = "",
        cause: Cause | None = None,
    ) -> None:
        if cause is not None and kind is not EventKind.ATTEMPT:
            self.told.put((kind, cause, text))

    def next(self) -> tuple[EventKind, Cause, str]:
        """Return what was told next; fail if it does not come."""
        return self.told.get(timeout=WAIT_S)


class Listener:
    """Notes that the link is up."""

    def __init__(self) -> None:
        self.opened = threading.Event()

    def link_opened(self, interface: SupervisedInterface, *, first: bool) -> None:
        self.opened.set()

    def link_failed(self) -> None:
        """The notes tell why."""

    def reconnection_succeeded(self, interface: SupervisedInterface) -> None:
        """No matter here."""

    def frame_received(
        self, interface: SupervisedInterface, message: mesh_pb2.FromRadio, payload: bytes
    ) -> None: ...

    def nodes_downloaded(
        self, interface: SupervisedInterface, nodes: list[mesh_pb2.NodeInfo]
    ) -> None:
        """No matter here."""

    def packet_received(self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket) -> None:
        """No matter here."""

    def node_told(self, interface: SupervisedInterface, message: mesh_pb2.FromRadio) -> None:
        """No matter here."""


class Link:
    """A serial link on a path, and what was told of it."""

    def __init__(self, path: str) -> None:
        self.notes, self.listener = Notes(), Listener()
        options = LinkOptions(
            link_settings_of(MeshBot), SESSION, light_reconnect=True, notes=self.notes
        )
        self._manager = SerialInterfaceManager(self.listener, options, path)

    def __enter__(self) -> Self:
        self._manager.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._manager.stop(WAIT_S)


def test_an_unplugged_cable_is_a_lost_port_and_then_an_absent_one(
    cable: Cable, tmp_path: Path
) -> None:
    path = tmp_path / "ttyNode"
    path.symlink_to(cable.path)
    with Link(str(path)) as link:
        assert link.listener.opened.wait(WAIT_S)
        path.unlink()
        cable.unplug()
        kind, cause, detail = link.notes.next()
        assert (kind, cause) == (EventKind.LOST, Cause.PORT_LOST)
        assert detail == "câble débranché, ou nœud redémarré"
        assert link.notes.next() == (EventKind.NOT_OPENED, Cause.PORT_ABSENT, str(path))
    assert {Cause.PORT_LOST.group, Cause.PORT_ABSENT.group} == {Cause.PORT_LOST}


def test_a_port_that_another_program_holds_is_busy(cable: Cable) -> None:
    with serial.Serial(cable.path, exclusive=True), Link(cable.path) as link:
        assert link.notes.next() == (EventKind.NOT_OPENED, Cause.PORT_BUSY, cable.path)


def test_a_port_that_the_user_may_not_open_is_forbidden(
    cable: Cable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To root everything is allowed, so the system's answer is played here."""
    real = os.open

    def refuse(path: str, *arguments: int) -> int:
        if path == cable.path:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return real(path, *arguments)

    monkeypatch.setattr(os, "open", refuse)
    with Link(cable.path) as link:
        assert link.notes.next() == (EventKind.NOT_OPENED, Cause.PORT_FORBIDDEN, cable.path)


def test_a_port_that_goes_while_it_is_opened_has_failed(
    cable: Cable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system answers what concerns terminals with an error of its own kind."""

    def gone(*_: object) -> list[object]:
        raise termios.error(errno.EIO, os.strerror(errno.EIO))

    real = serial.Serial

    def open_then_pull(*arguments: object, **named: object) -> object:
        port = real(*arguments, **named)
        monkeypatch.setattr(termios, "tcgetattr", gone)
        return port

    monkeypatch.setattr(serial, "Serial", open_then_pull)
    interface = MeshSerialInterface(Nobody(), cable.path, SESSION)
    with pytest.raises(LinkError) as failure:
        interface.open(threading.Event())
    interface.close()
    assert failure.value.cause is Cause.PORT_FAILED


def test_of_a_port_that_is_gone_no_input_is_expected(cable: Cable) -> None:
    interface = MeshSerialInterface(Nobody(), cable.path, SESSION)
    interface.open(threading.Event())
    cable.unplug()
    assert not interface.has_unread_input()
    interface.close()
    assert not interface.has_unread_input()


def test_a_port_opened_for_a_session_closed_meanwhile_is_released(
    cable: Cable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the bot is stopped just then."""
    interface = MeshSerialInterface(Nobody(), cable.path, SESSION)
    ports: list[serial.Serial] = []
    real = serial.Serial

    def open_late(*arguments: object, **named: object) -> serial.Serial:
        interface.close()
        ports.append(real(*arguments, **named))
        return ports[-1]

    monkeypatch.setattr(serial, "Serial", open_late)
    with pytest.raises(LinkError):
        interface.open(threading.Event())
    assert [port.is_open for port in ports] == [False]


class Nobody(Listener):
    """Hears of an interface, and does nothing."""

    def interface_ready(self, interface: SupervisedInterface) -> None:
        """No matter here."""

    def interface_lost(self, interface: SupervisedInterface, loss: LinkError) -> None:
        """No matter here."""
