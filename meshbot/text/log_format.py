"""How a line looks in the journal: ``HH:MM:SS [LEVEL] message``, UTF-8, one event a line.

Operators count events with ``grep``. So a traceback is folded into its event's line, and text that
strangers chose (names, messages) is passed through :func:`printable` first, which keeps it from
looking like one of the bot's own lines.
"""

import logging
import re
import sys
import unicodedata

_WATCHED_WORDS = re.compile(r"(re)(connexion)|(sil)(ence\s+tcp)|(sy)(nc\s+complete)", re.IGNORECASE)
MAX_PRINTABLE_CHARS = 160


class JournalFormatter(logging.Formatter):
    """Formats a record as one line whatever it contains."""

    def __init__(self) -> None:
        """Set the contract's layout."""
        super().__init__("%(asctime)s [%(levelname)s] %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; line breaks inside (a traceback's too) become `` ⏎ ``."""
        text = super().format(record)
        return " ⏎ ".join(part for part in text.splitlines() if part.strip())


def printable(text: str, max_chars: int = MAX_PRINTABLE_CHARS) -> str:
    """Return text of foreign origin as it may stand in a log line.

    Control and formatting characters become spaces, the words that scripts count are broken by a
    middle dot, and what is longer than ``max_chars`` is cut.
    """
    clean = "".join(" " if unicodedata.category(char)[0] == "C" else char for char in text)
    clean = " ".join(clean.split())
    clean = _WATCHED_WORDS.sub(_broken, clean)
    return clean if len(clean) <= max_chars else clean[: max_chars - 1] + "…"


def _broken(match: re.Match[str]) -> str:
    return "·".join(part for part in match.groups() if part)


def configure_logging(level: str) -> None:
    """Send the log of a command to standard output, which may wait for its reader.

    Only ``main()`` calls this; while the bot runs, ``JournalOutput`` does it.
    """
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    handler = logging.StreamHandler(sys.stdout)
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
