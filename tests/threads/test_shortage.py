"""What this machine refuses, in words."""

import errno

import pytest

from meshbot.threads.shortage import (
    NO_MEMORY_TEXT,
    NoThreadError,
    no_descriptor_text,
    say_shortage,
    shortage_text,
)


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (MemoryError(), NO_MEMORY_TEXT),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), NO_MEMORY_TEXT),
        (ImportError("libx.so: failed to map segment from shared object"), NO_MEMORY_TEXT),
        (RuntimeError("can't start new thread"), "nproc"),
        (NoThreadError("bot-worker"), "nproc"),
        (OSError(errno.EMFILE, "Too many open files"), "nofile"),
        (OSError(errno.ENFILE, "Too many open files in system"), "Trop de fichiers"),
    ],
)
def test_each_kind_has_its_words(error: Exception, word: str) -> None:
    text = shortage_text(error)
    assert text is not None
    assert word in text


@pytest.mark.parametrize(
    "error",
    [RuntimeError("dictionary changed size"), OSError(errno.EACCES, "no"), ImportError("no name")],
)
def test_other_errors_are_other_errors(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shortage_text(error) is None
    say_shortage(type(error), error, None)
    assert type(error).__name__ in capsys.readouterr().err


def test_before_the_start_it_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    say_shortage(MemoryError, MemoryError(), None)
    assert capsys.readouterr().err == f"❌ {NO_MEMORY_TEXT} : le bot ne démarre pas\n"


def test_a_process_with_room_for_files_lacks_none() -> None:
    assert no_descriptor_text() is None
