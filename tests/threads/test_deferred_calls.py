"""Deferred calls: they run once, can be called off, and leave no thread."""

import threading

import pytest

from meshbot.threads.deferred_calls import DeferredCalls
from tests.support.clock import Clock
from tests.support.journal import Journal
from tests.support.limits import WAIT_S


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


def test_where_no_thread_is_to_be_had_the_call_is_made_when_it_is_due(
    monkeypatch: pytest.MonkeyPatch, journal: Journal
) -> None:
    """As the system refuses one: ``RuntimeError: can't start new thread``."""
    clock = Clock(0.0)
    calls, made = DeferredCalls("pubkey-sync", clock), []
    refuse_threads(monkeypatch)
    assert calls.schedule(30.0, lambda: made.append(clock.now_s))
    journal.wait_for("Plus de fil d'exécution libre pour « pubkey-sync »")
    calls.run_due()
    clock.now_s += 29.9
    calls.run_due()
    assert made == []
    clock.now_s += 0.1
    calls.run_due()
    calls.run_due()
    assert made == [clock.now_s]


def test_what_has_no_thread_is_called_off_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(0.0)
    calls, made = DeferredCalls("pubkey-sync", clock), []
    refuse_threads(monkeypatch)
    calls.schedule(0.0, lambda: made.append(1))
    calls.cancel()
    calls.run_due()
    assert made == []


def refuse_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading, "_start_new_thread", refuse)
