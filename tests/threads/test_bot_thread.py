"""What the bot's threads have in common."""

import logging
import queue
import threading
from collections.abc import Callable

import pytest

from meshbot.threads.bot_thread import BotThread

LIMIT_S = 5.0


class Example(BotThread):
    """Does what a test gives it, and notes what it is told."""

    error_line = "it broke"

    def __init__(self) -> None:
        super().__init__("example")
        self.work: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self.recovered = threading.Event()
        self.finished_on = ""

    def _do_next(self) -> None:
        self.work.get()()

    def _wake(self) -> None:
        self.work.put(lambda: None)

    def _recover(self) -> None:
        self.recovered.set()

    def _finish(self) -> None:
        self.finished_on = threading.current_thread().name


def test_it_ends_when_it_is_told_and_may_be_told_twice() -> None:
    thread = Example()
    thread.start()
    assert thread.stop(LIMIT_S)
    assert thread.stop(LIMIT_S)
    assert thread.finished_on == "example"


def test_one_never_started_has_nothing_to_end() -> None:
    assert Example().stop(LIMIT_S)


def test_the_wait_for_its_end_is_bounded() -> None:
    thread = Example()
    begun, may_end = threading.Event(), threading.Event()
    thread.work.put(lambda: begun.set() or may_end.wait(LIMIT_S))  # type: ignore[func-returns-value]
    thread.start()
    assert begun.wait(LIMIT_S)
    assert not thread.stop(0.01), "still busy, and says so"
    may_end.set()
    assert thread.stop(LIMIT_S)


def test_an_error_costs_a_line_and_not_the_thread(caplog: pytest.LogCaptureFixture) -> None:
    thread = Example()
    thread.start()
    with caplog.at_level(logging.ERROR):
        thread.work.put(lambda: 1 / 0)
        assert thread.recovered.wait(LIMIT_S)
    done = threading.Event()
    thread.work.put(done.set)
    assert done.wait(LIMIT_S)
    assert thread.stop(LIMIT_S)
    assert [record.getMessage() for record in caplog.records] == ["it broke"]
