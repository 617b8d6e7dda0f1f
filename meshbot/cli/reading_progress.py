"""How far a journal is read, for somebody who waits at a terminal."""

from typing import TextIO

from meshbot.text.language import tr
from meshbot.text.typography import percentage

STEP_BYTES = 1_000_000
_CLEAR_LINE = "\r\x1b[K"


class ReadingProgress:
    """Keeps one line of a terminal up to date; writes nothing to anything else."""

    def __init__(self, size: int, out: TextIO) -> None:
        """Expect so many bytes; 0 if nobody knows."""
        self._size = size
        self._out = out
        self._read = 0
        self._shown = 0

    def advance(self, read: int) -> None:
        """Note that so many bytes more were read."""
        self._read += read
        if self._read - self._shown < STEP_BYTES or not self._out.isatty():
            return
        self._shown = self._read
        done = (
            percentage(f"{100 * self._read // self._size}")
            if self._size
            else tr("{megabytes} Mo", megabytes=self._read // 1_000_000)
        )
        self._out.write(tr("{clear_line}Lecture : {done}", clear_line=_CLEAR_LINE, done=done))
        self._out.flush()

    def finish(self) -> None:
        """Take the line away."""
        if self._shown:
            self._out.write(_CLEAR_LINE)
            self._out.flush()
