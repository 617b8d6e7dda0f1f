"""A program under measurement in a process of its own, as the measuring side sees it.

It is asked by a line of JSON on its standard input and answers with one on its standard output.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
END_LIMIT_S = 10.0
LAST_LINES = 20
_CPUCLOCK_SCHED = 2
"""Of Linux, for the number that it gives the clock of another process (clock_getcpuclockid(3))."""
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class ProgramFailed(Exception):
    """A program ended, or said that it could not do what it was asked."""


class Program(AbstractContextManager["Program"]):
    """One child process. Used by one thread."""

    def __init__(
        self,
        module: str,
        arguments: Sequence[str] = (),
        python: str | Path = sys.executable,
        **environment: str,
    ) -> None:
        """Start ``python -m module``; what it says on its standard error is kept.

        ``environment``: variables beside those of this process.
        """
        self.module = module
        self._errors = tempfile.TemporaryFile(  # noqa: SIM115 - closed in end()
            "w+", encoding="utf-8", errors="replace"
        )
        self._process = subprocess.Popen(
            [str(python), "-m", module, *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            process_group=0,  # Ctrl-C is for us, who end it
        )

    def __exit__(self, *error: object) -> None:
        """End the process, at once after an error."""
        if any(error):
            self._process.terminate()
        self.end()

    def send(self, command: str, **details: Any) -> None:
        """Ask for something; :meth:`answer` returns what comes of it."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"command": command, **details}) + "\n")
            self._process.stdin.flush()
        except (OSError, ValueError) as error:  # the latter once its input is closed
            raise self._failed("it has ended") from error

    def answer(self) -> dict[str, Any]:
        """Return the answer to the oldest question that has none. Raises :class:`ProgramFailed`."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise self._failed("it has ended")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise self._failed(answer["error"])
        return answer

    def _failed(self, what: str) -> ProgramFailed:
        """Return what is wrong, with the last that the program said of it."""
        said: list[str] = []
        if not self._errors.closed:
            self._errors.seek(0)
            said = self._errors.read().splitlines()[-LAST_LINES:]
        return ProgramFailed("\n".join([f"{self.module}: {what}", *said]))

    def ask(self, command: str, **details: Any) -> dict[str, Any]:
        """Ask for something and wait for the answer."""
        self.send(command, **details)
        return self.answer()

    def check(self) -> None:
        """Raise :class:`ProgramFailed` if the process has ended: a dead bot does nothing wrong."""
        if self._process.poll() is not None:
            raise self._failed("it has ended")

    def resident_mb(self) -> float:
        """Return the memory the process holds, in millions of bytes."""
        pages = int(self._read("statm").split()[1])
        return pages * _PAGE_BYTES / 1e6

    def cpu_s(self) -> float:
        """Return the processor time of all its threads, also of those that have ended.

        What the scheduler counts, in nanoseconds; ``/proc/<pid>/stat`` has hundredths of a second.
        """
        self.check()
        return time.clock_gettime((~self._process.pid << 3) | _CPUCLOCK_SCHED)

    def wake_ups(self) -> int:
        """Return how often the threads it has now went to sleep by themselves."""
        self.check()
        total = 0
        for task in Path(f"/proc/{self._process.pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError):
                for line in (task / "status").read_text(encoding="ascii").splitlines():
                    if line.startswith("voluntary_ctxt_switches"):
                        total += int(line.split()[1])
        return total

    def end(self) -> None:
        """End the process, by force if it must be."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(END_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def _read(self, name: str) -> str:
        self.check()
        return Path(f"/proc/{self._process.pid}/{name}").read_text(encoding="ascii")
