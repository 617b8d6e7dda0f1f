"""Replies whose text is made when their turn has come, on an interface that the test controls."""

import threading
from collections.abc import Callable, Iterator

import pytest

from meshbot.messages import message_sender
from meshbot.messages.message_sender import MessageSender
from meshbot.model.cause import Cause
from meshbot.model.link_error import LinkError, NodeBusyError
from meshbot.threads.bot_worker import BotWorker
from tests.messages.test_message_sender import (
    ANN,
    SETTINGS,
    FakeInterface,
    FakeKeys,
    FakeLink,
    new_sender,
)
from tests.support.journal import Journal
from tests.support.limits import LATE_S, WAIT_S

pytestmark = pytest.mark.slow


@pytest.fixture
def link() -> FakeLink:
    return FakeLink(FakeInterface())


@pytest.fixture
def worker() -> Iterator[BotWorker]:
    worker = BotWorker()
    worker.start()
    yield worker
    assert worker.stop(WAIT_S)


@pytest.fixture
def sender(
    link: FakeLink, worker: BotWorker, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MessageSender]:
    monkeypatch.setattr(message_sender, "LINK_POLL_S", 0.01)
    started = new_sender(link, FakeKeys(), post=worker.post)
    started.start()
    yield started
    if link.interface is not None:
        link.interface.say(None)
    assert started.stop(WAIT_S)


def of(link: FakeLink) -> FakeInterface:
    assert link.interface is not None
    return link.interface


def test_a_reply_is_made_on_the_workers_thread_once_the_one_before_is_over(
    sender: MessageSender, link: FakeLink
) -> None:
    said = "before"
    makers: list[str] = []

    def make() -> str:
        makers.append(threading.current_thread().name)
        return said

    sender.send("first", ANN)
    sender.send(make, ANN, reply_id=9)
    assert of(link).take().text == "first"
    assert makers == []
    said = "now"
    of(link).say(0)
    sent = of(link).take()
    assert (sent.text, sent.reply_id, makers) == ("now", 9, ["bot-worker"])
    of(link).say(0)


def test_a_reply_that_waits_for_the_link_is_made_when_there_is_one(
    sender: MessageSender, link: FakeLink
) -> None:
    there, link.interface = link.interface, None
    made = threading.Event()
    sender.send(lambda: made.set() or "made", ANN)  # type: ignore[func-returns-value]
    assert not made.wait(0.1)
    link.interface = there
    assert of(link).take().text == "made"
    of(link).say(0)


def test_a_reply_that_could_not_be_sent_is_made_again_for_the_next_link(
    sender: MessageSender, link: FakeLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = FakeInterface()

    def fail(packet: object) -> None:
        link.interface = second
        raise LinkError(Cause.LINK_DOWN)

    monkeypatch.setattr(of(link), "send_packet", fail)
    states = iter(["on the first link", "on the second"])
    sender.send(lambda: next(states), ANN)
    assert second.take().text == "on the second"
    second.say(0)


def test_a_reply_that_the_node_had_no_room_for_is_made_again(
    sender: MessageSender, link: FakeLink
) -> None:
    states = iter(["when it was full", "when there was room"])
    sender.send(lambda: next(states), ANN)
    assert of(link).take().text == "when it was full"
    of(link).say(32)
    assert of(link).take().text == "when there was room"
    of(link).say(0)


def test_a_reply_is_not_made_before_there_is_room(
    sender: MessageSender, link: FakeLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    roomy, asked = threading.Event(), threading.Event()

    def wait_for_room() -> None:
        asked.set()
        if not roomy.is_set():
            raise NodeBusyError(Cause.QUEUE_STAYS_FULL)

    monkeypatch.setattr(of(link), "wait_for_room", wait_for_room)
    made = threading.Event()
    sender.send(lambda: made.set() or "made", ANN)  # type: ignore[func-returns-value]
    assert asked.wait(WAIT_S)
    assert not made.wait(0.1)
    roomy.set()
    assert of(link).take().text == "made"
    of(link).say(0)


def test_a_reply_that_the_node_may_have_goes_out_again_as_it_was(
    sender: MessageSender, link: FakeLink
) -> None:
    first, second = of(link), FakeInterface()
    states = iter(["made once", "made twice"])
    sender.send(lambda: next(states), ANN)
    sent = first.take()
    first.alive, link.interface = False, second
    first.say(None)
    again = second.take()
    assert (again.text, again.packet_id) == ("made once", sent.packet_id)
    second.say(0)


def test_a_long_reply_goes_out_in_parts(sender: MessageSender, link: FakeLink) -> None:
    sender.send(lambda: "a" * 200 + " " + "b" * 50, ANN)
    assert of(link).take().text == "a" * 200
    of(link).say(0)
    assert of(link).take().text == "b" * 50
    of(link).say(0)


def test_a_reply_that_cannot_be_made_costs_a_line_and_no_other_reply(
    sender: MessageSender, link: FakeLink, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> str:
        raise ValueError("no")

    sender.send(broken, ANN)
    sender.send(lambda: "next", ANN)
    assert of(link).take().text == "next"
    of(link).say(0)
    assert [record.levelname for record in caplog.records].count("ERROR") == 1


def test_the_sender_ends_though_the_worker_never_comes_to_the_reply(link: FakeLink) -> None:
    asked = threading.Event()

    def lose(call: Callable[[], object]) -> None:
        asked.set()

    sender = new_sender(link, FakeKeys(), post=lose)
    sender.start()
    sender.send(lambda: "never", ANN)
    assert asked.wait(WAIT_S)
    assert sender.stop(1.0 + LATE_S)


def test_a_reply_that_the_worker_lost_is_asked_for_again(
    link: FakeLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_sender, "ASK_AGAIN_S", 0.5)
    calls: list[Callable[[], object]] = []

    def lose_the_first(call: Callable[[], object]) -> None:
        calls.append(call)
        if len(calls) > 1:
            call()

    sender = new_sender(link, FakeKeys(), post=lose_the_first)
    sender.start()
    sender.send(lambda: "at last", ANN)
    assert of(link).take().text == "at last"
    of(link).say(0)
    assert sender.stop(WAIT_S)


def test_a_reply_too_old_is_dropped_unmade(
    link: FakeLink, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_sender, "LINK_POLL_S", 0.01)
    link.interface = None
    now = [0.0]
    sender = new_sender(link, FakeKeys(), clock=lambda: now[0])
    sender.start()
    sender.send(lambda: "old", ANN)
    now[0] = SETTINGS.max_age_s + 1
    journal.wait_for("⚠️ Réponse à node a jetée après 10 min : pas de liaison")
    assert sender.stop(WAIT_S)
