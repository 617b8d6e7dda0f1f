"""Turns what ``journalctl -o json`` and its kin write into lines like the others. Pure.

An entry becomes a line of ``-o short-unix``. ``json-pretty`` spreads one over several lines,
``json-seq`` and ``json-sse`` put something in front. A message that is not plain text, coloured
for instance, comes as a list of bytes.
"""

import json
from collections.abc import Mapping

_EVENT = "data: "
_GOES_ON = '"}]{[,0123456789-'
"""What a line within an entry begins with."""
MAX_PRETTY_LINES = 20_000


class JournalEntries:
    """Puts entries together, line by line; owned by one thread."""

    def __init__(self) -> None:
        """Be outside of any entry."""
        self._open: list[str] | None = None

    def line_of(self, line: str) -> str | None:
        """Return the line that an entry amounts to, any other as it is, None within an entry."""
        line = line.strip("\x00\ufeff\x1e \t\r\n").removeprefix(_EVENT)
        if self._open is not None:
            return self._go_on(line)
        if line == "{":
            self._open = [line]
            return None
        return self._line_of_entry(line) if line.startswith("{") else line

    def _go_on(self, line: str) -> str | None:
        entry = self._open or []
        if not line or line[0] not in _GOES_ON or len(entry) > MAX_PRETTY_LINES:
            self._open = None  # it never was one
            return line
        entry.append(line)
        if line not in ("}", "},"):
            return None
        self._open = None
        return self._line_of_entry("".join(entry).rstrip(","))

    @staticmethod
    def _line_of_entry(text: str) -> str | None:
        try:
            entry = json.loads(text)
        except (ValueError, RecursionError):
            return None  # cut off
        if not isinstance(entry, dict):
            return None
        when = _microseconds(entry)
        message = _message(entry.get("MESSAGE"))
        if when is None or message is None:
            return None
        who = f"{_word(entry, '_HOSTNAME')} {_word(entry, 'SYSLOG_IDENTIFIER', '_COMM')}"
        pid = _word(entry, "_PID", "SYSLOG_PID")
        return f"{when // 1_000_000}.{when % 1_000_000:06d} {who}[{pid}]: {message}"


def _microseconds(entry: Mapping[str, object]) -> int | None:
    text = entry.get("__REALTIME_TIMESTAMP")
    if not isinstance(text, str) or not text.isascii() or not text.isdecimal():
        return None
    return int(text) if len(text) <= 16 else None


def _message(value: object) -> str | None:
    """Return a message as one line."""
    if isinstance(value, list):
        try:
            value = bytes(value).decode("utf-8", "replace")
        except (TypeError, ValueError):
            return None
    return " ".join(value.splitlines()) if isinstance(value, str) else None


def _word(entry: Mapping[str, object], *names: str) -> str:
    for name in names:
        value = entry.get(name)
        if isinstance(value, str) and value:
            return "".join(value.split())
    return "0" if names[0] == "_PID" else "-"
