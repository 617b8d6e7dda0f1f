"""Everything between a packet heard and a reply sent, put together.

Owns the parts. :meth:`Conversation.start` and :meth:`Conversation.stop` belong to the main thread;
everything else is called on the worker's.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from meshtastic.protobuf import mesh_pb2

from meshbot.diagnosis.link_journal import LinkJournal
from meshbot.link.interface_manager import InterfaceManager
from meshbot.link.node_facts import duty_cycle_percent, firmware_of
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.mesh.radio_keys import RadioKeys
from meshbot.mesh.sealed_messages import SealedMessages
from meshbot.messages.bot_view import Mesh, MeshBotView
from meshbot.messages.commands import Commands
from meshbot.messages.direct_message_counts import DirectMessageCounts
from meshbot.messages.flood_guard import FloodGuard
from meshbot.messages.key_pusher import KeyPusher, PushedKeys, PushSettings
from meshbot.messages.key_questions import KeyQuestions
from meshbot.messages.key_watch import KeyWatch
from meshbot.messages.message_sender import MessageSender
from meshbot.messages.node_health import NodeHealth
from meshbot.messages.node_notices import NodeNotices
from meshbot.messages.node_uptime import NodeUptime
from meshbot.messages.own_node import OwnNode
from meshbot.messages.packet_handler import HeardNodes, PacketHandler
from meshbot.messages.sealed_inbox import OpeningKeys, SealedInbox
from meshbot.messages.sender_proof import SenderProof, ShownKeys
from meshbot.messages.sender_settings import SenderSettings
from meshbot.messages.text_message_handler import (
    AnswerSettings,
    SenderBook,
    TextMessageHandler,
)
from meshbot.model.firmware_version import tells_all_keys
from meshbot.model.node_metrics import NodeMetrics
from meshbot.threads.progress_mark import ProgressMark


class Nodes(Mesh, HeardNodes, SenderBook, ShownKeys, OpeningKeys, PushedKeys, Protocol):
    """All that is asked of the table of nodes here."""

    def learn_from_radio(self, infos: Iterable[mesh_pb2.NodeInfo], own_num: int = 0) -> None:
        """Take entries of the radio's own database."""


@dataclass(frozen=True)
class ConversationSettings:
    """What the operator chose; times in seconds."""

    answers: AnswerSettings
    sender: SenderSettings
    push: PushSettings
    flood_burst: int
    flood_refill_s: float
    admin_nodes: Mapping[int, str]
    """Who may give orders, and the beginning of the key that each must have."""


class Conversation:
    """Hears the mesh and answers it."""

    def __init__(
        self,
        nodes: Nodes,
        link: InterfaceManager,
        journal: LinkJournal,
        settings: ConversationSettings,
        *,
        post: Callable[[Callable[[], object]], None],
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Make the parts; nothing is started. ``post`` brings a call to the worker."""
        self._nodes = nodes
        self._link = link
        self._radio_keys = radio_keys = RadioKeys()
        sealed, counts = SealedMessages(), DirectMessageCounts()
        self._sender = sender = MessageSender(
            link, nodes, sealed, settings.sender, post=post, notes=journal, clock=clock
        )
        self._health = NodeHealth(journal, clock)
        self._view = MeshBotView(
            nodes,
            link,
            counts,
            journal,
            health=self._health,
            admin_nodes=settings.admin_nodes,
            clock=clock,
        )
        self._texts = TextMessageHandler(
            nodes,
            Commands(self._view),
            sender,
            settings.answers,
            flood=FloodGuard(settings.flood_burst, settings.flood_refill_s),
            counts=counts,
            clock=clock,
        )
        inbox = SealedInbox(nodes, sealed, radio_keys, sender, counts, notes=journal, clock=clock)
        self._packets = PacketHandler(
            nodes,
            radio_keys,
            sender,
            proof=SenderProof(nodes, radio_keys, clock),
            inbox=inbox,
            texts=self._texts,
            wall_clock=wall_clock,
        )
        self._own_node = OwnNode(nodes, link.ask_nodes, clock)
        self._notices = NodeNotices(clock)
        self._uptime = NodeUptime(journal, clock)
        pusher = KeyPusher(
            nodes, radio_keys, sender, settings.push, post=post, clock=clock, wall_clock=wall_clock
        )
        questions = KeyQuestions(radio_keys, sender.request, post=post, clock=clock)
        watch = KeyWatch(nodes, radio_keys, questions, settings.push.stable_s, clock)
        self._tend_keys = pusher.push_next if settings.push.allowed else watch.look

    @property
    def progress(self) -> ProgressMark:
        """The sender's sign of life."""
        return self._sender.progress

    @property
    def exhausted(self) -> bool:
        """Whether the sender has no memory to go on with."""
        return self._sender.exhausted

    @property
    def node_metrics(self) -> NodeMetrics:
        """How our node is, as it said last; for any thread."""
        return self._health.latest

    def start(self) -> None:
        """Start the thread that sends."""
        self._sender.start()

    def stop(self, timeout_s: float) -> bool:
        """End it; return whether it ended in time."""
        return self._sender.stop(timeout_s)

    def change_settings(self, answers: AnswerSettings, admin_nodes: Mapping[int, str]) -> None:
        """Follow other settings from now on."""
        self._texts.change_settings(answers)
        self._view.admin_nodes = admin_nodes

    def hear(
        self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket, received_s: float
    ) -> None:
        """Do what a packet is for that came at monotonic time ``received_s``."""
        self._own_node.hear(interface, packet)
        self._uptime.hear(interface, packet, received_s)
        self._hear_health(interface, packet, received_s)
        self._packets.handle(interface, packet, received_s)

    def hear_node(self, interface: SupervisedInterface, message: mesh_pb2.FromRadio) -> None:
        """Tell what the node says to its client."""
        self._notices.hear(interface, message)

    def _hear_health(
        self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket, received_s: float
    ) -> None:
        metrics = self._health.hear(interface, packet, received_s)
        if metrics is None or metrics.air_percent is None:
            return
        allowed_percent = duty_cycle_percent(interface.localNode.localConfig)
        if allowed_percent is not None and metrics.air_percent > allowed_percent:
            self._notices.duty_cycle_reached(interface)

    def learn_from_radio(
        self, interface: SupervisedInterface, nodes: list[mesh_pb2.NodeInfo], *, complete: bool
    ) -> None:
        """Learn entries of the radio's database; ``complete``: these are all there are."""
        self._own_node.entries_told(interface, nodes)
        firmware = firmware_of(interface)
        self._radio_keys.enter_session(interface, firmware)
        self._radio_keys.note_entries(nodes, complete=complete and tells_all_keys(firmware))
        self._nodes.learn_from_radio(nodes, interface.own_num)
        for info in nodes:
            if info.user.public_key != self._nodes.public_key(info.num):
                self._nodes.put_key_back(interface, info.num)
        self.open_waiting(interface)

    def open_waiting(self, interface: SupervisedInterface) -> None:
        """Open the messages that waited for a key, where there is one now."""
        self._packets.open_waiting(interface)

    def tend_keys(self) -> None:
        """Give the radio the next key that it lacks, or look for one and tell, if all is well."""
        self._tend_keys(self._link.live_interface)
