"""Everything between a packet heard and a reply sent, put together.

Owns the parts. :meth:`Conversation.start` and :meth:`Conversation.stop` belong to the main thread;
everything else is called on the worker's.
"""

import time
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import NamedTuple, Protocol

from meshtastic.protobuf import mesh_pb2

from meshbot.diagnosis.link_journal import LinkJournal
from meshbot.link.interface_manager import InterfaceManager
from meshbot.link.node_facts import duty_cycle_percent, firmware_of
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.mesh.radio_keys import RadioKeys
from meshbot.mesh.sealed_messages import SealedMessages
from meshbot.messages.admissions import Admissions
from meshbot.messages.air_budget import AirBudget, AirBudgetSettings
from meshbot.messages.air_gate import AirGate
from meshbot.messages.air_narrator import AirNarrator
from meshbot.messages.bot_view import Mesh, MeshBotView
from meshbot.messages.commands import Commands
from meshbot.messages.direct_message_counts import DirectMessageCounts
from meshbot.messages.flood_guard import FloodGuard
from meshbot.messages.guest_tools import GuestTools
from meshbot.messages.key_pusher import KeyPusher, PushedKeys, PushSettings
from meshbot.messages.key_questions import KeyQuestions
from meshbot.messages.key_watch import KeyWatch
from meshbot.messages.last_command import LastCommand
from meshbot.messages.message_sender import MessageSender
from meshbot.messages.node_health import NodeHealth
from meshbot.messages.node_notices import NodeNotices
from meshbot.messages.node_uptime import NodeUptime
from meshbot.messages.order_gate import AdminKeys, HeardOrders, OrderGate
from meshbot.messages.own_node import OwnNode
from meshbot.messages.packet_handler import HeardNodes, PacketHandler
from meshbot.messages.sealed_inbox import OpenedListener, OpeningKeys, SealedInbox
from meshbot.messages.sender_proof import SenderProof, ShownKeys
from meshbot.messages.sender_settings import SenderSettings
from meshbot.messages.text_delivery import TextDelivery
from meshbot.messages.text_message_handler import (
    AnswerSettings,
    CommandDesk,
    SenderBook,
    TextMessageHandler,
)
from meshbot.messages.text_turn import TextTurn
from meshbot.model.bot_tally import BotTally
from meshbot.model.client_status import ClientStatus
from meshbot.model.firmware_version import tells_all_keys
from meshbot.model.message_notes import MessageNotes
from meshbot.model.node_metrics import NodeMetrics
from meshbot.store.storage_error import StorageVanished
from meshbot.threads.progress_mark import ProgressMark


class Nodes(Mesh, HeardNodes, SenderBook, ShownKeys, OpeningKeys, PushedKeys, AdminKeys, Protocol):
    """All that is asked of the table of nodes here."""

    def learn_from_radio(self, infos: Iterable[mesh_pb2.NodeInfo], own_num: int = 0) -> None:
        """Take entries of the radio's own database."""


class ConversationSettings(NamedTuple):
    """What the operator chose; times in seconds."""

    answers: AnswerSettings
    sender: SenderSettings
    push: PushSettings
    air: AirBudgetSettings
    flood_burst: int
    flood_refill_s: float
    admin_nodes: Mapping[int, str]
    """Who may give orders, and the beginning of the key that each must have."""


class Records(NamedTuple):
    """Where it is noted what happened; ``on_vanished`` makes a store anew that has vanished."""

    journal: LinkJournal
    orders: HeardOrders
    on_vanished: Callable[[StorageVanished], object]


