"""The program as an operator starts it, in a process of its own."""

import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.limits import PROGRAM_S

ROOT = Path(__file__).resolve().parents[2]


_LIMIT = """
import os, resource, sys
for limit in sys.argv[1].split(","):
    what, soft = map(int, limit.split(":"))
    resource.setrlimit(what, (soft, resource.getrlimit(what)[1]))
os.execv(sys.argv[2], sys.argv[2:])
"""


def limited_to(*limits: tuple[int, int]) -> list[str]:
    """Return the words that run a command under soft limits of the system's."""
    told = ",".join(f"{what}:{soft}" for what, soft in limits)
    return [sys.executable, "-c", _LIMIT, told] if limits else []


class Program:
    """``python main_bot.py`` in a child process, its lines as they come."""

    def __init__(
        self,
        folder: Path,
        arguments: tuple[str, ...] = (),
        *,
        prefix: Sequence[str] = (),
        command: Sequence[str] | None = None,
        **settings: str,
    ) -> None:
        """Start it, behind the words of ``prefix``; ``command`` is how, elsewhere installed."""
        environment = {
            **{name: value for name, value in os.environ.items() if "MESHBOT" not in name},
            "MESHBOT_CONNECTION_MODE": "simulated",  # never the node of an edited config.py
            "MESHBOT_DATABASE_PATH": str(folder / "bot.db"),
            **{f"MESHBOT_{name}": value for name, value in settings.items()},
        }
        self.process = subprocess.Popen(
            [*prefix, *(command or (sys.executable, str(ROOT / "main_bot.py"))), *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        self.lines: list[str] = []
        self._queue: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, name="program-output", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._queue.put(line.rstrip("\n"))
        self._queue.put(None)

    def wait_line(self, text: str) -> str:
        deadline_s = time.monotonic() + PROGRAM_S
        while True:
            try:
                line = self._queue.get(timeout=max(deadline_s - time.monotonic(), 0.01))
            except queue.Empty:
                line = None
            if line is None:
                pytest.fail(f"no line with {text!r} in:\n" + "\n".join(self.lines))
            self.lines.append(line)
            if text in line:
                return line

    def finish(self) -> int:
        code = self.process.wait(PROGRAM_S)
        self._reader.join(PROGRAM_S)
        while not self._queue.empty():
            line = self._queue.get()
            if line is not None:
                self.lines.append(line)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code
