"""How long the program takes to end, whatever it is doing when it is told to.

``python tests/long_runs/stop_times.py`` prints a table; 1 if anything took more than 5 s.
"""

import argparse
import os
import pty
import resource
import subprocess
import sys
import tempfile
import termios
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.bare_program import BareProgram, FullPipe
from tests.support.limits import PROGRAM_S

STOP_S = 5.0
RUNS_S = 1.0
"""How long a state is let be: what it does begins at once, and the next thing is far away."""
Deed = Callable[[SimulatedNode], object]


@contextmanager
def nowhere() -> Iterator[int]:
    """Give an output that takes everything."""
    yield subprocess.DEVNULL


@contextmanager
def full_pipe() -> Iterator[int]:
    """Give a pipe that nobody reads."""
    pipe = FullPipe()
    yield pipe.writing
    pipe.close()


@contextmanager
def stopped_terminal() -> Iterator[int]:
    """Give a terminal after Ctrl-S."""
    master, slave = pty.openpty()
    tty.setraw(slave, termios.TCSANOW)
    termios.tcflow(slave, termios.TCOOFF)
    yield slave
    os.close(master)
    os.close(slave)


@contextmanager
def full_disk() -> Iterator[int]:
    """Give a file on a disk without room."""
    descriptor = os.open("/dev/full", os.O_WRONLY)
    yield descriptor
    os.close(descriptor)


def nothing(node: SimulatedNode) -> None:
    """Leave the node as it is."""


def ask_much(node: SimulatedNode) -> None:
    """Leave replies under way and waiting."""
    for peer in node.peers[:6]:
        node.hear_text(peer, "/help")


def offer_keys(node: SimulatedNode) -> None:
    """Give the bot something to write."""
    for peer in node.peers[:6]:
        node.hear_node_info(peer, public_key=os.urandom(32))
    ask_much(node)


def be_deaf(node: SimulatedNode) -> None:
    """Have the node take no more bytes, with replies waiting."""
    node.stop_reading()
    ask_much(node)


def lose(node: SimulatedNode) -> None:
    """Have the link lost, and no other to be had."""
    node.refuse_for(None)
    node.close_by_rst()


def stall(node: SimulatedNode) -> None:
    """Have the next configuration stand still."""
    node.hang_handshake_after = 5
    node.close_by_fin()


@dataclass(frozen=True)
class State:
    """What the program is doing; ``before``: to the node before it starts, ``then``: when up."""

    name: str
    before: Deed = nothing
    then: Deed = nothing
    output: Callable[[], AbstractContextManager[int]] = nowhere
    up: bool = True
    disk_full: bool = False
    """Whether no file of the program may grow any more."""
    settings: dict[str, str] = field(default_factory=dict)


STATES = (
    State("connecting", up=False, settings={"TCP_HOST": "203.0.113.1"}),
    State("refused", before=lambda node: node.refuse_for(None), up=False),
    State("handshake", before=lambda n: setattr(n, "hang_handshake_after", 3)),
    State("idle"),
    State("sending", then=ask_much),
    State("node that does not read", then=be_deaf),
    State("reconnecting", then=lose),
    State("second handshake", then=stall),
    State("full pipe", then=ask_much, output=full_pipe),
    State("full pipe, reconnecting", then=lose, output=full_pipe),
    State("stopped terminal", then=ask_much, output=stopped_terminal),
    State("output on a full disk", then=ask_much, output=full_disk),
    State("database on a full disk", then=offer_keys, disk_full=True),
)


def measure(state: State, folder: Path) -> float:
    """Return how many seconds the program takes to end in a state."""
    output = state.output()
    with SimulatedNode() as node, output as stdout:
        state.before(node)
        with BareProgram(
            folder, node, stdout=stdout, stderr=stdout, settings=state.settings
        ) as program:
            if state.up and not node.wait_until(lambda n: n.connections_total > 0, PROGRAM_S):
                raise AssertionError(f"{state.name}: it never connected")
            _let_be(RUNS_S if state.up else 3 * RUNS_S)
            if state.disk_full:
                resource.prlimit(program.process.pid, resource.RLIMIT_FSIZE, (0, -1))
            state.then(node)
            _let_be(RUNS_S)
            return program.stop_s()


def _let_be(seconds: float) -> None:
    deadline_s = time.monotonic() + seconds
    while time.monotonic() < deadline_s:
        time.sleep(0.05)


def main() -> int:
    """Measure every state, or those named; 1 if one takes too long."""
    parser = argparse.ArgumentParser(description="how long the program takes to end")
    parser.add_argument("names", nargs="*", metavar="part of a name")
    wanted = parser.parse_args().names
    took: dict[str, float] = {}
    for state in STATES:
        if wanted and not any(name in state.name for name in wanted):
            continue
        with tempfile.TemporaryDirectory() as folder:
            took_s = measure(state, Path(folder))
        took[state.name] = took_s
        sys.stdout.write(f"{state.name:26} {took_s:6.2f} s{' TOO SLOW' * (took_s > STOP_S)}\n")
        sys.stdout.flush()
    slow = sum(took_s > STOP_S for took_s in took.values())
    each = ", ".join(f"{name} {took_s:.2f} s" for name, took_s in took.items())
    sys.stdout.write(f"{each}: {slow} of {len(took)} took more than {STOP_S:.0f} s\n")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
