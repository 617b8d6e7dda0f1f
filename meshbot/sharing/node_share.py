"""The node's one place, shared: puts the parts together, and is told by the bot what happens.

Owns the loop that serves the clients and the thread that sends for them. Whatever the bot tells
here may come from any thread, and is only posted to the loop.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from meshtastic.protobuf import mesh_pb2

from meshbot.link.interface_manager import InterfaceManager
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.model.client_status import ClientStatus
from meshbot.model.link_notes import LinkNotes
from meshbot.sharing.client_server import ClientServer
from meshbot.sharing.guest_packet import GuestPacket
from meshbot.sharing.node_frames import NodeFrames
from meshbot.sharing.node_memory import NodeBook, NodeMemory
from meshbot.sharing.packet_ids import PacketIds
from meshbot.sharing.share_desk import DeskTools, ShareDesk
from meshbot.sharing.share_narrator import ShareNarrator
from meshbot.sharing.share_settings import ShareSettings

log = logging.getLogger(__name__)
