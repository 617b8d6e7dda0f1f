"""The end of the program is never missed, whichever thread the system gives the signal to."""

import subprocess
import sys
from pathlib import Path

import pytest

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
