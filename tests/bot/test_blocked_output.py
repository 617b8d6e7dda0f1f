"""The program goes on, and ends when told to, whatever becomes of what it says."""

import os
import pty
import signal
import sqlite3
import subprocess
import termios
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.air import wait_text
from tests.support.bare_program import BareProgram, FullPipe, run_command
from tests.support.limits import PROGRAM_S, WAIT_S

pytestmark = pytest.mark.slow

STOP_S = 5.0
LOST = "perdues : personne ne lisait la sortie"
KINDS = {">&-": "stdout", "<&- >&- 2>&-": "all three"}


@pytest.fixture
def full_pipe() -> Iterator[FullPipe]:
    pipe = FullPipe()
    yield pipe
    pipe.close()


def answers(node: SimulatedNode, peer_index: int) -> None:
    """Fail if the bot does not answer a peer."""
    peer = node.peers[peer_index]
    assert node.wait_until(lambda n: n.connections_total > 0, PROGRAM_S)
    node.hear_text(peer, "/ping")
    wait_text(node, peer.num)


def lives(node: SimulatedNode, program: BareProgram) -> None:
    """Fail if the bot does not answer, come back after a loss, and survive questions."""
    answers(node, 0)
    losses = node.read(lambda n: n.connections_total)
    node.close_by_fin()
    assert node.wait_until(lambda n: n.connections_total > losses, WAIT_S)
    program.process.send_signal(signal.SIGUSR1)
    answers(node, 1)


def test_a_pipe_that_nobody_reads_freezes_nothing(
    node: SimulatedNode, full_pipe: FullPipe, tmp_path: Path
) -> None:
    with BareProgram(tmp_path, node, stdout=full_pipe.writing, small_queue=True) as program:
        lives(node, program)
        assert LOST in full_pipe.read_until(LOST)
        answers(node, 2)
        full_pipe.read_until("💬")
        full_pipe.fill()
        node.close_by_fin()
        assert program.stop_s() < STOP_S


def test_errors_and_lines_in_one_pipe_that_nobody_reads_end_in_time(
    node: SimulatedNode, full_pipe: FullPipe, tmp_path: Path
) -> None:
    with BareProgram(tmp_path, node, stdout=full_pipe.writing, stderr=full_pipe.writing) as program:
        lives(node, program)
        assert program.stop_s(signal.SIGINT) < STOP_S


def test_a_terminal_stopped_by_its_user_freezes_nothing(
    node: SimulatedNode, tmp_path: Path
) -> None:
    master, slave = pty.openpty()
    tty.setraw(slave, termios.TCSANOW)
    termios.tcflow(slave, termios.TCOOFF)
    try:
        with BareProgram(tmp_path, node, stdout=slave, stderr=slave) as program:
            lives(node, program)
            assert program.stop_s() < STOP_S
    finally:
        os.close(master)
        os.close(slave)


@pytest.mark.parametrize("closed", list(KINDS), ids=list(KINDS.values()))
def test_closed_files_are_nobody_elses(closed: str, node: SimulatedNode, tmp_path: Path) -> None:
    """Else the database has the number of standard output, and the journal is written into it."""
    with BareProgram(tmp_path, node, closed=closed) as program:
        lives(node, program)
        assert program.stop_s() < STOP_S
    with sqlite3.connect(tmp_path / "bot.db") as stored:
        assert stored.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        (keys,) = stored.execute("SELECT count(*) FROM nodes WHERE public_key != ''").fetchone()
    stored.close()
    assert keys > 10


def test_a_full_disk_under_its_output_is_no_event(node: SimulatedNode, tmp_path: Path) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        with BareProgram(tmp_path, node, stdout=full, stderr=full) as program:
            lives(node, program)
            assert program.stop_s() < STOP_S
    finally:
        os.close(full)


def test_a_reader_that_goes_away_is_no_event(node: SimulatedNode, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        with BareProgram(tmp_path, node, stdout=writing, stderr=writing) as program:
            lives(node, program)
            assert program.stop_s() < STOP_S
    finally:
        os.close(writing)


def test_the_last_line_comes_though_the_end_is_near(node: SimulatedNode, tmp_path: Path) -> None:
    with BareProgram(tmp_path, node, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as program:
        answers(node, 0)
        assert program.process.stdout is not None
        program.process.terminate()
        said = program.process.stdout.read().decode()
        program.process.stdout.close()
        assert program.process.wait(PROGRAM_S) == 0
    assert said.endswith("👋 Bot arrêté\n")


# -- Commands: they may wait for a reader, and end without a word when there is none ---------------


@pytest.mark.parametrize(
    ("words", "closed"),
    [(["check"], ">&-"), (["check"], "2>&-"), (["keys", "list"], "<&- >&- 2>&-")],
    ids=["stdout", "stderr", "all three"],
)
def test_a_command_with_closed_files_does_its_work(
    words: list[str], closed: str, tmp_path: Path
) -> None:
    plain = run_command(tmp_path, words, "")
    done = run_command(tmp_path, words, closed)
    assert done.returncode == plain.returncode
    assert b"Traceback" not in done.stderr


def test_a_command_on_a_full_disk_says_so_where_it_can(tmp_path: Path) -> None:
    done = run_command(tmp_path, ["check"], "> /dev/full")
    assert done.returncode == 1
    assert "❌" in done.stderr.decode() and b"Traceback" not in done.stderr
    done = run_command(tmp_path, ["check"], "> /dev/full 2> /dev/full")
    assert done.returncode == 1


@pytest.mark.parametrize("words", [["check"], ["keys", "list"], ["report"], ["--help"]])
def test_a_command_whose_reader_has_enough_ends_without_a_word(
    words: list[str], tmp_path: Path
) -> None:
    done = run_command(tmp_path, words, "| true")
    assert done.stderr == b""
