"""What the bot's threads have in common."""

import logging
import queue
import threading
from collections.abc import Callable

import pytest

from meshbot.threads import bot_thread, memory_reserve
from meshbot.threads.bot_thread import BotThread
from meshbot.threads.shortage import NoThreadError
from tests.support.journal import Journal

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


def no_memory() -> None:
    raise MemoryError


class Short(Example):
    """Ends nothing but notes the wish, and makes no pause."""

    def __init__(self) -> None:
        super().__init__()
        self.ended = threading.Event()

    def _end_program(self) -> None:
        self.ended.set()


def test_want_of_memory_costs_a_line_without_python_and_not_the_thread(
    monkeypatch: pytest.MonkeyPatch, journal: Journal
) -> None:
    monkeypatch.setattr(bot_thread, "MEMORY_PAUSE_S", 0.0)
    thread = Short()
    thread.start()
    for _ in range(3):
        thread.work.put(no_memory)
    assert thread.recovered.wait(LIMIT_S)
    done = threading.Event()
    thread.work.put(done.set)
    assert done.wait(LIMIT_S)
    assert thread.stop(LIMIT_S)
    assert not thread.exhausted
    assert journal.messages == [
        "❌ Mémoire insuffisante sur cette machine : ce que faisait example est abandonné"
    ]


def test_where_memory_does_not_come_back_the_program_is_ended_once(
    monkeypatch: pytest.MonkeyPatch, journal: Journal
) -> None:
    monkeypatch.setattr(bot_thread, "MEMORY_PAUSE_S", 0.0)
    thread = Short()
    for _ in range(2 * bot_thread.MEMORY_TRIES):
        thread.work.put(no_memory)
    thread.start()
    assert thread.ended.wait(LIMIT_S)
    done = threading.Event()
    thread.work.put(done.set)
    assert done.wait(LIMIT_S), "until it is told to"
    assert thread.stop(LIMIT_S)
    assert thread.exhausted
    assert journal.count("le bot s'arrête") == 1


def test_recovering_may_lack_memory_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot_thread, "MEMORY_PAUSE_S", 0.0)
    thread = Short()
    monkeypatch.setattr(thread, "_recover", no_memory)
    thread.work.put(no_memory)
    thread.work.put(lambda: 1 / 0)
    done = threading.Event()
    thread.work.put(done.set)
    thread.start()
    assert done.wait(LIMIT_S)
    assert thread.stop(LIMIT_S)


def test_a_thread_that_the_system_refuses_is_said_as_such(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> int:
        raise RuntimeError("can't start new thread")

    thread = Example()
    with monkeypatch.context() as patched:
        patched.setattr(threading, "_start_new_thread", refuse)
        with pytest.raises(NoThreadError):
            thread.start()
    assert thread.stop(LIMIT_S), "there is nothing to end"


def test_the_reserve_is_asked_for_before_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a library crashes for want of it."""
    monkeypatch.setattr(bot_thread, "MEMORY_PAUSE_S", 0.0)
    monkeypatch.setattr(memory_reserve, "RESERVE_BYTES", 1 << 60)
    thread = Short()
    done: list[int] = []
    thread.work.put(lambda: done.append(1))
    thread.start()
    assert thread.ended.wait(LIMIT_S)
    assert thread.stop(LIMIT_S)
    assert done == []


def test_the_reserve_is_not_asked_for_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    reserve = memory_reserve.MemoryReserve()
    reserve.require(0.0)
    monkeypatch.setattr(memory_reserve, "RESERVE_BYTES", 1 << 60)
    reserve.require(0.05)
    for _ in range(2):
        with pytest.raises(MemoryError):
            reserve.require(0.1)
