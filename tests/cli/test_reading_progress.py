"""Somebody at a terminal sees how far a long journal is read; nobody else sees anything."""

import io

from meshbot.cli.reading_progress import STEP_BYTES, ReadingProgress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(out: io.StringIO, size: int, *steps: int) -> list[str]:
    """Return what stood on the line, one after another."""
    progress = ReadingProgress(size, out)
    for step in steps:
        progress.advance(step)
    progress.finish()
    return [text for text in out.getvalue().split("\r\x1b[K") if text]


def test_a_terminal_shows_the_share_and_is_clean_afterwards() -> None:
    terminal = Terminal()
    assert shown(terminal, 4 * STEP_BYTES, STEP_BYTES, STEP_BYTES, 5, STEP_BYTES) == [
        "Lecture : 25 %",
        "Lecture : 50 %",
        "Lecture : 75 %",
    ]
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_of_a_stream_the_amount_is_shown() -> None:
    assert shown(Terminal(), 0, STEP_BYTES * 3) == ["Lecture : 3 Mo"]


def test_a_short_journal_shows_nothing() -> None:
    assert shown(Terminal(), 100, 100) == []


def test_a_file_that_stands_for_the_terminal_gets_nothing() -> None:
    out = io.StringIO()
    assert shown(out, 2 * STEP_BYTES, STEP_BYTES, STEP_BYTES) == []
    assert out.getvalue() == ""
