"""What the node said of its transmit queue, and for how long that counts."""

import pytest
from meshtastic.protobuf import mesh_pb2

from meshbot.link.transmit_queue import TransmitQueue
from meshbot.model.cause import Cause
from meshbot.model.link_error import LinkError, NodeBusyError
from tests.support.clock import Clock

FULL = mesh_pb2.QueueStatus(free=0, maxlen=16)


def test_a_full_queue_of_which_no_more_is_heard_is_tried_again_after_the_wait() -> None:
    """The node says once that there is room again; that word may be lost."""
    queue = TransmitQueue(Clock(0.0))
    queue.wait_for_room(0.0)
    queue.note(FULL)
    with pytest.raises(NodeBusyError) as refused:
        queue.wait_for_room(0.0)
    assert refused.value.cause is Cause.QUEUE_STAYS_FULL
    queue.wait_for_room(0.0)
    queue.note(FULL)
    with pytest.raises(NodeBusyError):
        queue.wait_for_room(0.0)


def test_nobody_waits_for_room_in_a_session_that_is_over() -> None:
    queue = TransmitQueue(Clock(0.0))
    queue.note(FULL)
    queue.end()
    with pytest.raises(LinkError) as over:
        queue.wait_for_room(60.0)
    assert over.value.cause is Cause.LINK_DOWN


def test_whether_there_is_room_is_told_without_waiting() -> None:
    clock = Clock(10.0)
    queue = TransmitQueue(clock)
    assert queue.has_room(20.0)
    queue.note(FULL)
    assert not queue.has_room(20.0)
    clock.now_s += 15.0
    queue.note(FULL)
    assert not queue.has_room(20.0)
    clock.now_s += 5.0
    assert queue.has_room(20.0), "the word that there is some may be lost"
    queue.note(FULL)
    assert not queue.has_room(20.0)
    queue.note(mesh_pb2.QueueStatus(free=1, maxlen=16))
    assert queue.has_room(20.0)
