"""The end of the program is never missed, whichever thread the system gives the signal to."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.limits import PROGRAM_S
from tests.support.program import Program

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import os, signal, threading, time
from meshbot.threads.termination import Termination

waiting = threading.Event()

def other():
    waiting.wait()
    while main_state() != "S":
        pass
    signal.pthread_kill(threading.get_ident(), signal.{name})
    time.sleep(60)

def main_state():
    with open(f"/proc/self/task/{{os.getpid()}}/stat") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0]

before = signal.getsignal(signal.SIGTERM)
with Termination() as termination:
    if {early}:
        os.kill(os.getpid(), signal.{name})
    else:
        threading.Thread(target=other, daemon=True).start()
    waiting.set()
    termination.wait()
    assert termination.requested
assert signal.getsignal(signal.SIGTERM) is before
print("ended")
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("early", [True, False], ids=["before the wait", "in another thread"])
def test_a_signal_ends_the_wait(name: str, early: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(name=name, early=early)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PROGRAM_S,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "ended\n", "")


# -- SIGUSR1: a question, not an end -----------------------------------------------------------


def test_usr1_logs_the_state_of_the_link_and_the_bot_goes_on(run: Callable[..., Program]) -> None:
    program = run()
    program.wait_line("SYNC COMPLETE")
    for _ in range(2):
        program.process.send_signal(signal.SIGUSR1)
        line = program.wait_line("État :")
        assert re.search(
            r"\[INFO\] ℹ️ État : liaison établie depuis \d+ s \(nœud simulé\), dernier octet du "
            r"nœud il y a \d+ s, rétablie 0 fois en 1 h et 0 en 24 h$",
            line,
        )
    assert program.process.poll() is None
    program.process.terminate()
    assert program.finish() == 0
    assert "👋 Bot arrêté" in program.lines[-1]


def test_usr1_while_the_link_is_down_says_so(run: Callable[..., Program]) -> None:
    program = run(CONNECTION_MODE="tcp", TCP_HOST="127.0.0.1", TCP_PORT="1")
    program.wait_line("Connexion TCP")
    program.process.send_signal(signal.SIGUSR1)
    assert "ℹ️ État : liaison coupée (127.0.0.1:1), rétablie" in program.wait_line("État :")


def test_usr1_during_start_up_is_harmless(run: Callable[..., Program]) -> None:
    """From before the imports until the bot waits, whenever it comes.

    Only the interpreter's own first moment is left out: no program can prepare for that.
    """
    program = run()
    status = Path(f"/proc/{program.process.pid}/status")
    deadline_s = time.monotonic() + PROGRAM_S
    while not survives_usr1(status, "SigIgn"):
        assert program.process.poll() is None and time.monotonic() < deadline_s
    while not survives_usr1(status, "SigCgt"):
        program.process.send_signal(signal.SIGUSR1)
        assert program.process.poll() is None and time.monotonic() < deadline_s
    program.process.send_signal(signal.SIGUSR1)
    program.wait_line("MeshBot")
    program.wait_line("État :")
    program.wait_line("SYNC COMPLETE")
    program.process.terminate()
    assert program.finish() == 0
    assert not [line for line in program.lines if "Traceback" in line]


def survives_usr1(status: Path, how: str) -> bool:
    """Say whether a process ignores or catches SIGUSR1, by the masks that the kernel shows."""
    (mask,) = re.findall(rf"{how}:\s*([0-9a-f]+)", status.read_text(encoding="ascii"))
    return bool(int(mask, 16) >> (signal.SIGUSR1 - 1) & 1)


USR1_THEN_TERM = """
import os, signal
from meshbot.threads.termination import Termination

