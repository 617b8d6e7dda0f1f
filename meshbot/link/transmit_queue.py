"""What the node said of its transmit queue: whether there is room, what became of a packet.

Owned by one session. The reader notes, any thread may wait; each wait has a limit, and ends with
the session. ``_changed`` guards everything here and is a leaf.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable

from meshtastic.protobuf import mesh_pb2

from meshbot.model.cause import Cause
from meshbot.model.link_error import LinkError, NodeBusyError

KEPT_STATUSES = 64
STATUS_POLL_S = 0.5


class TransmitQueue:
    """The node's transmit queue as it looks from here."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Begin with a queue of which nothing is known: old firmware says nothing of it."""
        self._clock = clock
        self._changed = threading.Condition()
        self._free: int | None = None
        self._full_since_s = 0.0
        self._statuses: OrderedDict[int, mesh_pb2.QueueStatus] = OrderedDict()
        self._ended = False

    def note(self, status: mesh_pb2.QueueStatus) -> None:
        """Take the node's word, and wake those that wait for it.

        One without a radio has no queue (``Router::getQueueStatus``): that is no full one.
        """
        with self._changed:
            was_full = self._free == 0
            self._free = status.free if status.maxlen else None
            if self._free == 0 and not was_full:
                self._full_since_s = self._clock()
            if status.mesh_packet_id:
                self._statuses[status.mesh_packet_id] = status
                if len(self._statuses) > KEPT_STATUSES:
                    self._statuses.popitem(last=False)
            self._changed.notify_all()

    def end(self) -> None:
        """End every wait: the session is over."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def wait_for_room(self, limit_s: float) -> None:
        """Return when there is room, or nothing is known of it.

        Raises :class:`NodeBusyError` when there is none in time, :class:`LinkError` at the end.
        Then what the node said counts no more: it tells once that there is room again, and where
        that word was lost, only the next packet brings another.
        """
        deadline_s = self._clock() + limit_s
        with self._changed:
            while self._free == 0:
                if self._ended:
                    raise LinkError(Cause.LINK_DOWN)
                left_s = deadline_s - self._clock()
                if left_s <= 0:
                    self._free = None
                    raise NodeBusyError(Cause.QUEUE_STAYS_FULL)
                self._changed.wait(left_s)

    def has_room(self, limit_s: float) -> bool:
        """Say whether there is room, or nothing is known of it, without waiting.

        After so long without room what the node said counts no more, as in :meth:`wait_for_room`.
        """
        with self._changed:
            if self._free == 0 and self._clock() - self._full_since_s >= limit_s:
                self._free = None
            return self._free != 0

    def wait_for_status(
        self, packet_id: int, timeout_s: float, limit_s: float, heard_s: Callable[[], float]
    ) -> mesh_pb2.QueueStatus | None:
        """Return the node's word on a packet just sent.

        None when the session ended first, or when the node, though alive, gave no word in
        ``timeout_s``. A node from which nothing at all has come since (``heard_s`` says when
        something last did) is waited for until the link is declared dead, ``limit_s`` at most:
        nobody knows whether it has the packet.
        """
        sent_s = self._clock()
        with self._changed:
            while packet_id not in self._statuses and not self._ended:
                waited_s = self._clock() - sent_s
                if waited_s >= timeout_s and (heard_s() > sent_s or waited_s >= limit_s):
                    return None
                self._changed.wait(timeout_s - waited_s if waited_s < timeout_s else STATUS_POLL_S)
            return self._statuses.get(packet_id)
