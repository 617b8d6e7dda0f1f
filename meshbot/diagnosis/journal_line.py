"""What describes one kind of line of a journal: the words it begins with, and what they tell."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind

SIGNS = "[\\s\ufe0f✅❌⚠ℹ🔑🔄🔌🤖👋🧪🚀🧭]*"
"""What may stand before the words; not what stands before texts of others."""
CALM_SIGNS = SIGNS.replace("⚠", "")
"""The same without the sign behind which this bot's version 0.1.0 wrote names of others."""


class EventDetails(TypedDict, total=False):
    """What a line tells of its event, beside the kind."""

    seconds: float | None
    count: int | None
    text: str
    cause: Cause | None


Details = Callable[[re.Match[str]], EventDetails]


@dataclass(frozen=True)
class JournalLine:
    """One kind of line, of this bot or another one.

    A group named ``interface`` holds the number of the radio that the line is about.
    """

    pattern: re.Pattern[str]
    kind: EventKind
    details: Details
    first_word: str
    """What it begins with; a line of any other is not compared."""
    own: bool = False
    """Whether no other bot writes it."""


def line(
    words: str,
    kind: EventKind,
    details: Details = lambda match: {},
    *,
    own: bool = False,
    signs: str = SIGNS,
) -> JournalLine:
    """Describe a line that begins with words, after signs only. The first one is no pattern."""
    first = re.match(r"\W*(\w+)", words)
    if first is None:
        raise ValueError(f"no word at the beginning of {words}")
    return JournalLine(re.compile(signs + words), kind, details, first[1], own)


def seconds(match: re.Match[str]) -> EventDetails:
    """Return the first group as seconds."""
    return {"seconds": float(match[1].replace(",", "."))}


def count(match: re.Match[str]) -> EventDetails:
    """Return the first group as a count."""
    return {"count": int(match[1])}


def text(match: re.Match[str]) -> EventDetails:
    """Return the first group as text."""
    return {"text": match[1]}


def because(cause: Cause) -> Details:
    """Return a cause that the words themselves tell."""
    return lambda match: {"cause": cause}
