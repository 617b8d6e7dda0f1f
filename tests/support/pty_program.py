"""The program at a terminal of its own: typed to, and looked at."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.limits import PROGRAM_S
from tests.support.program import ROOT
from tests.support.screen import Screen

COLUMNS = 300


class PtyProgram:
    """``main_bot.py`` in a session whose terminal it has; killed at the end at the latest."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        """Start it with this environment and no settings from the test's own."""
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
        kept = {name: value for name, value in os.environ.items() if "MESHBOT" not in name}
        kept.pop("NO_COLOR", None)
        self.process = subprocess.Popen(
            ["setsid", "--ctty", sys.executable, str(ROOT / "main_bot.py"), *arguments],
            cwd=folder,
            env={**kept, "TERM": "xterm-256color", **environment},
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        self.modes = termios.tcgetattr(slave)
        self._slave = slave
        self.screen = Screen()
        self._data = b""
        self._shown = 0

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Kill it and close the terminal."""
        self.process.kill()
        self.process.wait(PROGRAM_S)
        os.close(self.master)
        os.close(self._slave)

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def look_until(self, is_so: Callable[[list[str]], bool]) -> list[str]:
        """Read until the rows are so; return them."""
        deadline_s = time.monotonic() + PROGRAM_S
        while not is_so(self.screen.rows):
            left_s = max(deadline_s - time.monotonic(), 0.0)
            assert select.select([self.master], [], [], left_s)[0], f"not so: {self.screen.rows}"
            self._take()
        return self.screen.rows

    def answer(self, question: str, text: str) -> None:
        """Wait for a question and type the answer."""
        before = len(self.look_until(lambda rows: question in rows[-1]))
        self.type(text)
        # The same question again is another row.
        self.look_until(lambda rows: len(rows) > before)

    def finish(self) -> tuple[int, list[str]]:
        """Wait for the end; return the exit code and what stands there then."""
        code = self.process.wait(PROGRAM_S)
        while select.select([self.master], [], [], 0)[0]:
            self._take()
        return code, self.screen.rows

    def modes_now(self) -> list[object]:
        """Return the modes of the terminal."""
        return list(termios.tcgetattr(self._slave))

    def _take(self) -> None:
        self._data += os.read(self.master, 65_536)
        text = self._data.decode("utf-8", "ignore")  # it may end in the middle of a character
        self.screen.write(text[self._shown :])
        self._shown = len(text)