asked = []
with Termination(lambda: asked.append(1)) as termination:
    os.kill(os.getpid(), signal.SIGUSR1)
    os.kill(os.getpid(), signal.{second})
    if signal.{second} == signal.SIGUSR1:
        import threading
        threading.Timer(0.0, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
    termination.wait()
print(len(asked), termination.requested)
"""


@pytest.mark.parametrize(("second", "asked"), [("SIGTERM", (0,)), ("SIGUSR1", (0, 1))])
def test_an_end_that_comes_with_questions_is_not_delayed_by_them(
    second: str, asked: tuple[int, ...]
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", USR1_THEN_TERM.format(second=second)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PROGRAM_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout in [f"{number} True\n" for number in asked]


# -- What is done meanwhile: tick, and wake --------------------------------------------------------

TICKS = """
import os, signal, threading, time
from meshbot.threads.termination import Termination

ticks = []

def end():
    os.kill(os.getpid(), signal.SIGTERM)

with Termination() as termination:
    {body}
print(len(ticks), termination.requested)
"""


def ticks_of(body: str) -> str:
    """Run a body of :data:`TICKS` to its end; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", TICKS.format(body=body.strip().replace("\n", "\n    "))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PROGRAM_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_without_an_interval_tick_is_called_at_the_start_only() -> None:
    assert (
        ticks_of(
            """
def tick():
    ticks.append(1)
    threading.Timer(0.2, end).start()
termination.wait(tick)
"""
        )
        == "1 True\n"
    )


def test_tick_is_called_again_after_each_interval_until_the_end() -> None:
    assert (
        ticks_of(
            """
started_s = time.monotonic()
def tick():
    ticks.append(1)
    if len(ticks) == 4:
        end()
termination.wait(tick, 0.1)
assert 0.3 <= time.monotonic() - started_s < 5
"""
        )
        == "4 True\n"
    )


def test_another_thread_wakes_it_at_once_each_time() -> None:
    """With an interval of an hour, or the test would take one."""
    assert (
        ticks_of(
            """
def tick():
    ticks.append(1)
    if len(ticks) < 5:
        threading.Thread(target=termination.wake).start()
    else:
        end()
termination.wait(tick, 3600)
"""
        )
        == "5 True\n"
    )


def test_to_be_woken_before_the_wait_or_during_a_tick_is_not_lost() -> None:
    assert (
        ticks_of(
            """
termination.wake()
def tick():
    ticks.append(1)
    if len(ticks) == 2:
        termination.wake()
    if len(ticks) == 3:
        end()
termination.wait(tick)
"""
        )
        == "3 True\n"
    )


@pytest.mark.slow
def test_to_be_woken_many_times_neither_blocks_nor_hides_the_end() -> None:
    assert (
        ticks_of(
            """
for _ in range(100_000):
    termination.wake()
end()
termination.wait(lambda: ticks.append(1))
assert len(ticks) <= 1
ticks.clear()
"""
        )
        == "0 True\n"
    )


def test_to_be_woken_when_it_is_over_is_harmless() -> None:
    assert (
        ticks_of(
            """
end()
termination.wait()
termination.__exit__(None, None, None)
termination.wake()
termination.__enter__()
"""
        )
        == "0 True\n"
    )


def test_to_be_woken_is_no_question_and_a_question_no_end() -> None:
    """A byte that wakes is no signal's number; SIGUSR1 ticks, too."""
    assert (
        ticks_of(
            """
asked = []
termination._answers[signal.SIGUSR1] = lambda: asked.append(1)
def tick():
    ticks.append(1)
    if len(ticks) == 1:
        termination.wake()
    elif len(ticks) == 2:
        assert not asked
        os.kill(os.getpid(), signal.SIGUSR1)
    else:
        assert asked == [1]
        end()
termination.wait(tick)
"""
        )
        == "3 True\n"
    )


def test_an_error_in_a_tick_gives_the_signals_back() -> None:
    assert (
        ticks_of(
            """
pass
try:
    with Termination() as inner:
        inner.wait(lambda: 1 / 0)
except ZeroDivisionError:
    end()
termination.wait()
"""
        )
        == "0 True\n"
    )
