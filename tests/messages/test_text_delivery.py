"""The pause between two texts."""

from typing import cast

import pytest
from meshtastic.protobuf import mesh_pb2

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
