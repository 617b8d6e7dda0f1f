"""What a person typed, as it is seen. Pure.

Phones add such characters: Android's app ends an alert with BEL, keyboards put variation selectors
behind a sign and joiners between signs, other apps end a text with NUL.
"""

import re
import unicodedata

_UNSEEN = re.compile(
    # Unicode's Default_Ignorable_Code_Point, as far as it is not of the categories below, and what
    # never is a character. What Python does not know yet, such as a new emoji, can be seen.
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\ufffe\uffff\ufdd0-\ufdef"
    "\U000e0000-\U000e0fff]"
)
_UNSEEN_CATEGORIES = ("Cc", "Cf", "Cs")
_BLANK_SIGNS = "\u2800\ufffd"
"""An empty Braille pattern, and what stands for a character that could not be read."""


def seen_text(text: str) -> str:
    """Return a text as it is seen: one blank between words, none around them, nothing unseen."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    return " ".join("".join(map(_seen, _UNSEEN.sub("", text))).split())


def _seen(char: str) -> str:
    if char.isspace() or char in _BLANK_SIGNS:
        return " "
    return "" if unicodedata.category(char) in _UNSEEN_CATEGORIES else char


def is_mostly_text(text: str) -> bool:
    """Say whether most of what was read is text, and not what stands for other bytes."""
    strange = sum(
        char == "\ufffd" or (unicodedata.category(char) == "Cc" and not char.isspace())
        for char in text
    )
    return 2 * strange <= len(text)
