"""The files of a running bot change under it, by an upgrade or an operator: it goes on."""

import resource
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.limits import PROGRAM_S
from tests.support.program import ROOT, Program

pytestmark = pytest.mark.slow

UNREADABLE = {
    "not Python": ("config.py", "TCP_HOST = 192.168.1.2\n"),
    "no such name": ("config.py", "REQUIRE_PKI = true\n"),
    "a library of another version": ("dotenv.py", "raise TypeError('half an upgrade')\n"),
    "a library that lacks a part": ("dotenv.py", "import dotenv.no_such_part\n"),
}
UNLOADABLE = {
    "a merge under way": "<<<<<<< HEAD\n",
    "of another version": "from meshbot.model.cause import Cause\nCause.OF_THE_NEXT_VERSION\n",
    "without what it needs": "import meshbot.no_such_part\n",
}
KEPT = "❌ Réglages gardés tels quels"
UNLOADED = "⚠️ Ce qui juge la liaison ne se charge pas"
READ_AGAIN = "🔁 Réglages relus"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of the program, to be changed."""
    folder = tmp_path / "checkout"
    shutil.copytree(ROOT / "meshbot", folder / "meshbot")
    for file in ROOT.glob("*.py"):
        shutil.copy(file, folder)
    return folder


@pytest.fixture
def start(checkout: Path) -> Iterator[Callable[[int], Program]]:
    """Start the copied program on a port where a node is."""
    started: list[Program] = []

    def program(port: int) -> Program:
        started.append(
            Program(
                checkout,
                command=(sys.executable, str(checkout / "main_bot.py")),
                CONNECTION_MODE="tcp",
                TCP_HOST="127.0.0.1",
                TCP_PORT=str(port),
            )
        )
        return started[-1]

    yield program
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.finish()


@pytest.mark.parametrize(("file", "text"), UNREADABLE.values(), ids=UNREADABLE)
def test_settings_that_cannot_be_read_again_leave_the_bot_as_it_was(
    file: str,
    text: str,
    checkout: Path,
    node: SimulatedNode,
    start: Callable[[int], Program],
) -> None:
    program = start(node.port)
    program.wait_line("SYNC COMPLETE")
    (checkout / ".env").write_text("LOG_LEVEL=INFO\n", encoding="utf-8")
    (checkout / file).write_text(text, encoding="utf-8")
    program.process.send_signal(signal.SIGHUP)
    program.wait_line(KEPT)
    (checkout / file).unlink()
    program.process.send_signal(signal.SIGHUP)
    if file == "config.py":
        assert "config.py introuvable" in program.wait_line(KEPT)
        shutil.copy(ROOT / file, checkout)
        program.process.send_signal(signal.SIGHUP)
    program.wait_line(READ_AGAIN)
    program.process.terminate()
    assert program.finish() == 0
    assert node.connections_total == 1


def test_settings_are_not_read_again_for_want_of_a_file(
    node: SimulatedNode, start: Callable[[int], Program]
) -> None:
    program = start(node.port)
    program.wait_line("SYNC COMPLETE")
    pid = program.process.pid
    usual = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, usual[1]))
    program.process.send_signal(signal.SIGHUP)
    assert "Trop de fichiers ouverts" in program.wait_line(KEPT)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, usual)
    program.process.send_signal(signal.SIGHUP)
    program.wait_line(READ_AGAIN)
    program.process.terminate()
    assert program.finish() == 0


@pytest.mark.parametrize("text", UNLOADABLE.values(), ids=UNLOADABLE)
def test_what_cannot_be_loaded_after_the_first_attempt_costs_a_line_and_not_the_bot(
    text: str, checkout: Path, start: Callable[[int], Program]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PROGRAM_S)
        program = start(server.getsockname()[1])
        silent, _ = server.accept()
        judges = checkout / "meshbot" / "diagnosis" / "last_week.py"
        judges.write_text(text, encoding="utf-8")
        silent.close()
        program.wait_line(UNLOADED)
        server.accept()[0].close()
        server.accept()[0].close()
        program.process.terminate()
        assert program.finish() == 0
    assert len([line for line in program.lines if UNLOADED in line]) == 1
