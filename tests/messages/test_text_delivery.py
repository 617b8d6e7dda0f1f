"""The pause between two texts."""

import contextlib
from typing import cast

import pytest
from meshtastic.protobuf import mesh_pb2
from meshtastic.protobuf.mesh_pb2 import MeshPacket

from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.mesh.sealed_messages import SealedMessages
from meshbot.messages.outgoing_text import OutgoingText
from meshbot.messages.routing_errors import QUEUE_FULL_RESULT
from meshbot.messages.sender_settings import SenderSettings
from meshbot.messages.text_delivery import DeliveryOutcome, TextDelivery
from meshbot.model.link_error import NodeBusyError
from tests.messages.test_message_sender import (
    ANN,
    NO_KEY,
    OWN,
    PUBLIC_KEY,
    Error,
    FakeInterface,
    FakeKeys,
)
from tests.support.clock import Clock


@pytest.mark.parametrize(("air_s", "pause_s"), [(0.0, 2.5), (2.03, 2.5), (5.0, 5.0), (13.5, 13.5)])
def test_the_next_text_waits_until_a_slow_one_is_off_the_air(air_s: float, pause_s: float) -> None:
    interface, clock = FakeInterface(), Clock(100.0)
    delivery = TextDelivery(FakeKeys(), SealedMessages(), SenderSettings(2.5, 600.0), clock)
    assert delivery.next_s == 100.0
    interface.say(0)
    text = OutgoingText("pong", ANN, queued_s=100.0, air_s=air_s)
    outcome = delivery.deliver(text, cast(SupervisedInterface, interface))
    assert outcome is DeliveryOutcome.TAKEN
    assert delivery.next_s == pytest.approx(100.0 + pause_s)


class ListedPatience(FakeInterface):
    """Notes how long the node's word on each text is waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.patience_s: list[float] = []

    def wait_for_queue_status(
        self, packet_id: int, timeout_s: float, limit_s: float
    ) -> mesh_pb2.QueueStatus | None:
        self.patience_s.append(timeout_s)
        return super().wait_for_queue_status(packet_id, timeout_s, limit_s)


def test_a_node_that_gives_its_word_no_more_is_waited_for_long_once_only() -> None:
    interface, clock = ListedPatience(), Clock(100.0)
    settings = SenderSettings(2.5, 600.0, confirm_timeout_s=5.0, late_confirm_timeout_s=60.0)
    delivery = TextDelivery(FakeKeys(), SealedMessages(), settings, clock)
    for word in (None, 0, None, None, 0, 0):
        interface.say(word)
        text = OutgoingText("pong", ANN, queued_s=100.0)
        outcome = delivery.deliver(text, cast(SupervisedInterface, interface))
        assert outcome is DeliveryOutcome.TAKEN
    assert interface.patience_s == [5.0, 5.0, 60.0, 5.0, 5.0, 60.0]


# -- What others are to see of it --------------------------------------------------------------


def told_by(*words: int | None, sealed: bool = False) -> tuple[FakeInterface, list[MeshPacket]]:
    """Return what is told of one text, to which the node says this, one word after another."""
    interface, told = FakeInterface(), list[MeshPacket]()
    delivery = TextDelivery(FakeKeys(), SealedMessages(), SenderSettings(2.5, 600.0), Clock(100.0))
    delivery.on_text_sent = told.append
    text = OutgoingText("pong", ANN, 2, reply_id=5, sealed=sealed, queued_s=100.0)
    for word in words:
        interface.say(word)
        with contextlib.suppress(NodeBusyError):
            delivery.deliver(text, cast(SupervisedInterface, interface))
    return interface, told


@pytest.mark.parametrize("word", [0, None], ids=["its word", "no word"])
def test_a_text_that_the_node_has_is_told_as_what_it_says(word: int | None) -> None:
    interface, (packet,) = told_by(word)
    assert (getattr(packet, "from"), packet.to, packet.channel) == (OWN, ANN, 2)
    assert packet.id == interface.take().packet_id
    assert (packet.decoded.payload, packet.decoded.reply_id) == (b"pong", 5)
    assert (packet.want_ack, packet.pki_encrypted, packet.public_key) == (True, False, b"")


def test_a_text_under_our_own_seal_is_told_opened_with_whose_key() -> None:
    interface, (packet,) = told_by(0, sealed=True)
    assert interface.take().key, "the node got it sealed"
    assert packet.decoded.payload == b"pong"
    assert (packet.pki_encrypted, packet.public_key) == (True, PUBLIC_KEY)
    assert packet.channel == 0


def test_a_text_that_had_to_be_sealed_is_told_under_its_last_id() -> None:
    interface, (packet,) = told_by(NO_KEY, 0)
    first, second = interface.take(), interface.take()
    assert first.packet_id != second.packet_id
    assert (packet.id, packet.pki_encrypted) == (second.packet_id, True)


@pytest.mark.parametrize("word", [QUEUE_FULL_RESULT, Error.DUTY_CYCLE_LIMIT, Error.TOO_LARGE])
def test_a_text_that_the_node_refuses_is_not_told(word: int) -> None:
    _, told = told_by(word)
    assert told == []


def test_a_text_whose_fate_is_unknown_is_told_when_it_is_known() -> None:
    interface, told = FakeInterface(), list[MeshPacket]()
    delivery = TextDelivery(FakeKeys(), SealedMessages(), SenderSettings(2.5, 600.0), Clock(100.0))
    delivery.on_text_sent = told.append
    text = OutgoingText("pong", ANN, queued_s=100.0)
    interface.alive = False
    interface.say(None)
    outcome = delivery.deliver(text, cast(SupervisedInterface, interface))
    assert (outcome, told) == (DeliveryOutcome.UNKNOWN, [])
    interface.alive = True
    interface.say(0)
    delivery.deliver(text, cast(SupervisedInterface, interface))
    assert [packet.id for packet in told] == [text.packet_id]
