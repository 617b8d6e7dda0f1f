"""Text that strangers chose, made fit for a log line. Pure.

Names, messages and whatever else came by radio. Operators count lines with ``grep``, and reports
are read back from them, so none of it may pass for a line of the bot. In a line it stands between
``‹`` and ``›``, which it cannot hold itself, and its blanks are no-break blanks: it looks the same,
and no two words of a line can be found in it. Words that are searched alone are broken by a dot.
"""

import re
import unicodedata
from collections.abc import Iterable

from meshbot.text.counted_lines import SEARCHED

MAX_PRINTABLE_CHARS = 160
OPENS, CLOSES = "‹", "›"
_NO_BREAK_BLANK = "\u00a0"
_SOLID = str.maketrans({OPENS: "<", CLOSES: ">", " ": _NO_BREAK_BLANK})
_DOT = "·"
_ALIKE = {"ı": "i"}
"""What ``grep -i`` takes for another letter, beside what Unicode folds."""


def printable(text: str, max_chars: int = MAX_PRINTABLE_CHARS) -> str:
    """Return text of foreign origin as it may be shown: one line, nothing unseen, cut.

    Control and formatting characters become blanks, what scripts search is broken by a middle dot.
    In a log line :func:`quoted` is to be used.
    """
    clean = "".join(" " if unicodedata.category(char)[0] == "C" else char for char in text)
    clean = broken(unicodedata.normalize("NFC", " ".join(clean.split())))
    return clean if len(clean) <= max_chars else clean[: max_chars - 1] + "…"


def quoted(text: str, max_chars: int = MAX_PRINTABLE_CHARS) -> str:
    """Return text of foreign origin as it may stand in a log line; nothing where nothing is."""
    shown = solid(text, max_chars)
    return f"{OPENS}{shown}{CLOSES}" if shown else ""


def solid(text: str, max_chars: int = MAX_PRINTABLE_CHARS) -> str:
    """Return the same without quotes, for what the bot says itself, in which strangers' names are.

    It must stand at the end of its line.
    """
    return printable(text, max_chars).translate(_SOLID)


def broken(text: str) -> str:
    """Return a text with a dot in each of the words that scripts search."""
    folded, places = _folded(text)
    for match in reversed(list(_SEARCHED.finditer(folded))):
        place = places[match.start() + 2]
        text = f"{text[:place]}{_DOT}{text[place:]}"
    return text


def _folded(text: str) -> tuple[str, list[int]]:
    """Return a text without accents and in small letters, and where each letter comes from."""
    if text.isascii():
        return text.lower(), list(range(len(text)))
    letters, places = [], []
    for place, char in enumerate(text):
        for letter in unicodedata.normalize("NFKD", char).casefold():
            if not unicodedata.combining(letter):
                letters.append(_ALIKE.get(letter, letter))
                places.append(place)
    return "".join(letters), places


def _pattern(phrases: Iterable[str]) -> re.Pattern[str]:
    """Return what finds phrases in a folded text, whatever stands between their words."""
    wanted = sorted((_folded(phrase)[0].split() for phrase in phrases), key=len)
    return re.compile("|".join(r"[\W_]{1,4}".join(map(re.escape, words)) for words in wanted))


_SEARCHED = _pattern(SEARCHED)
