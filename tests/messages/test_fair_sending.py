"""Who is sent what, when many wait and the air is short, on an interface the test controls."""

import queue
import threading
from collections.abc import Callable, Iterator

import pytest
from meshtastic.protobuf import mesh_pb2

from meshbot.messages import message_sender
from meshbot.messages.air_budget import AirBudget, AirBudgetSettings
from meshbot.messages.asker import Asker
from meshbot.messages.message_sender import MessageSender
from meshbot.messages.question import Question
from meshbot.messages.reply_parts import MORE_LATER
from meshbot.messages.sender_rank import SenderRank
from meshbot.text.text_split import split_text
from tests.messages.test_message_sender import (
    ANN,
    BOB,
    OWN,
    SETTINGS,
    FakeInterface,
    FakeKeys,
    FakeLink,
    Requests,
    new_sender,
)
from tests.support.clock import Clock
from tests.support.journal import Journal
from tests.support.limits import LATE_S, WAIT_S

REGULAR, STRANGER = SenderRank.REGULAR, SenderRank.STRANGER
LONG = "\n".join(f"ligne {number} : " + "é" * 30 for number in range(12))


def asked(
    num: int,
    rank: SenderRank = STRANGER,
    *,
    command: str = "",
    name: str = "",
    allow: Callable[[int], int] = lambda wanted: wanted,
) -> Question:
    return Question(Asker(num, rank is REGULAR, rank), command, name, asked_bytes=6, allow=allow)


@pytest.fixture
def interface() -> FakeInterface:
    return FakeInterface()


@pytest.fixture
def link(interface: FakeInterface) -> FakeLink:
    return FakeLink(interface)


@pytest.fixture
def clock() -> Clock:
    return Clock(1_000.0)


@pytest.fixture
def budget(clock: Clock) -> AirBudget:
    return AirBudget(AirBudgetSettings(5.0, 1.0), clock)


@pytest.fixture
def sender(
    link: FakeLink, budget: AirBudget, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MessageSender]:
    """A sender that looks often; its thread is not started."""
    monkeypatch.setattr(message_sender, "LINK_POLL_S", 0.01)
    monkeypatch.setattr(message_sender, "AIR_POLL_S", 0.01)
    made = new_sender(link, FakeKeys(), budget, clock=clock)
    yield made
    if link.interface is not None:
        for _ in range(20):
            link.interface.say(0)
    assert made.stop(WAIT_S)


def taken(interface: FakeInterface, count: int) -> list[tuple[int, str]]:
    """Take so many texts one after another; return whom they were for."""
    texts = []
    for _ in range(count):
        sent = interface.take()
        interface.say(0)
        texts.append((sent.to, sent.text))
    return texts


def nothing_more_went(interface: FakeInterface) -> bool:
    return interface._sent.empty()


def test_a_regular_is_answered_between_the_texts_of_strangers(
    sender: MessageSender, interface: FakeInterface
) -> None:
    for num in range(100, 121):
        sender.send(lambda: LONG, num, question=asked(num, name="nodes"))
    sender.start()
    first = interface.take()
    sender.send("pong", ANN, question=asked(ANN, REGULAR))
    interface.say(0)
    assert first.to != ANN
    assert taken(interface, 1) == [(ANN, "pong")]


def test_while_many_wait_a_long_answer_becomes_one_message(
    sender: MessageSender, interface: FakeInterface, journal: Journal
) -> None:
    for num in range(100, 104):
        sender.send(lambda: LONG, num, question=asked(num, name="nodes"))
    sender.start()
    (_, shortened), *_ = taken(interface, 1)
    assert shortened.endswith("…\n" + MORE_LATER)
    journal.wait_for("🐢 La réponse à node 64 est abrégée : trop de textes à envoyer")


def test_an_answer_has_as_many_texts_as_its_asker_is_allowed(
    sender: MessageSender, interface: FakeInterface
) -> None:
    wanted: list[int] = []

    def allow(texts: int) -> int:
        wanted.append(texts)
        return 2

    sender.start()
    sender.send(lambda: LONG, ANN, question=asked(ANN, REGULAR, allow=allow))
    sender.send("next", BOB, question=asked(BOB, REGULAR))
    texts = taken(interface, 3)
    assert wanted == [len(split_text(LONG, 200, 5))]
    assert sorted(to for to, _ in texts) == [ANN, ANN, BOB]
    assert [text for to, text in texts if to == ANN][1].endswith(MORE_LATER)


def test_strangers_without_air_wait_and_a_regular_goes(
    sender: MessageSender,
    interface: FakeInterface,
    budget: AirBudget,
    clock: Clock,
    journal: Journal,
) -> None:
    budget.charge(35.9, stranger=True)
    sender.start()
    sender.send("pong", BOB, question=asked(BOB))
    journal.wait_for("🐢 La réponse à node b0b0b0b0 attend que l'antenne soit libre")
    sender.send("pong", ANN, question=asked(ANN, REGULAR))
    assert taken(interface, 1) == [(ANN, "pong")]
    assert nothing_more_went(interface)
    assert sender.progress.busy_s() == 0.0
    sender.send("too late", BOB, question=asked(BOB))
    clock.now_s += SETTINGS.max_age_s + 1
    line = journal.wait_for("⚠️ Réponse à node b0b0b0b0 jetée après 10 min")
    assert line.endswith("pas de temps d'antenne")
    assert nothing_more_went(interface)


