"""Where in a line of a journal the words of a bot begin, whichever bot's. Pure.

This bot writes ``HH:MM:SS [LEVEL] words``. The original one writes ``[LEVEL] words`` or
``[LEVEL][MT] words`` without a clock, its errors ``[ERROR] HH:MM:SS - words``. meshing-around
writes ``date time,ms | LEVEL | words``, mmrelay ``date time zone LEVEL:name:words``, in a terminal
``date time LEVEL name: words``.

Before that stands only what ``journalctl`` or syslog puts there, which ends with the first ``: ``.
What another program reports of strangers, such as the name under which one tried to log in, comes
after it: a tag in there is theirs.
"""

import re
from typing import NamedTuple

from meshbot.diagnosis.journal_clock import TIME_OF_DAY

_LEVEL = "(?:DEBUG|INFO|WARNING|ERROR|CRITICAL)"
_TAG = re.compile(
    r"\[(?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL|CONVERSATION)\](?:\[(?P<network>M[CT])\])?"
)
_CLOCK_BEFORE = re.compile(TIME_OF_DAY + r" (?:- )?$")
_CLOCK_AFTER = re.compile(" ?" + TIME_OF_DAY + r" - ")
_CLOCK_CHARS = 11
_PIPED = re.compile(rf"\d\d:\d\d:\d\d,\d{{3}} \| +{_LEVEL} \| ")
_NAMED = re.compile(rf"\d\d:\d\d:\d\d (?:[+-]\d{{4}} )?{_LEVEL}(?::| +)[A-Za-z][\w.]*: ?")
_LIBRARY = re.compile(r"Unexpected \w+, terminating meshtastic reader")
_MARKS = (
    b"[INFO]",
    b"[DEBUG]",
    b"[ERROR]",
    b"[WARNING]",
    b"[CRITICAL]",
    b"systemd[",
    b" | ",
    b"Meshtastic:",
    b"MMRelay:",
    b"Matrix:",
    b"meshtastic reader",
    b'"MESSAGE":[',
)
"""A line without any of these is none of a bot's."""
_MAX_PREFIX_CHARS = 300
_DATE_BEFORE = re.compile(r"\d{4}-\d\d-\d\d (?:[\d:,]+ - [\w.]+ - [A-Z]+ - )?$")
"""What programs write themselves before the parts above."""
_PRETTY = b'"__REALTIME_TIMESTAMP" : '
"""Of entries that are spread over several lines."""


class LineLayout(NamedTuple):
    """The parts of one line. ``clock``: a time of day of the bot's own, if it wrote one."""

    prefix: str
    """All that stands before the words, with the clock, without the level."""
    clock: re.Match[str] | None
    words: str
    debug: bool = False


def telling_lines(block: bytes) -> list[bytes]:
    """Return those of many lines that may be a bot's; fast, for journals full of others."""
    if _PRETTY in block:
        return block.split(b"\n")
    marks = [mark for mark in _MARKS if mark in block]
    if not marks:
        return []
    if len(marks) == 1:
        mark = marks[0]
        return [line for line in block.split(b"\n") if mark in line]
    return [line for line in block.split(b"\n") if any(mark in line for mark in marks)]


def layout_of(line: str) -> LineLayout | None:
    """Return the parts of a line; None if it is none of a bot's, or says what others wrote."""
    tag = _TAG.search(line)
    if tag is not None:
        if tag["level"] == "CONVERSATION" or tag["network"] == "MC":
            return None  # a stranger's words, or another radio's
        layout = _tagged(line, tag)
        clock_begins = tag.start() if layout.clock is None else layout.clock.start()
        return layout if _is_prefix(line[: min(tag.start(), clock_begins)]) else None
    for pattern, marks in ((_PIPED, " | "), (_NAMED, ":")):
        if marks in line:
            found = pattern.search(line)
            if found is not None and _is_prefix(line[: found.start()]):
                return LineLayout(line[: found.end()], None, line[found.end() :])
    found = _LIBRARY.search(line)
    if found is not None and _is_prefix(line[: found.start()]):
        return LineLayout(line[: found.start()], None, line[found.start() :])
    return None


def _is_prefix(text: str) -> bool:
    """Say whether a text is what stands before a bot's words, and not the words of a program."""
    text = _DATE_BEFORE.sub("", text).rstrip(" ").removesuffix(":")
    return ": " not in text and len(text) <= _MAX_PREFIX_CHARS


def _tagged(line: str, tag: re.Match[str]) -> LineLayout:
    start, end = tag.span()
    clock = _CLOCK_BEFORE.search(line, max(0, start - _CLOCK_CHARS), start)
    if clock is None:
        after = _CLOCK_AFTER.match(line, end)
        if after is not None:
            clock, end = after, after.end()
    return LineLayout(line[:start], clock, line[end:].lstrip(" "), tag["level"] == "DEBUG")
