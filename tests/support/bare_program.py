"""The program with an output that is the test's own matter: full, closed, stopped, unwritable."""

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.limits import PROGRAM_S

ROOT = Path(__file__).resolve().parents[2]
_SMALL_QUEUE = (
    "import runpy, sys; from meshbot.threads.output_writer import OutputWriter;"
    "OutputWriter.__init__.__kwdefaults__['max_bytes'] = 400;"
    "sys.argv = ['main_bot.py']; runpy.run_path('main_bot.py', run_name='__main__')"
)
"""Starts the bot with a queue for a few lines, so that a few more are lost."""


class FullPipe:
    """A pipe as small as pipes get, full from the beginning."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        fcntl.fcntl(self.writing, fcntl.F_SETPIPE_SZ, 4_096)
        self.fill()

    def fill(self) -> None:
        """Leave no room, without making the child's end non-blocking: it is opened anew."""
        mine = os.open(f"/proc/self/fd/{self.writing}", os.O_WRONLY | os.O_NONBLOCK)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(mine, b"\n" * 4_096)
        os.close(mine)

    def read_until(self, text: str) -> str:
        """Read, with a limit, until a text comes; return all since the call."""
        read, deadline_s = b"", time.monotonic() + PROGRAM_S
        while text.encode() not in read:
            ready, _, _ = select.select([self.reading], [], [], deadline_s - time.monotonic())
            assert ready, f"no {text!r} in {read!r}"
            read += os.read(self.reading, 65_536)
        return read.decode("utf-8", "replace")

    def close(self) -> None:
        os.close(self.reading)
        os.close(self.writing)


class BareProgram:
    """``main_bot.py`` on a simulated node; killed at the end at the latest."""

    def __init__(
        self,
        folder: Path,
        node: SimulatedNode,
        *,
        stdout: int = subprocess.DEVNULL,
        stderr: int = subprocess.DEVNULL,
        closed: str = "",
        small_queue: bool = False,
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """``closed`` is what a shell closes for it, such as ``>&- 2>&-``."""
        environment = {
            **{name: value for name, value in os.environ.items() if "MESHBOT" not in name},
            "MESHBOT_CONNECTION_MODE": "tcp",
            "MESHBOT_TCP_HOST": "127.0.0.1",
            "MESHBOT_TCP_PORT": str(node.port),
            "MESHBOT_DATABASE_PATH": str(folder / "bot.db"),
            "MESHBOT_TCP_INTERFACE_STABILIZATION_DELAY": "0.1",
            **{f"MESHBOT_{name}": value for name, value in settings.items()},
        }
        command = [sys.executable, "-c", _SMALL_QUEUE] if small_queue else _program()
        if closed:
            command = ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", *command]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait(PROGRAM_S)

    def stop_s(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Send a signal; return how long the end takes. Fails if it is no orderly one."""
        sent_s = time.monotonic()
        self.process.send_signal(number)
        assert self.process.wait(PROGRAM_S) == 0
        return time.monotonic() - sent_s


def run_command(
    folder: Path, arguments: Sequence[str], closed: str
) -> subprocess.CompletedProcess[bytes]:
    """Run a command of the program with its output as the shell is told."""
    environment = {
        **{name: value for name, value in os.environ.items() if "MESHBOT" not in name},
        "MESHBOT_CONNECTION_MODE": "simulated",
        "MESHBOT_DATABASE_PATH": str(folder / "bot.db"),
    }
    return subprocess.run(
        ["/bin/sh", "-c", f'"$@" {closed}', "sh", *_program(), *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PROGRAM_S,
        check=False,
    )


def _program() -> list[str]:
    return [sys.executable, str(ROOT / "main_bot.py")]
