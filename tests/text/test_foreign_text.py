"""What strangers chose can be read in a log line, and never be taken for one."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshbot.text.counted_lines import SEARCHED
from meshbot.text.foreign_text import broken, printable, quoted, solid
from tests.support.hostile_text import told_fragments


def plain(text: str) -> str:
    """Return a text as ``grep -i`` compares it, accents aside."""
    apart = unicodedata.normalize("NFKD", text).casefold().replace("ı", "i")
    return "".join(char for char in apart if not unicodedata.combining(char))


def test_it_stands_between_quotes_that_it_cannot_hold() -> None:
    assert quoted("Anna") == "‹Anna›"
    assert quoted("a › b ‹ c") == "‹a\u00a0>\u00a0b\u00a0<\u00a0c›"
    assert quoted("") == quoted("\x00 \u200b") == ""


def test_its_blanks_look_like_blanks_and_are_none_of_those_that_lines_have() -> None:
    assert quoted("Toit Nord") == "‹Toit\u00a0Nord›"
    assert solid("Toit Nord") == "Toit\u00a0Nord"
    assert " " not in quoted("a\tb\nc\u2028d\u2003e f")


@pytest.mark.parametrize("fragment", told_fragments())
def test_no_phrase_of_the_documented_lines_can_stand_in_it(fragment: str) -> None:
    shown = quoted(f"x {fragment} y")
    assert re.search(re.escape(fragment), shown, re.IGNORECASE) is None
    assert shown.startswith("‹") and shown.endswith("›")


@pytest.mark.parametrize("phrase", SEARCHED)
@pytest.mark.parametrize(
    "disguise",
    [
        str,
        str.upper,
        str.swapcase,
        lambda text: text.replace(" ", "\u2003\t"),
        lambda text: text.replace(" ", "-"),
        lambda text: text.replace(" ", "_"),
        lambda text: unicodedata.normalize("NFD", text),
        lambda text: text.replace("e", "é").replace("E", "È"),
        lambda text: text.replace("s", "ſ").replace("i", "ı"),
        lambda text: "".join(f"{char}\u0301" for char in text),
    ],
    ids=[
        "plain",
        "upper",
        "swapped",
        "blanks",
        "hyphens",
        "underscores",
        "apart",
        "accents",
        "old",
        "marks",
    ],
)
def test_what_is_searched_is_broken_in_every_disguise(phrase: str, disguise: type[str]) -> None:
    for shown in (printable(disguise(phrase)), quoted(disguise(phrase)), broken(disguise(phrase))):
        folded = re.sub(r"[\s\u00a0_-]+", " ", plain(shown))
        assert plain(phrase) not in folded
        assert "·" in shown


@given(st.text(max_size=300), st.integers(1, 200))
def test_whatever_it_is_it_is_one_printable_quotation(text: str, max_chars: int) -> None:
    shown = quoted(text, max_chars)
    assert len(shown) <= max_chars + 2
    assert len(shown.splitlines()) <= 1
    assert shown.count("‹") == shown.count("›") == bool(shown)


@pytest.mark.parametrize("text", ["[ERROR]", "a[warning]b", "[INFO] x", "Traceback"])
def test_what_monitors_search_alone_is_not_found_in_a_name(text: str) -> None:
    """The last ``[ERROR]`` line says why the bot ended; a node must not be called that."""
    for word in ("[error]", "[warning]", "[info]", "traceback"):
        assert word not in quoted(text).lower()


def test_ordinary_words_stay_whole() -> None:
    for text in ("silence", "sync", "réussie", "connexion", "liaison radio", "la liaison"):
        assert printable(text) == text
