"""The end of the program is never missed, whichever thread the system gives the signal to."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from test_main import LIMIT_S, Program
from test_main import run as run_fixture

run = run_fixture
ROOT = Path(__file__).resolve().parent.parent

PROGRAM = """
import os, signal, threading, time
from termination import Termination

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
        timeout=20,
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
    deadline_s = time.monotonic() + LIMIT_S
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
from termination import Termination

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
        timeout=20,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout in [f"{number} True\n" for number in asked]
