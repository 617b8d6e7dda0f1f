"""The journal as an operator sees it."""

import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from typing import Self

import pytest

from meshbot.text.log_format import JournalFormatter
from tests.support.limits import WAIT_S


class Journal(logging.Handler):
    """The lines an operator would read, with a bounded wait for one to appear."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(JournalFormatter())
        self._changed = threading.Condition()
        self._lines: list[str] = []
        self._at_s: list[float] = []

    def emit(self, record: logging.LogRecord) -> None:
        at_s = time.monotonic()
        line = self.format(record)
        with self._changed:
            self._lines.append(line)
            self._at_s.append(at_s)
            self._changed.notify_all()

    @contextlib.contextmanager
    def attached(self) -> Iterator[Self]:
        """Take the lines of everybody meanwhile."""
        root = logging.getLogger()
        level = root.level
        root.addHandler(self)
        root.setLevel(logging.INFO)
        try:
            yield self
        finally:
            root.setLevel(level)
            root.removeHandler(self)

    @property
    def lines(self) -> list[str]:
        """The lines so far."""
        with self._changed:
            return list(self._lines)

    @property
    def messages(self) -> list[str]:
        """The lines so far, without time and level."""
        return [line.split("] ", 1)[1] for line in self.lines]

    def forget(self) -> None:
        """Drop the lines so far: a long run must not keep them all."""
        with self._changed:
            self._lines.clear()
            self._at_s.clear()

    def count(self, text: str) -> int:
        """Return what ``grep -c`` would."""
        return sum(text in line for line in self.lines)

    def wait_for(self, text: str, times: int = 1, timeout_s: float = WAIT_S) -> str:
        """Return the line that makes it ``times`` lines with ``text``; fail if it does not come."""

        def found() -> list[str]:
            return [line for line in self._lines if text in line]

        with self._changed:
            if not self._changed.wait_for(lambda: len(found()) >= times, timeout_s):
                pytest.fail(f"no line with {text!r} ({times}x) in:\n" + "\n".join(self._lines))
            return found()[times - 1]

    def time_of(self, text: str, times: int = 1, timeout_s: float = WAIT_S) -> float:
        """Wait as :meth:`wait_for`; return when the line was logged, on the monotonic clock."""
        self.wait_for(text, times, timeout_s)
        with self._changed:
            found = [
                at_s for line, at_s in zip(self._lines, self._at_s, strict=True) if text in line
            ]
        return found[times - 1]
