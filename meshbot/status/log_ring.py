"""The log's last lines, for the live page.

Any thread logs; the thread that serves the page reads. ``_lines_lock`` guards the lines, is a leaf,
and is held for no longer than it takes to put a line in or to copy them.
"""

import logging
import threading
from collections import deque

from meshbot.text.log_format import JournalFormatter

KEPT = 60
MAX_CHARS = 400
"""Of a line: a traceback is for the journal."""


class LogRing(logging.Handler):
    """Keeps so many lines, and drops the oldest; never waits for who reads them."""

    def __init__(self) -> None:
        """Begin without any."""
        super().__init__()
        self.setFormatter(JournalFormatter())
        self._lines_lock = threading.Lock()
        self._lines: deque[str] = deque(maxlen=KEPT)

    def latest(self) -> tuple[str, ...]:
        """Return what is kept, the latest last."""
        with self._lines_lock:
            return tuple(self._lines)

    def attach(self) -> None:
        """Keep what is logged from now on."""
        logging.getLogger().addHandler(self)

    def detach(self) -> None:
        """Keep nothing any more."""
        logging.getLogger().removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line of a record."""
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - a line that cannot be made must not cost its caller
            self.handleError(record)
            return
        if len(line) > MAX_CHARS:
            line = f"{line[: MAX_CHARS - 1]}…"
        with self._lines_lock:
            self._lines.append(line)
