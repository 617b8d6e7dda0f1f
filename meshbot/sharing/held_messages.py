"""Sealed messages for us, held back from the clients until it is known whether they open. Pure.

Owned by the loop that serves the clients.
"""

from collections import OrderedDict
from typing import NamedTuple

from meshtastic.protobuf import mesh_pb2

HELD_S = 3.0
"""The worker opens one in milliseconds; a message that it lost is not to be lost to the clients."""
MOST = 200


class HeldFrame(NamedTuple):
    """A packet, its frame as it came, and until when it is held."""

    packet: mesh_pb2.MeshPacket
    payload: bytes
    until_s: float


class HeldMessages:
    """At most :data:`MOST`, by sender and packet id."""

    def __init__(self) -> None:
        """Hold nothing."""
        self._held: OrderedDict[tuple[int, int], HeldFrame] = OrderedDict()

    def hold(self, packet: mesh_pb2.MeshPacket, payload: bytes, now_s: float) -> list[HeldFrame]:
        """Hold one back; return those that can be held no longer for it."""
        self._held[_key(packet)] = HeldFrame(packet, payload, now_s + HELD_S)
        self._held.move_to_end(_key(packet))
        return [self._held.popitem(last=False)[1]] if len(self._held) > MOST else []

    def take(self, packet: mesh_pb2.MeshPacket) -> HeldFrame | None:
        """Hold one no longer; return it if it was held."""
        return self._held.pop(_key(packet), None)

    def pop_due(self, now_s: float) -> list[HeldFrame]:
        """Take those that were held for long enough."""
        due: list[HeldFrame] = []
        while self._held and next(iter(self._held.values())).until_s <= now_s:
            due.append(self._held.popitem(last=False)[1])
        return due


def _key(packet: mesh_pb2.MeshPacket) -> tuple[int, int]:
    return getattr(packet, "from"), packet.id
