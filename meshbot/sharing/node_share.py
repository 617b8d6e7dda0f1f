"""The node's one place, shared: puts the parts together, and is told by the bot what happens.

Owns the loop that serves the clients and the thread that sends for them. Whatever is told here may
come from any thread, and is only posted to the loop.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from meshtastic.protobuf import mesh_pb2

from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.messages.live_link import LiveLink
from meshbot.model.client_status import ClientStatus
from meshbot.model.link_notes import LinkNotes
from meshbot.sharing.client_gate import OwnNode
from meshbot.sharing.client_server import ClientServer
from meshbot.sharing.guest_packet import GuestPacket
from meshbot.sharing.guest_sender import GuestSender, GuestTools
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


class SharedLink(LiveLink, Protocol):
    """What is asked of the link."""

    @property
    def interface(self) -> SupervisedInterface | None:
        """The interface in use; after a loss the old one, until another is ready."""


class NodeShare:
    """The shared node."""

    def __init__(
        self,
        settings: ShareSettings,
        link: SharedLink,
        book: NodeBook,
        *,
        notes: LinkNotes,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Make the parts; nothing is started."""
