"""The serial link, over a pseudo-terminal that is wired to the simulated node."""

import contextlib
import os
import pty
import select
import socket
import termios
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from meshbot.link.mesh_serial_interface import find_serial_port
from meshbot.model.link_error import LinkError
from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.journal import Journal
from tests.support.limits import WAIT_S
from tests.support.quick_bot import BotFactory


class Cable:
    """Carries bytes between a pseudo-terminal and a simulated node's socket."""

    def __init__(self, node: SimulatedNode) -> None:
        self._node = node
        self._master, slave = pty.openpty()
        tty.setraw(slave)
        attributes = termios.tcgetattr(slave)
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(slave, termios.TCSANOW, attributes)
        self.path = os.ttyname(slave)
        self._slave = slave
        self._wake_read, self._wake_write = os.pipe()
        self._socket = socket.create_connection(("127.0.0.1", node.port))
        self._unplugged = False
        self._thread = threading.Thread(target=self._carry, name="cable", daemon=True)
        self._thread.start()

    def _carry(self) -> None:
        while True:
            ends: list[int | socket.socket] = [self._master, self._socket, self._wake_read]
            readable, _, _ = select.select(ends, [], [])
            if self._wake_read in readable:
                return
            with contextlib.suppress(OSError):
                if self._master in readable:
                    self._socket.sendall(os.read(self._master, 4096))
                if self._socket in readable:
                    os.write(self._master, self._socket.recv(4096))

    def unplug(self) -> None:
        """Pull the cable: the port is gone. Harmless when it is."""
        if self._unplugged:
            return
        self._unplugged = True
        os.write(self._wake_write, b"x")
        self._thread.join(WAIT_S)
        self._socket.close()
        for descriptor in (self._master, self._slave, self._wake_read, self._wake_write):
            with contextlib.suppress(OSError):
                os.close(descriptor)


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
    bot = start_bot(environment=serial_settings(cable.path), TCP_SILENT_TIMEOUT=0.3)
    journal.wait_for("✅ Connexion série établie")
    journal.wait_for("✅ SYNC COMPLETE: 12 public keys synchronized")
    peer = node.peers[0]
    node.hear_text(peer, "/ping")
    assert node.wait_until(lambda n: len(n.texts_on_air) == 1, WAIT_S)
    assert node.read(lambda n: n.texts_on_air[0].text).startswith("pong")
    assert not node.wait_until(lambda n: n.heartbeats_received > 0, 0.6)
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
