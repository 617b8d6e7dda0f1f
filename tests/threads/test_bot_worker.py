"""The worker thread: order, errors, recurring calls, the end."""

import logging
import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from meshbot.threads import bot_worker
from meshbot.threads.bot_worker import BotWorker

LIMIT_S = 5.0


@pytest.fixture
def worker() -> Iterator[BotWorker]:
    """A worker that the test starts; it is stopped in any case."""
    made = BotWorker()
    yield made
    assert made.stop(LIMIT_S)


@pytest.fixture
def messages(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.INFO)
    return lambda: [record.getMessage() for record in caplog.records]


def drain(worker: BotWorker) -> None:
    """Wait until everything posted so far is done."""
    done = threading.Event()
    worker.post(done.set)
    assert done.wait(LIMIT_S)


def test_calls_run_in_the_order_they_were_posted(worker: BotWorker) -> None:
    order: list[int] = []
    for number in range(50):
        worker.post(lambda number=number: order.append(number))  # type: ignore[misc]
    worker.start()
    for number in range(50, 100):
        worker.post(lambda number=number: order.append(number))  # type: ignore[misc]
    drain(worker)
    assert order == list(range(100))


def test_all_calls_run_on_the_one_thread(worker: BotWorker) -> None:
    names: list[str] = []
    worker.every(0.001, lambda: names.append(threading.current_thread().name))
    worker.start()
    for _ in range(10):
        worker.post(lambda: names.append(threading.current_thread().name))
    drain(worker)
    assert set(names) == {"bot-worker"}


def test_a_call_may_post_another(worker: BotWorker) -> None:
    worker.start()
    done = threading.Event()
    worker.post(lambda: worker.post(done.set))
    assert done.wait(LIMIT_S)


def test_an_error_costs_a_line_and_not_the_thread(
    worker: BotWorker, messages: Callable[[], list[str]]
) -> None:
    worker.start()
    worker.post(lambda: 1 / 0)
    drain(worker)
    assert messages() == ["❌ Erreur inattendue, l'événement est abandonné"]


def test_a_recurring_call_comes_again_and_again_even_after_an_error(worker: BotWorker) -> None:
    third_time = threading.Event()
    calls: list[None] = []

    def call() -> None:
        calls.append(None)
        if len(calls) == 3:
            third_time.set()
        raise RuntimeError("each time")

    worker.every(0.01, call)
    worker.start()
    assert third_time.wait(LIMIT_S)


def test_recurring_calls_come_by_their_own_intervals() -> None:
    """On a clock that a call moves, so that the order is certain."""
    now_s = 0.0
    order: list[str] = []
    worker = BotWorker(lambda: now_s)
    worker.every(10.0, lambda: order.append("ten"))
    worker.every(25.0, lambda: order.append("twenty-five"))
    worker.start()

    def tick() -> None:
        nonlocal now_s
        now_s += 5.0

    try:
        for _ in range(10):
            worker.post(tick)
            drain(worker)
    finally:
        assert worker.stop(LIMIT_S)
    assert order.count("ten") in (4, 5)  # the fifth is due with the last tick
    assert order[:3] == ["ten", "ten", "twenty-five"]


def test_calls_that_are_due_together_share_a_waking() -> None:
    now_s = 0.0
    calls: list[tuple[str, float]] = []
    worker = BotWorker(lambda: now_s)
    worker.every(5.0, lambda: calls.append(("often", now_s)))
    now_s = 0.02
    worker.every(10.0, lambda: calls.append(("seldom", now_s)))

    def advance(to_s: float) -> None:
        nonlocal now_s
        now_s = to_s

    worker.start()
    try:
        for to_s in (5.0, 10.0, 12.0):
            worker.post(partial(advance, to_s))
            drain(worker)
            drain(worker)
    finally:
        assert worker.stop(LIMIT_S)
    assert calls == [("often", 5.0), ("often", 10.0), ("seldom", 10.0)]


def test_a_process_that_was_stopped_catches_up_with_one_call() -> None:
    now_s = 0.0
    calls: list[None] = []
    worker = BotWorker(lambda: now_s)
    worker.every(10.0, lambda: calls.append(None))
    now_s = 1_000.0
    worker.start()
    drain(worker)
    drain(worker)
    assert worker.stop(LIMIT_S)
    assert calls == [None]


