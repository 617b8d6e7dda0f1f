"""How a line looks in the journal: ``HH:MM:SS [LEVEL] message``, UTF-8, one event a line.

Operators count events with ``grep``. So a traceback is folded into its event's line, and text that
strangers chose (names, messages) is passed through :func:`quoted` first, which keeps it from
looking like one of the bot's own lines.
"""

import logging
import sys
from types import TracebackType

from meshbot.text.foreign_text import broken, printable, quoted

__all__ = ["JournalFormatter", "configure_logging", "printable", "quoted", "set_log_level"]

MAX_LINE_CHARS = 10_000
"""Longer than anything but a traceback; journald cuts at 48 kB (``LineMax=``), and what follows
the cut would begin an entry of its own."""
_TRACEBACK = "Traceback (most recent call last):"
_Raised = tuple[type[BaseException], BaseException, TracebackType | None]


class JournalFormatter(logging.Formatter):
    """Formats a record as one line whatever it contains."""

    def __init__(self) -> None:
        """Set the contract's layout."""
        super().__init__("%(asctime)s [%(levelname)s] %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; line breaks inside (a traceback's too) become `` ⏎ ``."""
        text = super().format(record)
        line = " ⏎ ".join(part for part in text.splitlines() if part.strip())
        if len(line) <= MAX_LINE_CHARS:
            return line
        half = MAX_LINE_CHARS // 2  # the beginning says what it is, the end of a traceback why
        return f"{line[:half]} … {line[-half:]}"

    def formatException(self, ei: _Raised | tuple[None, None, None]) -> str:  # noqa: N802 - logging's name
        """Return a traceback, in which an error's text may hold what strangers chose."""
        told = super().formatException(ei)
        head = _TRACEBACK if told.startswith(_TRACEBACK) else ""
        return head + broken(told[len(head) :])


def configure_logging(level: str) -> None:
    """Send what a command warns of to standard error, which may wait for its reader.

    Standard output holds what the command was asked for and nothing else: programs read it. Only
    ``main()`` calls this; while the bot runs, ``JournalOutput`` does it.
    """
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JournalFormatter())
    logging.basicConfig(handlers=[handler], force=True)
    logging.raiseExceptions = False  # a reader of the pipe that went away is no event
    set_log_level(level)


def set_log_level(level: str) -> None:
    """Set from which level on lines are written.

    The library's own loggers stay shut at any level: they report in tracebacks what the bot reports
    as events, and write all that the node sends, its private key included.
    """
    logging.getLogger().setLevel(level)
    for name in ("meshtastic", "pubsub", "urllib3", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
