"""Runs the program that speaks to the services, for as long as it may take and no longer.

A process, not a thread: that ends whatever a service does, and takes apprise's memory, and what
its loggers tell of the addresses, with it. Owns the process, guarded by ``_lock``, a leaf.
"""

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

log = logging.getLogger(__name__)

PROGRAM = Path(__file__).with_name("apprise_program.py")
LIMIT_S = 60.0
"""For one notification: a Raspberry Pi Zero needs ten seconds to import apprise."""
STEP_S = 0.25
"""How soon a run that is not wanted any more ends."""
_NOT_FOR_IT = ("MESHBOT_", "NOTIFY_SOCKET", "WATCHDOG_")


def is_installed() -> bool:
    """Say whether the library is there, without importing it."""
    return find_spec("apprise") is not None


class AppriseRunner:
    """One run at a time, which another thread may end."""

    def __init__(self, limit_s: float = LIMIT_S) -> None:
        """Set how long a run may take."""
        self._limit_s = limit_s
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._cancelled = False

    def known(
        self, urls: Sequence[str], is_to_end: Callable[[], bool] = lambda: False
    ) -> list[bool] | None:
        """Return of each address whether apprise understands it; None where that is not known.

        It ends early when ``is_to_end`` says so.
        """
        task: dict[str, object] = {"urls": list(urls)}
        return self._run(task, len(urls), is_to_end)

    def send(self, url: str, title: str, body: str, kind: str) -> bool:
        """Give a notification to a service; return whether it took it."""
        task: dict[str, object] = {"urls": [url], "title": title, "body": body, "type": kind}
        return self._run(task, 1) == [True]

    def cancel(self) -> None:
        """End what runs, and let nothing run any more."""
        with self._lock:
            self._cancelled = True
            process = self._process
        if process is not None:
            process.kill()

    def _run(
        self,
        task: dict[str, object],
        count: int,
        is_to_end: Callable[[], bool] = lambda: False,
    ) -> list[bool] | None:
        try:
            process = self._start()
        except (OSError, MemoryError) as error:
            log.debug("no process for an alert: %s", error)
            return None
        with process:
            if not self._is_wanted(process):
                process.kill()
            text = json.dumps({**task, "limit_s": self._limit_s})
            output = self._output(process, text, is_to_end)
        with self._lock:
            self._process = None
        return _answer(output, count)

    def _is_wanted(self, process: subprocess.Popen[str]) -> bool:
        with self._lock:
            self._process = process
            return not self._cancelled

    def _start(self) -> subprocess.Popen[str]:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(_NOT_FOR_IT)
        }
        return subprocess.Popen(
            [sys.executable, "-P", str(PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            encoding="utf-8",
            start_new_session=True,  # a Ctrl-C is for the bot
        )

    def _output(
        self, process: subprocess.Popen[str], text: str, is_to_end: Callable[[], bool]
    ) -> str:
        """Return what the program says; nothing where it had to be ended."""
        until_s = time.monotonic() + self._limit_s
        unsent: str | None = text
        while time.monotonic() < until_s and not is_to_end():
            try:
                return process.communicate(unsent, STEP_S)[0]
            except subprocess.TimeoutExpired:
                unsent = None  # it is on its way
            except (OSError, ValueError) as error:
                log.debug("no answer about an alert: %s", type(error).__name__)
                break
        process.kill()
        with contextlib.suppress(OSError, ValueError):
            process.communicate()
        return ""


def _answer(output: str, count: int) -> list[bool] | None:
    try:
        said = json.loads(output)
    except ValueError:
        return None
    if not isinstance(said, list) or len(said) != count:
        return None
    return [one is True for one in said]