def test_posted_calls_do_not_wait_for_a_recurring_one(worker: BotWorker) -> None:
    worker.every(3_600.0, lambda: None)
    worker.start()
    drain(worker)


def test_a_recurring_call_that_is_always_due_does_not_keep_posted_ones_waiting(
    worker: BotWorker,
) -> None:
    worker.every(1e-9, lambda: None)
    worker.start()
    drain(worker)


def test_stop_ends_after_the_call_under_way(worker: BotWorker) -> None:
    begun, may_end = threading.Event(), threading.Event()
    done: list[str] = []

    def slow() -> None:
        begun.set()
        assert may_end.wait(LIMIT_S)
        done.append("slow")

    worker.post(slow)
    worker.post(lambda: done.append("never"))
    worker.start()
    assert begun.wait(LIMIT_S)
    assert not worker.stop(0.01), "still busy, and says so"
    may_end.set()
    assert worker.stop(LIMIT_S)
    assert done == ["slow"]


def test_an_idle_worker_stops_and_may_be_told_twice(worker: BotWorker) -> None:
    worker.start()
    assert worker.stop(LIMIT_S)
    assert worker.stop(LIMIT_S)


def test_a_worker_never_started_has_nothing_to_stop(worker: BotWorker) -> None:
    worker.post(lambda: None)
    assert worker.stop(LIMIT_S)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot_worker, "MAX_WAITING_CALLS", 3)


@pytest.mark.usefixtures("small")
def test_what_is_too_much_is_dropped_with_one_line_a_minute(
    messages: Callable[[], list[str]],
) -> None:
    now_s = 0.0
    done: list[str] = []
    last = threading.Event()
    worker = BotWorker(lambda: now_s)
    worker.post(lambda: done.append("first"))
    worker.post(lambda: done.append("second"))
    worker.post(last.set)
    for _ in range(10):
        worker.post(lambda: done.append("too much"))
    line = "⚠️ Trop de paquets à la fois : les plus récents sont ignorés"
    assert messages() == [line]
    now_s = 61.0
    worker.post(lambda: done.append("too much"))
    assert messages() == [line, line]
    worker.start()
    assert last.wait(LIMIT_S)
    assert worker.stop(LIMIT_S)
    assert done == ["first", "second"]


@pytest.mark.usefixtures("small")
def test_a_full_worker_stops_all_the_same() -> None:
    worker = BotWorker()
    begun, may_end = threading.Event(), threading.Event()
    worker.post(lambda: begun.set() or may_end.wait(LIMIT_S))  # type: ignore[func-returns-value]
    worker.start()
    assert begun.wait(LIMIT_S)
    for _ in range(5):
        worker.post(lambda: None)
    assert not worker.stop(0.01)
    may_end.set()
    assert worker.stop(LIMIT_S)


@pytest.mark.slow
def test_a_million_packets_wait_nowhere_and_leave_room_for_the_bots_own_calls(
    messages: Callable[[], list[str]],
) -> None:
    worker = BotWorker(lambda: 0.0)
    done: list[None] = []
    for _ in range(1_000_000):
        worker.post_heard(lambda: done.append(None))
    own = threading.Event()
    worker.post(own.set)
    assert messages() == ["⚠️ Trop de paquets à la fois : les plus récents sont ignorés"]
    worker.start()
    assert own.wait(LIMIT_S)
    assert worker.stop(LIMIT_S)
    assert len(done) == bot_worker.MAX_WAITING_HEARD


@pytest.mark.slow
def test_a_call_that_finds_no_memory_costs_a_line_and_neither_thread_nor_traceback(
    worker: BotWorker, caplog: pytest.LogCaptureFixture
) -> None:
    def take_too_much() -> None:
        raise MemoryError

    worker.start()
    worker.post(take_too_much)
    drain(worker)
    (record,) = caplog.records
    assert record.getMessage().startswith("❌ Mémoire insuffisante sur cette machine")
    assert record.exc_info is None
