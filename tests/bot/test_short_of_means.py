"""The real program on a machine that refuses it threads, files or memory: a line, and no deafness.

The limits are the system's own, set from outside while the program runs (``prlimit``). The system
holds root to no number of threads, so under root the program runs as nobody in particular.
"""

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.threads.memory_reserve import RESERVE_BYTES
from tests.support.descriptors import open_descriptors
from tests.support.program import Program, limited_to

pytestmark = pytest.mark.slow

UNUSED_ID = "64177"
"""A user that no system gives to anybody, and so without other processes."""
_NO_ROOT = (
    *("setpriv", "--reuid", UNUSED_ID, "--regid", UNUSED_ID, "--clear-groups"),
    *("--bounding-set", "-sys_resource,-sys_admin"),
    # What root set up may be nobody else's to read.
    *("--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override"),
)

SET_LIMIT = """
import resource, sys
pid, what, soft = map(int, sys.argv[1:])
most = resource.prlimit(pid, what)[1]
resource.prlimit(pid, what, (most if soft < 0 else soft, most))
"""
Limit = Callable[[Program, int, int | None], None]

Start = Callable[..., Program]


@pytest.fixture
def prefix() -> Sequence[str]:
    """What makes a command an ordinary user's."""
    if os.geteuid():
        return ()
    if subprocess.run([*_NO_ROOT, "true"], check=False, capture_output=True).returncode:
        pytest.skip("root, and no way to be less")
    return _NO_ROOT


@pytest.fixture
def start(node: SimulatedNode, prefix: Sequence[str]) -> Iterator[Start]:
    """Start the program on the node, as an ordinary user."""
    folder = Path(tempfile.mkdtemp(prefix="short-of-means-"))
    if prefix:
        os.chown(folder, int(UNUSED_ID), int(UNUSED_ID))
    started: list[Program] = []

    def begin(*limits: tuple[int, int], **settings: str) -> Program:
        connection = {
            "CONNECTION_MODE": "tcp",
            "TCP_HOST": "127.0.0.1",
            "TCP_PORT": str(node.port),
            "TCP_INTERFACE_STABILIZATION_DELAY": "0.1",
            "TCP_RETRY_MAX_EARLY": "0.2",
            "TCP_COURTESY_PAUSE": "0.1",
            **settings,
        }
        started.append(Program(folder, (), prefix=[*prefix, *limited_to(*limits)], **connection))
        return started[-1]

    yield begin
    for program in started:
        if program.process.poll() is None:
            program.process.kill()
        program.finish()
    shutil.rmtree(folder)


@pytest.fixture
def limit(prefix: Sequence[str]) -> Limit:
    """Set a soft limit of a running program's; None: as high as it may be."""

    def set_limit(program: Program, what: int, soft: int | None) -> None:
        arguments = [
            str(number) for number in (program.process.pid, what, -1 if soft is None else soft)
        ]
        subprocess.run([*prefix, sys.executable, "-c", SET_LIMIT, *arguments], check=True)

    return set_limit


def status_of(program: Program, name: str) -> int:
    """Return a figure of the system's on the program."""
    for line in Path(f"/proc/{program.process.pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise AssertionError(name)


def end(program: Program) -> int:
    program.process.send_signal(signal.SIGTERM)
    return program.finish()


def no_traceback(program: Program) -> bool:
    return not any("Traceback" in line or "inattendue" in line for line in program.lines)


@pytest.fixture
def connected(start: Start) -> Program:
    program = start()
    program.wait_line("SYNC COMPLETE")
    return program


def test_a_session_whose_reader_cannot_start_is_tried_again(
    node: SimulatedNode, connected: Program, limit: Limit
) -> None:
    limit(connected, resource.RLIMIT_NPROC, 1)
    node.close_by_rst()
    connected.wait_line("limite nproc")
    connected.wait_line("reconnexion TCP n°")
    limit(connected, resource.RLIMIT_NPROC, None)
    connected.wait_line("Reconnexion TCP réussie")
    assert end(connected) == 0
    assert no_traceback(connected), connected.lines


def test_without_a_free_descriptor_it_says_so_and_comes_back(
    node: SimulatedNode, connected: Program, limit: Limit
) -> None:
    limit(connected, resource.RLIMIT_NOFILE, 3)
    node.close_by_rst()
    connected.wait_line("limite nofile")
    limit(connected, resource.RLIMIT_NOFILE, None)
    connected.wait_line("Reconnexion TCP réussie")
    assert end(connected) == 0
    assert no_traceback(connected), connected.lines


def leave_no_memory(program: Program, limit: Limit) -> None:
    """Let its address space grow by half of what a thread wants to be left."""
    limit(program, resource.RLIMIT_AS, status_of(program, "VmSize") * 1_024 + RESERVE_BYTES // 2)


@pytest.mark.slow
def test_where_memory_comes_back_it_goes_on(
    node: SimulatedNode, connected: Program, limit: Limit
) -> None:
    leave_no_memory(connected, limit)
    node.close_by_rst()
    connected.wait_line("❌ Mémoire insuffisante sur cette machine")
    limit(connected, resource.RLIMIT_AS, None)
    connected.wait_line("Reconnexion TCP réussie")
    assert end(connected) == 0
    assert no_traceback(connected), connected.lines


@pytest.mark.slow
def test_where_it_does_not_the_program_ends_in_order_for_systemd_to_start_it_anew(
    node: SimulatedNode, connected: Program, limit: Limit
) -> None:
    leave_no_memory(connected, limit)
    node.close_by_rst()
    connected.wait_line("depuis trop longtemps : le bot s'arrête")
    assert connected.finish() == 1
    assert any("Bot arrêté" in line for line in connected.lines), connected.lines
    assert no_traceback(connected), connected.lines


def test_a_simulated_node_without_a_thread_is_no_traceback_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> int:
        raise RuntimeError("can't start new thread")

    before = len(open_descriptors())
    node = SimulatedNode()
    with monkeypatch.context() as patched:
        patched.setattr(threading, "_start_new_thread", refuse)
        with pytest.raises(RuntimeError):
            node.start()
    node.stop()
    assert len(open_descriptors()) == before


@pytest.mark.parametrize(
    ("what", "soft", "word"),
    [
        pytest.param(resource.RLIMIT_NPROC, 1, "limite nproc", id="the first thread"),
        pytest.param(resource.RLIMIT_NPROC, 3, "limite nproc", id="a later thread"),
        pytest.param(resource.RLIMIT_NOFILE, 6, "limite nofile", id="files"),
    ],
)
def test_one_that_cannot_even_start_says_why_and_ends_with_1(
    start: Start, what: int, soft: int, word: str
) -> None:
    """So systemd tries again; and there is no traceback."""
    program = start((what, soft))
    assert program.finish() == 1
    assert any(word in line for line in program.lines), program.lines
    assert no_traceback(program), program.lines
