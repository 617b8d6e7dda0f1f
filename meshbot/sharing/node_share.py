"""The node's one place, shared: puts the parts together, and is told by the bot what happens.

Owns the loop that serves the clients and the thread that sends for them. Whatever is told here may
come from any thread, and is only posted to the loop.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from meshtastic.protobuf import mesh_pb2

from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.mesh.sealed_messages import SealedMessages
from meshbot.messages.air_budget import AirBudget
from meshbot.messages.live_link import LiveLink
from meshbot.messages.text_turn import TextTurn
from meshbot.model.client_status import ClientStatus
from meshbot.sharing.client_gate import OwnNode
from meshbot.sharing.client_server import ClientServer
from meshbot.sharing.guest_packet import GuestPacket
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
