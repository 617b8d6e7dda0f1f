"""What the sender of the clients' packets tells."""

from typing import Protocol

from meshbot.sharing.guest_packet import GuestPacket


class GuestEvents(Protocol):
    """Called on the thread ``share-sender``, with no lock held."""

    def packet_given(self, packet: GuestPacket) -> None:
        """Hear that the node has a packet."""

    def packet_refused(self, packet: GuestPacket, error: int, text: str) -> None:
        """Hear that a packet will not be sent; a ``Routing.Error`` and why, in words."""

    def packet_renumbered(self, old_id: int, new_id: int) -> None:
        """Hear, before the node gets it, that a packet goes out under another id."""

    def room_again(self, client: int) -> None:
        """Hear that there is room for packets of a client whose last one found none."""
