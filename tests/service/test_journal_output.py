"""The log while the bot runs: nobody waits for who reads it, and nothing is lost where one does."""

import contextlib
import gc
import io
import logging
import os
import re
import sys
import threading
import time
import warnings
from collections.abc import Iterator

import pytest

from meshbot.service.journal_output import JournalOutput
from tests.support.limits import WAIT_S

log = logging.getLogger("bot")


class Output:
    """Standard output as a pipe that is read when all is over."""

    def __init__(self) -> None:
        self.reading, writing = os.pipe()
        self.file = os.fdopen(writing, "w", encoding="utf-8")

    @contextlib.contextmanager
    def journal(self) -> Iterator[None]:
        """Let the program's log go here."""
        before, sys.stdout = sys.stdout, self.file
        try:
            with JournalOutput():
                yield
        finally:
            sys.stdout = before

    def rest(self) -> list[str]:
        """Return the lines so far, without their time; the output is closed then."""
        self.file.close()
        with os.fdopen(self.reading, encoding="utf-8") as read:
            return [re.sub(r"^\d\d:\d\d:\d\d ", "", line.rstrip("\n")) for line in read]


@pytest.fixture
def output() -> Iterator[Output]:
    made = Output()
    level = logging.getLogger().level
    yield made
    logging.getLogger().setLevel(level)
    if not made.file.closed:
        made.rest()


def test_each_record_is_a_line_with_the_arguments_as_they_were(output: Output) -> None:
    names = ["a"]
    with output.journal():
        log.info("heard %s", names)
        names.append("b")
        log.debug("not at this level")
        log.warning("last")
    assert output.rest() == ["[INFO] heard ['a']", "[WARNING] last"]


def test_a_record_that_cannot_be_made_a_line_costs_nobody_anything(output: Output) -> None:
    with output.journal():
        log.info("%d", "no number")
        log.info("next")
    assert output.rest() == ["[INFO] next"]


@pytest.mark.slow
def test_who_logs_and_who_ends_do_not_wait_for_a_reader(output: Output) -> None:
    began_s = time.monotonic()
    with output.journal():
        for number in range(10_000):
            log.info("line %d", number)
    assert time.monotonic() - began_s < 20.0, "and not for ever"
    assert output.rest()[0] == "[INFO] line 0"


def test_an_error_that_ends_a_thread_is_one_line(output: Output) -> None:
    def fail() -> None:
        raise ValueError("on a thread")

    with output.journal():
        thread = threading.Thread(target=fail, name="some-thread")
        thread.start()
        thread.join(WAIT_S)
    (line,) = output.rest()
    assert line.startswith("[ERROR] ❌ Erreur inattendue dans le fil some-thread ⏎ Traceback")
    assert line.endswith("ValueError: on a thread")


class Unwilling:
    def __del__(self) -> None:
        raise ValueError("in a destructor")


def test_an_error_that_nobody_can_catch_is_one_line(output: Output) -> None:
    with output.journal():
        Unwilling()
        gc.collect()
    (line,) = output.rest()
    assert line.startswith("[ERROR] ❌ Erreur inattendue en libérant un objet ⏎ Traceback")


def test_a_warning_of_python_is_one_line(output: Output) -> None:
    with output.journal(), warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old\nthing", stacklevel=1)
    (line,) = output.rest()
    assert "[WARNING]" in line and "old ⏎ thing" in line


def test_all_is_given_back(output: Output) -> None:
    root = logging.getLogger()
    before = (root.handlers[:], threading.excepthook, sys.unraisablehook)
    with output.journal():
        pass
    assert (root.handlers, threading.excepthook, sys.unraisablehook) == before
    assert not [thread for thread in threading.enumerate() if thread.name == "journal-output"]


def test_what_a_program_has_put_in_the_place_of_the_output_is_used(
    monkeypatch: pytest.MonkeyPatch, output: Output
) -> None:
    taken = io.StringIO()
    monkeypatch.setattr(sys, "stdout", taken)
    with JournalOutput():
        log.info("here")
    assert taken.getvalue().endswith("[INFO] here\n")


def test_without_any_output_it_runs(monkeypatch: pytest.MonkeyPatch, output: Output) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with JournalOutput():
        log.info("nowhere")


def test_without_a_thread_to_be_had_lines_are_written_as_ever(
    monkeypatch: pytest.MonkeyPatch, output: Output
) -> None:
    def no_thread(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", no_thread)
        with output.journal():
            log.info("here")
    assert output.rest() == ["[INFO] here"]
