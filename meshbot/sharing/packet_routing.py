"""Who is given a packet that the node sent. Pure.

What answers a packet of a client (an acknowledgement, an error, a config) is that client's alone,
and has the id that it gave. Everything else is for everybody, and reaches those whose ids it does
not touch as the very bytes that came. Owned by the loop that serves the clients.
"""

from collections.abc import Collection

from google.protobuf.message import DecodeError
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.sharing.packet_ids import Owner, PacketIds
from meshbot.sharing.private_key_blank import blank_private_key

_ROUTING = portnums_pb2.PortNum.ROUTING_APP
_ADMIN = portnums_pb2.PortNum.ADMIN_APP
_ANSWERS = frozenset((_ROUTING, _ADMIN))


class PacketRouting:
    """Tells the packets that answer one client from those for all."""

    def __init__(self, ids: PacketIds, *, private_key: bool = False) -> None:
        """Name who knows whose packet is whose, and whether clients may see the private key."""
        self._ids = ids
        self._private_key = private_key

    def deliveries(
        self,
        packet: mesh_pb2.MeshPacket,
        payload: bytes,
        own_num: int,
        ready: Collection[int],
    ) -> list[tuple[int, bytes]]:
        """Return who is given what: the number of a client, and the payload of a ``FromRadio``.

        ``payload``: the frame that the packet came in. ``ready``: who is given anything at all.
        """
        recipients = self._recipients(packet, ready)
        if not recipients:
            return []
        from_us = getattr(packet, "from") in (0, own_num, packet.to)
        if from_us and packet.decoded.portnum == _ADMIN and not self._private_key:
            payload = _without_private_key(payload)
        return [
            (client, self._as_known_to(client, packet, payload, from_us=from_us))
            for client in recipients
        ]

    def _recipients(self, packet: mesh_pb2.MeshPacket, ready: Collection[int]) -> Collection[int]:
        data = packet.decoded
        if data.portnum not in _ANSWERS or not data.request_id:
            return ready
        owner = self._ids.owner(data.request_id)
        if owner is None:
            return ready if data.portnum == _ROUTING else ()
        client = owner.client
        if client is None:
            return ()
        if data.portnum == _ROUTING and self._ids.is_orphan(data.request_id):
            # It may have come back meanwhile, as an app does that was out of sight for a moment.
            return [heir for heir in ready if self._inherits(heir, owner)]
        return (client,) if client in ready else ()

    def _as_known_to(
        self, client: int, packet: mesh_pb2.MeshPacket, payload: bytes, *, from_us: bool
    ) -> bytes:
        """Return a frame with the ids that a client knows: the same object if those are in it."""
        data = packet.decoded
        packet_id = self._ids.seen_by(client, packet.id) if from_us else packet.id
        reply_id = self._ids.seen_by(client, data.reply_id)
        request_id = self._request_seen_by(client, data.request_id)
        if (packet_id, reply_id, request_id) == (packet.id, data.reply_id, data.request_id):
            return payload
        copy = mesh_pb2.FromRadio.FromString(payload)
        copy.packet.id = packet_id
        if data.reply_id:
            copy.packet.decoded.reply_id = reply_id
        if data.request_id:
            copy.packet.decoded.request_id = request_id
        return copy.SerializeToString()

    def _inherits(self, client: int, owner: Owner) -> bool:
        """Say whether a client may be one that is gone, come back: it came later."""
        came_later = owner.client is not None and client > owner.client
        return came_later and not self._ids.uses(client, owner.own_id)

    def _request_seen_by(self, client: int, request_id: int) -> int:
        owner = self._ids.owner(request_id) if self._ids.is_orphan(request_id) else None
        if owner is not None and self._inherits(client, owner):
            return owner.own_id  # as it was called before the connection ended
        return self._ids.seen_by(client, request_id)


def _without_private_key(payload: bytes) -> bytes:
    """Return a frame that clients may see; the same object if there is no private key in it."""
    try:
        message = mesh_pb2.FromRadio.FromString(payload)
    except DecodeError:
        return b""
    blanked = blank_private_key(message)
    return payload if blanked is message else blanked.SerializeToString()
