"""Whom the radio is asked about, how often, and what its answer means."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import pytest
from meshtastic.protobuf import mesh_pb2

from meshbot.link.key_question import NOBODYS_KEY, key_question
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.mesh.radio_keys import RadioKeys
from meshbot.messages import key_questions
from meshbot.messages.key_questions import KeyQuestions
from meshbot.messages.outgoing_request import OutgoingRequest
from meshbot.model.known_node import KnownNode
from meshbot.model.public_key import is_usable_key
from tests.support.clock import Clock

ANN, BOB = KnownNode(0x0A), KnownNode(0x0B)
Error = mesh_pb2.Routing.Error


def _at_once(call: Callable[[], object]) -> None:
    call()


def session(own_num: int = 0x01) -> SupervisedInterface:
    return cast(SupervisedInterface, SimpleNamespace(own_num=own_num))


class Bench:
    """Questions to a radio of 2.8, whose answers a test gives."""

    def __init__(self) -> None:
        self.clock = Clock(1_000.0)
        self.radio = RadioKeys()
        self.radio.enter_session("session", "2.8.0.7754068")
        self.requests: list[OutgoingRequest] = []
        self.has_room = True
        self.interface = session()
        self.questions = KeyQuestions(self.radio, self.send, post=_at_once, clock=self.clock)

    def send(self, request: OutgoingRequest) -> bool:
        if self.has_room:
            self.requests.append(request)
        return self.has_room

    def turn(self, *nodes: KnownNode) -> list[int]:
        """Do a turn; return about whom it asked."""
        before = len(self.requests)
        self.questions.ask_next(self.interface, nodes or (ANN, BOB))
        return [request.packet(self.interface, 7).to for request in self.requests[before:]]

    def answer(self, result: int | None) -> None:
        self.requests[-1].done(result)


def test_only_the_refusal_for_want_of_any_key_says_that_it_is_lacking() -> None:
    for result in (0, 9, 33, int(Error.PKI_FAILED), int(Error.PKI_UNKNOWN_PUBKEY), None):
        bench = Bench()
        assert bench.turn() == [ANN.num]
        bench.answer(result)
        assert not bench.radio.is_lacking(ANN.num), result
    bench = Bench()
    bench.turn()
    bench.answer(int(Error.PKI_SEND_FAIL_PUBLIC_KEY))
    assert bench.radio.is_lacking(ANN.num)
    assert not bench.radio.is_lacking(BOB.num)


def test_one_at_a_time_each_once_in_hours() -> None:
    bench = Bench()
    assert bench.turn() == [ANN.num]
    assert bench.turn() == [], "not before the answer"
    bench.answer(int(Error.PKI_FAILED))
    assert bench.turn() == [BOB.num]
    bench.answer(int(Error.PKI_FAILED))
    assert bench.turn() == []
    bench.clock.now_s += key_questions.ASK_AGAIN_S - 0.1
    assert bench.turn() == []
    bench.clock.now_s += 0.1
    assert bench.turn() == [ANN.num]


def test_an_answer_that_never_comes_is_not_waited_for_for_ever() -> None:
    bench = Bench()
    bench.turn()
    bench.clock.now_s += key_questions.UNANSWERED_S
    assert bench.turn() == [BOB.num]


@pytest.mark.parametrize("has_room", [True, False], ids=["no answer", "no room"])
def test_a_question_that_failed_is_a_reason_to_pause(has_room: bool) -> None:
    bench = Bench()
    bench.has_room = has_room
    bench.turn()
    if has_room:
        bench.answer(None)
    bench.has_room = True
    bench.clock.now_s += key_questions.TROUBLE_PAUSE_S - 0.1
    assert bench.turn() == []
    bench.clock.now_s += 0.1
    assert bench.turn() == [BOB.num]


def test_a_new_session_is_asked_anew_and_an_answer_of_the_old_one_means_nothing() -> None:
    bench = Bench()
    bench.turn()
    bench.interface = session()
    assert bench.turn() == [ANN.num]
    bench.requests[0].done(int(Error.PKI_SEND_FAIL_PUBLIC_KEY))
    assert not bench.radio.is_lacking(ANN.num)


def test_a_link_that_is_often_lost_does_not_ask_ever_more() -> None:
    bench = Bench()
    assert bench.turn() == [ANN.num]
    bench.answer(int(Error.PKI_FAILED))
    assert bench.turn() == [BOB.num]
    bench.answer(int(Error.PKI_SEND_FAIL_PUBLIC_KEY))
    for _ in range(3):
        bench.clock.now_s += key_questions.ASK_AGAIN_IN_ANOTHER_S / 4
        bench.interface = session()
        assert bench.turn() == [BOB.num], "that it lacks his is forgotten with the session"
        bench.answer(int(Error.PKI_SEND_FAIL_PUBLIC_KEY))
        assert bench.turn() == []
    bench.clock.now_s += key_questions.ASK_AGAIN_IN_ANOTHER_S / 4
    bench.interface = session()
    assert bench.turn() == [ANN.num]
    bench.answer(int(Error.PKI_FAILED))
    bench.interface = session(0x02)
    assert bench.turn() == [ANN.num], "another radio"


@pytest.mark.parametrize("firmware", ["", "2.4.3.91d6612", "2.5.20.4c97351", "2.7.26.54e0d8d"])
def test_other_firmware_is_asked_nothing(firmware: str) -> None:
    """Before 2.5 it would transmit the question."""
    bench = Bench()
    bench.radio.enter_session("session", firmware)
    assert bench.turn() == []


def test_it_asks_about_those_who_wrote_last_and_no_more_than_a_bounded_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(key_questions, "MAX_ASKED_ABOUT", 1)
    bench = Bench()
    assert bench.turn() == [ANN.num]
    bench.answer(0)
    assert bench.turn() == []
    assert bench.turn(BOB, ANN) == [BOB.num]


def test_the_question_names_a_key_that_no_radio_can_hold() -> None:
    packet = key_question(ANN.num, 7)
    assert (packet.to, packet.id, packet.hop_limit, packet.want_ack) == (ANN.num, 7, 0, False)
    assert packet.pki_encrypted
    assert packet.public_key == NOBODYS_KEY
    assert any(NOBODYS_KEY), "one of zeros would mean none"
    assert len(NOBODYS_KEY) == 32
    assert not is_usable_key(NOBODYS_KEY)