class Conversation:
    """Hears the mesh and answers it."""

    def __init__(
        self,
        nodes: Nodes,
        link: InterfaceManager,
        records: Records,
        settings: ConversationSettings,
        *,
        post: Callable[[Callable[[], object]], None],
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Make the parts; nothing is started. ``post`` brings a call to the worker."""
        self._nodes = nodes
        self._link = link
        self._clocks = (clock, wall_clock)
        journal = records.journal
        self._radio_keys = radio_keys = RadioKeys()
        sealed = SealedMessages()
        self.direct_messages = counts = DirectMessageCounts()
        """How many direct messages were opened, and by whom; the worker counts, any may look."""
        self._air = AirBudget(settings.air, clock)
        self._air_narrator = AirNarrator(self._air, clock)
        turn = TextTurn(clock)
        self._delivery = TextDelivery(nodes, sealed, settings.sender, clock, turn=turn)
        self.guest_tools = GuestTools(
            turn, self._air, nodes, sealed, settings.sender, lacks_key=radio_keys.is_lacking
        )
        """What those need who send for the node's other clients."""
        self._sender = sender = MessageSender(
            link,
            self._delivery,
            AirGate(self._air, self._air_narrator, settings.sender),
            settings.sender,
            post=post,
            notes=journal,
            clock=clock,
        )
        self._health = NodeHealth(journal, clock)
        self._orders = OrderGate(
            nodes,
            records.orders,
            settings.admin_nodes,
            on_vanished=records.on_vanished,
            clock=clock,
        )
        self._texts = self._new_texts(settings, journal, counts)
        self._inbox = SealedInbox(
            nodes, sealed, radio_keys, sender, counts, notes=journal, clock=clock
        )
        self._packets = PacketHandler(
            nodes,
            radio_keys,
            sender,
            proof=SenderProof(nodes, radio_keys, clock),
            inbox=self._inbox,
            texts=self._texts,
            wall_clock=wall_clock,
        )
        self._own_node = OwnNode(nodes, link.ask_nodes, clock)
        self._notices = NodeNotices(clock)
        self._uptime = NodeUptime(journal, clock)
        self._tend_keys = self._new_key_tender(settings.push, post)

    def _new_texts(
        self, settings: ConversationSettings, journal: LinkJournal, counts: DirectMessageCounts
    ) -> TextMessageHandler:
        """Return who answers commands, and sees of the bot what they tell."""
        clock, _ = self._clocks
        self._view = view = MeshBotView(
            self._nodes, self._link, counts, journal, health=self._health, clock=clock
        )
        view.air_percent = lambda: self._air.used_percent()[0]
        return TextMessageHandler(
            self._nodes,
            CommandDesk(Commands(view), self._orders),
            self._sender,
            settings.answers,
            admissions=self._admissions(settings),
            counts=counts,
            clock=clock,
        )

    def _new_key_tender(
        self, push: PushSettings, post: Callable[[Callable[[], object]], None]
    ) -> Callable[[SupervisedInterface | None], None]:
        """Return what gives the radio keys, or only looks for those it lacks."""
        clock, wall_clock = self._clocks
        nodes, radio_keys, sender = self._nodes, self._radio_keys, self._sender
        if push.allowed:
            return KeyPusher(
                nodes, radio_keys, sender, push, post=post, clock=clock, wall_clock=wall_clock
            ).push_next
        questions = KeyQuestions(radio_keys, sender.request, post=post, clock=clock)
        return KeyWatch(nodes, radio_keys, questions, push.stable_s, clock).look

    def _admissions(self, settings: ConversationSettings) -> Admissions:
        flood = FloodGuard(settings.flood_burst, settings.flood_refill_s)
        return Admissions(self._nodes, flood, is_admin=self._orders.is_admin, clocks=self._clocks)

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

    @property
    def last_command(self) -> LastCommand | None:
        """The command that was heard last; for any thread."""
        return self._texts.last_command

    def waiting_replies(self) -> int:
        """Return how many replies wait to be sent; for any thread."""
        return self._sender.waiting_replies()

    def start(self) -> None:
        """Start the thread that sends."""
        self._sender.start()

    def stop(self, timeout_s: float) -> bool:
        """End it; return whether it ended in time."""
        return self._sender.stop(timeout_s)

    def share_with(
        self,
        *,
        on_opened: OpenedListener,
        on_unopened: Callable[[mesh_pb2.MeshPacket], object],
        on_text_sent: Callable[[mesh_pb2.MeshPacket], object],
        clients: Callable[[], list[ClientStatus]],
    ) -> None:
        """Name who is told what only the bot knows, and who knows the node's other clients.

        Before :meth:`start`. The first two are called on the worker's thread, see
        :class:`SealedInbox`; the third on the sender's, see :class:`TextDelivery`. None may block.
        """
        self._inbox.on_opened = on_opened
        self._inbox.on_unopened = on_unopened
        self._delivery.on_text_sent = on_text_sent
        self._view.clients = clients

    def tell_operator(
        self,
        *,
        on_warning: Callable[[Hashable, str], object],
        on_obeyed: Callable[[int, str], object],
    ) -> None:
        """Name who is told what the operator may want to know; before :meth:`start`.

        See :class:`NodeNotices` and :class:`OrderGate`. On the worker's thread; neither may block.
        """
        self._notices.on_warning = on_warning
        self._orders.on_obeyed = on_obeyed

    def note_messages(self, notes: MessageNotes) -> None:
        """Name who is told what becomes of messages. Before :meth:`start`."""
        self._texts.notes = notes
        self._delivery.notes = notes

    @property
    def command_names(self) -> list[str]:
        """The names of the commands."""
        return self._texts.command_names

    def queue_length(self) -> int:
        """Return how many replies wait; for any thread."""
        return self._sender.queue_length()

    def count_with(self, tally: BotTally) -> None:
        """Name who counts; before :meth:`start`."""
        self._texts.tally = tally
        self._sender.tally = tally

    def change_settings(self, answers: AnswerSettings, admin_nodes: Mapping[int, str]) -> None:
        """Follow other settings from now on."""
        self._texts.change_settings(answers)
        self._orders.admin_nodes = admin_nodes

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
        self._air.note_mute(interface.mute_until_s)

    def _hear_health(
        self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket, received_s: float
    ) -> None:
        metrics = self._health.hear(interface, packet, received_s)
        if metrics is None:
            return
        allowed_percent = self._note_air(interface, metrics)
        self._air_narrator.look()
        air_percent = metrics.air_percent
        if air_percent is None or allowed_percent is None:
            return
        if air_percent > allowed_percent:
            self._notices.duty_cycle_reached(interface)

    def _note_air(self, interface: SupervisedInterface, metrics: NodeMetrics) -> float | None:
        """Tell the budget what the node says; return what its region allows, in percent."""
        allowed_percent = duty_cycle_percent(interface.localNode.localConfig)
        self._air.note_mute(interface.mute_until_s)
        self._air.note_node(metrics.air_percent, metrics.channel_percent, allowed_percent)
        return allowed_percent

    def learn_from_radio(
        self, interface: SupervisedInterface, nodes: list[mesh_pb2.NodeInfo], *, complete: bool
    ) -> None:
        """Learn entries of the radio's database; ``complete``: these are all there are."""
        self._own_node.entries_told(interface, nodes)
        self._note_air(interface, NodeMetrics())  # its region; its telemetry comes a minute later
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
