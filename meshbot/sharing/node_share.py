"""The node's one place, shared: puts the parts together, and is told by the bot what happens.

Owns the loop that serves the clients and the thread that sends for them. Whatever is told here may
come from any thread, and is only posted to the loop.
"""

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

from meshtastic.protobuf import mesh_pb2

from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.messages.guest_tools import GuestTools
from meshbot.messages.live_link import LiveLink
from meshbot.model.client_status import ClientStatus
from meshbot.model.link_notes import LinkNotes
from meshbot.sharing.client_gate import OwnNode
from meshbot.sharing.client_server import ClientServer
from meshbot.sharing.guest_air import GuestAir
from meshbot.sharing.guest_packet import GuestPacket
from meshbot.sharing.guest_seal import GuestSeal
from meshbot.sharing.guest_sender import GuestSender
from meshbot.sharing.guests import Guests
from meshbot.sharing.mdns_announcement import MdnsAnnouncement
from meshbot.sharing.node_configuration import NodeConfiguration
from meshbot.sharing.node_frames import NodeFrames
from meshbot.sharing.node_memory import NodeBook, NodeMemory
from meshbot.sharing.packet_ids import PacketIds
from meshbot.sharing.share_desk import DeskTools, ShareDesk
from meshbot.sharing.share_narrator import ShareNarrator
from meshbot.sharing.share_settings import ShareSettings
from meshbot.threads.progress_mark import ProgressMark

log = logging.getLogger(__name__)


class SharedLink(LiveLink, Protocol):
    """What is asked of the link."""

    @property
    def interface(self) -> SupervisedInterface | None:
        """The interface in use; after a loss the old one, until another is ready."""


class NodeShare:
    """The shared node. Made and stopped by the main thread."""

    def __init__(
        self,
        settings: ShareSettings,
        link: SharedLink,
        book: NodeBook,
        tools: GuestTools,
        *,
        notes: LinkNotes,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Make the parts; nothing is started."""
        self._settings = settings
        self._link = link
        self._mdns = MdnsAnnouncement(settings, clock=clock)
        self._guests = Guests()
        self._ids = PacketIds(clock)
        memory = NodeMemory(book, clock=clock, wall_clock=wall_clock)
        self._sender = GuestSender(
            link,
            tools.turn,
            GuestAir(settings.air_percent, tools.air, clock),
            GuestSeal(tools.keys, tools.sealer, tools.lacks_key),
            tools.settings,
            events=self,
            clock=clock,
        )
        self._node = NodeFrames(
            self._guests,
            self._ids,
            memory,
            private_key=settings.private_key,
            failed=self._sender.routing_error,
            clock=clock,
        )
        self._narrator = narrator = ShareNarrator(notes, settings.grants, clock)
        self._desk = ShareDesk(
            settings,
            self._guests,
            self._ids,
            self._node,
            self._sender,
            narrator=narrator,
            tools=DeskTools(self._own_node, self._configured, self.clients, clock, wall_clock),
        )
        self._server = ClientServer(settings, self._desk, narrator, clock)
        self._guests.outlet = self._server

    # -- Life ------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start both threads."""
        self._sender.start()
        self._server.start()

    def stop(self, timeout_s: float) -> bool:
        """End them, each within the limit; return whether they did."""
        stopped = [self._server.stop(timeout_s), self._sender.stop(timeout_s), self._mdns.close()]
        self._narrator.stopped()
        return all(stopped)

    @property
    def exhausted(self) -> bool:
        """Whether one of the threads has no memory left to go on with."""
        return self._server.exhausted or self._sender.exhausted

    def progress_marks(self) -> dict[str, ProgressMark]:
        """Return the threads' signs of life, by name."""
        return {"share-clients": self._server.progress, "share-sender": self._sender.progress}

    def clients(self) -> list[ClientStatus]:
        """Return who is there; for any thread."""
        return self._server.clients()

    # -- What the bot tells, on any thread -------------------------------------------------------

    def frame_came(self, interface: SupervisedInterface, payload: bytes) -> None:
        """Hear a frame of the node."""
        self._server.post(partial(self._node.came, interface, payload))

    def message_opened(
        self, packet: mesh_pb2.MeshPacket, data: mesh_pb2.Data, public_key: bytes
    ) -> None:
        """Hear what a message says that only the bot could open."""
        self._server.post(partial(self._node.was_opened, packet, data, public_key))

    def message_unopened(self, packet: mesh_pb2.MeshPacket) -> None:
        """Hear that the bot cannot open a message, or not yet."""
        self._server.post(partial(self._node.stays_sealed, packet))

    def text_sent(self, packet: mesh_pb2.MeshPacket) -> None:
        """Hear that the node has a text of the bot's own."""
        self._server.post(partial(self._desk.show_own, packet))

    def own_packet_named(self, packet_id: int) -> None:
        """Hear the id of a packet of the bot's own, before the node does."""
        self._server.post(partial(self._ids.note_bot, packet_id))

    # -- GuestEvents, on the thread that sends ---------------------------------------------------

    def packet_given(self, packet: GuestPacket) -> None:
        """Hear that the node has a client's packet."""
        self._server.post(partial(self._desk.packet_given, packet))

    def packet_refused(self, packet: GuestPacket, error: int, text: str) -> None:
        """Hear that it never will."""
        self._server.post(partial(self._desk.packet_refused, packet, error, text))

    def packet_renumbered(self, old_id: int, new_id: int) -> None:
        """Hear under which id it goes out instead."""
        self._server.post(partial(self._ids.renumber, old_id, new_id))

    def room_again(self, client: int) -> None:
        """Hear that a client may send again."""
        self._server.post(partial(self._desk.room_again, client))

    # -- On the loop -----------------------------------------------------------------------------

    def _own_node(self) -> OwnNode:
        """Return who our node is, for the gate."""
        interface = self._link.interface
        if interface is None:
            return OwnNode(self._node.own_num)
        user = interface.own_user or mesh_pb2.User()
        return OwnNode(
            self._node.own_num,
            interface.own_public_key,
            interface.own_private_key,
            user.long_name,
            user.short_name,
        )

    def _configured(self, configuration: NodeConfiguration) -> None:
        """Have the network know whom it finds here."""
        self._mdns.announce(
            configuration.short_name, configuration.id, configuration.pio_env, self._settings.port
        )
