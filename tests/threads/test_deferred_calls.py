"""Deferred calls: they run once, can be called off, and leave no thread."""

import threading

from meshbot.threads.deferred_calls import DeferredCalls
from tests.conftest import WAIT_S


def test_a_call_runs_on_a_thread_of_that_name() -> None:
    names: list[str] = []
    done = threading.Event()

    def call() -> None:
        names.append(threading.current_thread().name)
        done.set()

    calls = DeferredCalls("pubkey-sync")
    assert calls.schedule(0.0, call)
    assert done.wait(WAIT_S)
    calls.cancel()
    calls.join(WAIT_S)
    assert names == ["pubkey-sync"]


def test_what_is_not_due_is_called_off_and_nothing_is_scheduled_afterwards() -> None:
    ran = threading.Event()
    calls = DeferredCalls("later")
    for _ in range(3):
        assert calls.schedule(3_600.0, ran.set)
    calls.cancel()
    calls.join(WAIT_S)
    assert not calls.schedule(0.0, ran.set)
    assert not ran.is_set()
    assert "later" not in {thread.name for thread in threading.enumerate()}


def test_what_runs_already_is_waited_for_within_the_limit() -> None:
    began, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def call() -> None:
        began.set()
        may_end.wait(WAIT_S)
        ended.set()

    calls = DeferredCalls("slow")
    calls.schedule(0.0, call)
    assert began.wait(WAIT_S)
    calls.cancel()
    may_end.set()
    calls.join(WAIT_S)
    assert ended.is_set()
