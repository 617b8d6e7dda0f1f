"""Lines of the journal: their layout, one for each event, and none that strangers can write."""

import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from meshbot.text.log_format import JournalFormatter, printable
from tests.support.limits import PROGRAM_S

ROOT = Path(__file__).resolve().parents[2]
COUNTED = ("Reconnexion TCP", "reconnexion", "SILENCE TCP", "SYNC COMPLETE")
# Everything Python, and with it a careless reader, takes for the end of a line.
LINE_ENDS = ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def record(message: str, *args: object, level: int = logging.INFO) -> logging.LogRecord:
    return logging.LogRecord("bot", level, __file__, 1, message, args, None)


def formatted(message: str, *args: object) -> str:
    return JournalFormatter().format(record(message, *args))


# -- The layout --------------------------------------------------------------------------------


def test_a_line_is_time_level_and_message() -> None:
    with freeze_time("2024-05-01 13:35:58.999"):
        event = record("✅ Reconnexion %s réussie (background)", "TCP")
    line = JournalFormatter().format(event)
    assert line == "13:35:58 [INFO] ✅ Reconnexion TCP réussie (background)"


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"])
def test_the_level_stands_in_brackets(level: str) -> None:
    event = record("x", level=getattr(logging, level))
    assert re.fullmatch(rf"\d\d:\d\d:\d\d \[{level}\] x", JournalFormatter().format(event))


def test_the_blanks_before_a_continued_message_stay() -> None:
    line = formatted("   Prochaine sync au prochain cycle périodique (5min)")
    assert line.endswith("[INFO]    Prochaine sync au prochain cycle périodique (5min)")


@pytest.mark.parametrize("end", LINE_ENDS, ids=ascii)
def test_a_line_end_in_a_message_does_not_end_the_line(end: str) -> None:
    line = formatted("one%stwo", end)
    assert line.endswith("[INFO] one ⏎ two")
    assert len(line.splitlines()) == 1


@given(st.text(max_size=60))
def test_whatever_the_message_it_is_one_line(text: str) -> None:
    assert len(formatted("%s", text).splitlines()) == 1


def test_a_traceback_is_folded_into_the_line_of_its_event() -> None:
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        event = record("❌ Erreur inattendue")
        event.exc_info = sys.exc_info()
    line = JournalFormatter().format(event)
    assert len(line.splitlines()) == 1
    assert "[INFO] ❌ Erreur inattendue ⏎ Traceback (most recent call last): ⏎" in line
    assert line.endswith("ValueError: first ⏎ second")


def test_a_stack_is_folded_as_well() -> None:
    event = record("here")
    event.stack_info = "Stack (most recent call last):\n  File x"
    line = JournalFormatter().format(event)
    assert line.endswith("here ⏎ Stack (most recent call last): ⏎   File x")


# -- Text of strangers -------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "Anna", "Été à Sète, 20 €", "日本語", "😀", "a/b <c> & 'd'"])
def test_ordinary_text_is_left_as_it_is(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    "char", ["\x00", "\x07", "\x1b", "\x7f", "\x9b", "\u200b", "\u202e", "\ufeff"], ids=ascii
)
def test_control_and_formatting_characters_become_blanks(char: str) -> None:
    assert printable(f"a{char}b") == "a b"
    assert printable(f"{char}a{char}") == "a"


@pytest.mark.parametrize("end", LINE_ENDS, ids=ascii)
def test_line_ends_become_blanks(end: str) -> None:
    assert printable(f"one{end}two") == "one two"


@pytest.mark.parametrize("words", COUNTED)
@pytest.mark.parametrize("change", [str, str.lower, str.upper, str.title, str.swapcase])
def test_the_words_that_scripts_count_are_broken_in_any_case(words: str, change: type[str]) -> None:
    shown = printable(f"« {change(words)} »")
    assert words.casefold() not in shown.casefold()
    assert shown.replace("·", "") == f"« {change(words)} »", "and can still be read"


@pytest.mark.parametrize(
    "text", ["SYNC\tCOMPLETE", "SILENCE\u00a0 \nTCP", "RECONNEXION\u2003TCP", "SYNC\u200bCOMPLETE"]
)
def test_odd_blanks_do_not_put_the_words_together_again(text: str) -> None:
    shown = printable(text).casefold()
    assert not [words for words in COUNTED if words.casefold() in shown]


pieces = st.sampled_from([*COUNTED, "re", "connexion", "SILENCE", "TCP", "SYNC", "COMPLETE"])


@given(st.lists(pieces | st.sampled_from([" ", "\t", "·", "…", "\x00"]) | st.text(max_size=2)))
def test_no_text_passes_for_a_line_that_scripts_count(parts: list[str]) -> None:
    shown = printable("".join(parts)).casefold()
    assert not [words for words in COUNTED if words.casefold() in shown]


@given(st.text(max_size=400), st.integers(1, 200))
def test_what_is_printed_is_never_longer_than_asked(text: str, max_chars: int) -> None:
    shown = printable(text, max_chars)
    assert len(shown) <= max_chars
    assert len(shown.splitlines()) <= 1


def test_a_long_text_is_cut_and_says_so() -> None:
    assert printable("x" * 160) == "x" * 160
    assert printable("x" * 161) == "x" * 159 + "…"
    assert printable("abcdef", 4) == "abc…"


# -- Standard error ----------------------------------------------------------------------------

# In ASCII, because with such a locale even the command line is read as that.
LOG_SOME = r"""
import logging
from meshbot.text.log_format import configure_logging
configure_logging("{level}")
logging.getLogger("bot").debug("debug")
logging.getLogger("bot").info("\u2705 %s", "\xe9t\xe9 \U0001f600")
logging.getLogger("bot").info("half %s", "\udc80")
logging.getLogger("meshtastic.x").warning("library")
"""


def errors_of(level: str, encoding: str) -> bytes:
    done = subprocess.run(
        [sys.executable, "-c", LOG_SOME.format(level=level)],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "LC_ALL": "C"},
        capture_output=True,
        timeout=PROGRAM_S,
        check=True,
    )
    assert done.stdout == b"", "there stands what a command was asked for, and nothing else"
    return done.stderr


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "utf-8"])
def test_the_journal_is_utf_8_whatever_the_locale_says(encoding: str) -> None:
    lines = errors_of("INFO", encoding).decode("utf-8").splitlines()
    assert [line[9:] for line in lines] == ["[INFO] ✅ été 😀", "[INFO] half \\udc80"]


def test_the_librarys_own_words_stay_out_of_the_journal_even_when_debugging() -> None:
    lines = errors_of("DEBUG", "latin-1").decode("utf-8").splitlines()
    assert [line[9:] for line in lines] == [
        "[DEBUG] debug",
        "[INFO] ✅ été 😀",
        "[INFO] half \\udc80",
    ]