def test_what_waits_for_air_goes_when_there_is_some(
    sender: MessageSender, interface: FakeInterface, budget: AirBudget, clock: Clock
) -> None:
    budget.charge(35.9, stranger=True)
    clock.now_s += 3_500.0
    sender.start()
    sender.send("pong", BOB, question=asked(BOB))
    sender.send("pong", ANN, question=asked(ANN, REGULAR))
    assert taken(interface, 1) == [(ANN, "pong")]
    clock.now_s += 101.0
    assert taken(interface, 1) == [(BOB, "pong")]


def test_an_answer_that_turns_out_too_long_for_the_air_waits_unsent(
    sender: MessageSender, interface: FakeInterface, budget: AirBudget, journal: Journal
) -> None:
    """That it is long is not known before it is made; it must not be made again and again."""
    budget.charge(17.0, stranger=True)
    made = []

    def make() -> str:
        made.append(1)
        return "é" * 90

    sender.start()
    sender.send(make, BOB, question=asked(BOB, name="nodes"))
    journal.wait_for("🐢 La réponse à node b0b0b0b0 attend")
    sender.send("pong", ANN, question=asked(ANN, REGULAR))
    assert taken(interface, 1) == [(ANN, "pong")]
    assert len(made) == 1


def test_a_text_is_charged_once_it_is_with_the_node_and_not_if_the_node_refuses_it(
    sender: MessageSender, interface: FakeInterface, budget: AirBudget, journal: Journal
) -> None:
    sender.start()
    sender.send("refused", BOB, question=asked(BOB))
    interface.take()
    interface.say(7)
    journal.wait_for("⚠️ Le nœud refuse la réponse")
    assert budget.used_percent() == (0.0, 0.0)
    sender.send("pong", BOB, question=asked(BOB))
    sent = interface.take()
    interface.say(0)
    sender.send("next", ANN, question=asked(ANN, REGULAR))
    interface.take()  # so the one before is reckoned
    _, once = budget.used_percent()
    assert once > 0
    sender.routing_error(sent.packet_id, BOB, mesh_pb2.Routing.Error.MAX_RETRANSMIT, OWN)
    assert budget.used_percent()[1] == once, "only our own node knows how often it sent"
    interface.say(0)


def test_a_text_that_nobody_confirmed_was_sent_three_times(
    sender: MessageSender, interface: FakeInterface, budget: AirBudget, journal: Journal
) -> None:
    sender.start()
    sender.send("pong", BOB, question=asked(BOB))
    sent = interface.take()
    interface.say(0)
    sender.send("next", ANN, question=asked(ANN, REGULAR))
    interface.take()
    _, once = budget.used_percent()
    sender.routing_error(sent.packet_id, OWN, mesh_pb2.Routing.Error.MAX_RETRANSMIT, OWN)
    assert budget.used_percent()[1] == pytest.approx(3 * once)
    interface.say(0)


def test_requests_go_between_the_texts_and_while_those_wait_for_air(
    sender: MessageSender, interface: FakeInterface, budget: AirBudget, journal: Journal
) -> None:
    requests = Requests()
    for index in range(5):
        sender.send(f"text {index}", 100 + index, question=asked(100 + index))
    for _ in range(3):
        assert sender.request(requests.make(interface))
    sender.start()
    taken(interface, 1)
    interface.say(0)
    assert requests.result() == 0
    taken(interface, 1)
    budget.charge(36.0, stranger=True)
    interface.say(0)
    assert requests.result() == 0
    journal.wait_for("attend que l'antenne soit libre")
    interface.say(0)
    assert requests.result() == 0


def test_an_answer_that_waits_can_be_asked_for_again_without_another(
    sender: MessageSender, interface: FakeInterface
) -> None:
    question = asked(ANN, REGULAR, command="ping ")
    assert not sender.is_answering(question)
    sender.send("pong", ANN, question=question)
    assert sender.is_answering(asked(ANN, REGULAR, command="ping "))
    assert not sender.is_answering(asked(ANN, STRANGER, command="ping "))
    sender.start()
    interface.take()
    assert not sender.is_answering(question), "it may have been read before the node's word comes"
    interface.say(0)


def test_a_flood_is_told_in_few_lines_and_costs_no_regular_his_answer(
    sender: MessageSender, interface: FakeInterface, journal: Journal
) -> None:
    sender.send("pong", ANN, question=asked(ANN, REGULAR))
    for num in range(1_000, 3_000):
        sender.send("pong", num, question=asked(num))
    assert 1 <= journal.count("⚠️ Trop de réponses en attente : celle pour node") <= 10
    sender.start()
    assert taken(interface, 1) == [(ANN, "pong")]


def test_the_sender_ends_at_once_while_replies_wait_for_air(
    link: FakeLink, interface: FakeInterface, journal: Journal
) -> None:
    full = AirBudget(AirBudgetSettings(0.001, 0.001), Clock(0.0))
    sender = new_sender(link, FakeKeys(), full)
    sender.start()
    sender.send("pong", ANN, question=asked(ANN, REGULAR))
    journal.wait_for("attend que l'antenne soit libre")
    stopped: queue.Queue[bool] = queue.Queue()
    stopper = threading.Thread(target=lambda: stopped.put(sender.stop(WAIT_S)), name="stopper")
    stopper.start()
    assert stopped.get(timeout=1.0 + LATE_S)
    stopper.join(WAIT_S)
    assert nothing_more_went(interface)
