"""What is left of a text when what cannot be seen is taken away."""

import pytest

from meshbot.text.typed_text import is_mostly_text, seen_text

UNSEEN = {
    "BEL": "\x07",
    "NUL": "\x00",
    "backspace": "\x08",
    "delete": "\x7f",
    "C1 control": "\x9f",
    "soft hyphen": "\u00ad",
    "grapheme joiner": "\u034f",
    "zero width space": "\u200b",
    "zero width joiner": "\u200d",
    "left-to-right mark": "\u200e",
    "right-to-left override": "\u202e",
    "word joiner": "\u2060",
    "invisible times": "\u2062",
    "isolate": "\u2068",
    "hangul filler": "\u3164",
    "variation selector 15": "\ufe0e",
    "variation selector 16": "\ufe0f",
    "variation selector 256": "\U000e01ef",
    "Mongolian selector": "\u180b",
    "byte order mark": "\ufeff",
    "tag": "\U000e0067",
    "noncharacter": "\uffff",
}
BLANKS = [
    *" \t\n\r\x0b\x0c\x1c\x85\xa0\u1680\u2003\u2009\u2028\u2029\u202f\u205f\u3000",
    "\u2800",
    "\ufffd",
]


@pytest.mark.parametrize("unseen", UNSEEN.values(), ids=UNSEEN)
def test_what_cannot_be_seen_is_taken_away_wherever_it_stands(unseen: str) -> None:
    assert seen_text(f"{unseen}/pi{unseen}ng{unseen} {unseen}x{unseen * 3}") == "/ping x"
    assert seen_text(unseen) == ""


@pytest.mark.parametrize("blank", BLANKS, ids=lambda blank: f"U+{ord(blank):04X}")
def test_blanks_of_every_kind_part_words(blank: str) -> None:
    assert seen_text(f"{blank}/keys{blank}{blank}Zoé 🌲{blank}") == "/keys Zoé 🌲"


@pytest.mark.parametrize(
    "text", ["", "/ping", "Zoé", "नमस्ते", "日本語 です", "🌲👍🏽", "\U0001fae9", "e\u0301"]
)
def test_what_can_be_seen_stays(text: str) -> None:
    assert seen_text(text) == text


@pytest.mark.parametrize("text", ["", "/ping", "a\nb\tc", "caf\ufffd", "/\x00p\x00", "\x07\x07ab"])
def test_text_is_text(text: str) -> None:
    assert is_mostly_text(text)


@pytest.mark.parametrize("text", ["\ufffd", "\ufffd\ufffd/", "\x00\x01\x02a", "\x00" * 20])
def test_other_bytes_are_none(text: str) -> None:
    assert not is_mostly_text(text)
