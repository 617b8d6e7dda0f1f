"""The pause between two texts."""

from typing import cast

import pytest

from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.mesh.sealed_messages import SealedMessages
from meshbot.messages.outgoing_text import OutgoingText
from meshbot.messages.sender_settings import SenderSettings
from meshbot.messages.text_delivery import DeliveryOutcome, TextDelivery
from tests.messages.test_message_sender import ANN, FakeInterface, FakeKeys
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
