"""Who is changing the node's settings in one go: the node knows of one such transaction only. Pure.

``begin_edit_settings`` to ``commit_edit_settings``: in between the node saves nothing and does not
restart (``AdminModule.cpp``, ``hasOpenEditTransaction``). It has no owner and no end of its own, so
that of a client which vanished would swallow whatever is changed after it, and two at a time would
be committed by the first that is done. Owned by the loop that serves the clients.
"""

from collections.abc import Callable

from meshtastic.protobuf import admin_pb2, mesh_pb2, portnums_pb2

from meshbot.sharing.admin_rules import kind_of

FORGOTTEN_S = 300.0
"""A client that began and said nothing more for so long has forgotten it."""


class EditTransaction:
    """The one that is open, if one is."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """None is."""
        self._clock = clock
        self._client: int | None = None
        self._since_s = 0.0

    def is_open(self) -> bool:
        """Say whether there is one."""
        return self._client is not None

    def hinders(self, client: int) -> bool:
        """Say whether another client has one open, which would be mixed up with this one's."""
        return self._client not in (None, client)

    def wrote(self, client: int, packet: mesh_pb2.MeshPacket) -> None:
        """Note a change that is on its way to the node."""
        kind = kind_of(packet)
        if kind == "begin_edit_settings":
            self._client = client
        elif kind == "commit_edit_settings":
            self._client = None
        self._since_s = self._clock()

    def left_open(self) -> bool:
        """Say whether the one that is open is forgotten by who began it."""
        return self.is_open() and self._clock() - self._since_s >= FORGOTTEN_S

    def gone(self, client: int) -> bool:
        """Forget a client; say whether it left one open."""
        return self._client == client

    def closed(self) -> None:
        """Note that it is committed, or that the node that knew of it restarted."""
        self._client = None


def commit(own_num: int) -> mesh_pb2.MeshPacket:
    """Return the end of a transaction, in the place of a client that is gone."""
    packet = mesh_pb2.MeshPacket(to=own_num)
    packet.decoded.portnum = portnums_pb2.PortNum.ADMIN_APP
    message = admin_pb2.AdminMessage(commit_edit_settings=True)
    packet.decoded.payload = message.SerializeToString()
    return packet
