"""What a packet heard on the mesh leads to: a node learned, a message opened, a command answered.

Everything here runs on the worker thread, which owns all of the state below.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from google.protobuf.message import DecodeError
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.link.outgoing_packets import Envelope, node_info_request
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.mesh.direct_messages import CannotOpen
from meshbot.mesh.radio_keys import RadioKeys
from meshbot.mesh.sealed_messages import SealedMessages, is_sealed_for
from meshbot.messages.commands import OBEYED, REFUSAL, Commands, Request, is_command
from meshbot.messages.direct_message_counts import DirectMessageCounts
from meshbot.messages.flood_guard import FloodGuard, Verdict
from meshbot.messages.key_requests import KeyRequests
from meshbot.messages.message_sender import MessageSender
from meshbot.messages.outgoing_request import OutgoingRequest
from meshbot.messages.waiting_messages import WaitingMessage, WaitingMessages
from meshbot.model.known_node import BROADCAST_NUM
from meshbot.model.link_event import EventKind
from meshbot.model.link_notes import LinkNotes
from meshbot.model.public_key import fingerprint
from meshbot.text.line_limiter import LineLimiter
from meshbot.text.log_format import printable
from meshbot.text.quantities import duration_text
from node_manager import NodeManager

log = logging.getLogger(__name__)

REMEMBERED_MESSAGES = 2_000
BACKLOG_S = 30.0
"""So long after the handshake a packet may be one the node kept while nobody was connected."""
RX_TIME_RESOLUTION_S = 1.0
SEALED_LINE_S = 3_600.0
MAX_SEALED_LINES = 60
ODD_LINE_S = 60.0
MAX_ODD_LINES = 5
_FOREIGN = (
    mesh_pb2.MeshPacket.TransportMechanism.TRANSPORT_MQTT,
    mesh_pb2.MeshPacket.TransportMechanism.TRANSPORT_MULTICAST_UDP,
)
"""Ways to the node on which a packet brings the marks that its publisher gave it."""
PortNum = portnums_pb2.PortNum


@dataclass(frozen=True)
class HandlerSettings:
    """What the operator chose. ``max_age_s``: older commands of a backlog are not answered.

    ``require_pki``: a direct message that does not prove its sender is ignored.
    """

    answer_channels: tuple[int, ...]
    max_age_s: float
    require_pki: bool = False


class PacketHandler:
    """Takes packets one by one, in the order they were received."""

    def __init__(
        self,
        nodes: NodeManager,
        commands: Commands,
        sender: MessageSender,
        sealed: SealedMessages,
        flood: FloodGuard,
        radio_keys: RadioKeys,
        counts: DirectMessageCounts,
        settings: HandlerSettings,
        *,
        notes: LinkNotes | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Name the collaborators."""
        self._nodes = nodes
        self._commands = commands
        self._sender = sender
        self._sealed = sealed
        self._flood = flood
        self._radio_keys = radio_keys
        self._counts = counts
        self._settings = settings
        self._notes = notes or LinkNotes()
        self._clock = clock
        self._wall_clock = wall_clock
        self._answered: dict[bool, OrderedDict[tuple[int, int], None]] = {
            True: OrderedDict(),
            False: OrderedDict(),
        }
        """Apart by proof: nobody can use up or flush the ids of somebody else's messages."""
        self._waiting = WaitingMessages()
        self._key_requests = KeyRequests()
        self._sealed_lines = LineLimiter(SEALED_LINE_S, MAX_SEALED_LINES)
        self._odd_lines = LineLimiter(ODD_LINE_S, MAX_ODD_LINES)
        self._alarm_lines = LineLimiter(SEALED_LINE_S, MAX_SEALED_LINES)

    def handle(
        self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket, received_s: float
    ) -> None:
        """Take a packet received on ``interface`` at monotonic time ``received_s``."""
        own_num = interface.own_num
        sender = getattr(packet, "from")
        self._radio_keys.enter_session(interface)
        if sender == own_num and packet.to == own_num and not _came_by_air(packet):
            self._take_routing(interface, sender, packet.decoded)
        if sender in (0, own_num, BROADCAST_NUM):
            return
        snr_db, _ = _signal(packet)
        familiar = self._nodes.knows(sender)
        self._nodes.heard(sender, snr_db=snr_db, hops=_hops(packet))
        age_s = self._age_s(interface, packet, received_s)
        if is_sealed_for(packet, own_num):
            self._take_sealed(interface, WaitingMessage(packet, received_s, age_s, familiar))
        else:
            proven = self._is_proven(packet)
            self._take(interface, packet, packet.decoded, proven=proven, age_s=age_s)
            if packet.pki_encrypted:
                self.open_waiting(interface)  # that may have taught the sender's key

    def use(self, settings: HandlerSettings) -> None:
        """Follow other settings from now on; on the worker thread."""
        self._settings = settings

    def open_waiting(self, interface: SupervisedInterface | None) -> None:
        """Open the messages that were kept for want of a key, where there is one now."""
        if interface is None or not len(self._waiting):
            return
        now_s = self._clock()
        for sender in self._waiting.senders(now_s):
            if not self._nodes.public_key(sender):
                continue
            for message in self._waiting.take(sender):
                if is_sealed_for(message.packet, interface.own_num):
                    self._take_sealed(interface, message, waited=True)

    # -- What a packet holds -------------------------------------------------------------------

    def _take(
        self,
        interface: SupervisedInterface,
        packet: mesh_pb2.MeshPacket,
        data: mesh_pb2.Data,
        *,
        proven: bool,
        age_s: float,
        sealed: bool = False,
    ) -> None:
        """Take what a packet says; ``sealed``: we opened it ourselves."""
        sender = getattr(packet, "from")
        if data.portnum == PortNum.NODEINFO_APP:
            self._learn(interface, sender, data)
        elif data.portnum == PortNum.ROUTING_APP:
            self._take_routing(interface, sender, data)
        elif data.portnum == PortNum.TEXT_MESSAGE_APP:
            to_us = packet.to == interface.own_num
            if to_us or (
                packet.to == BROADCAST_NUM and packet.channel in self._settings.answer_channels
            ):
                self._take_text(packet, data, proven=proven, age_s=age_s, sealed=sealed)

    def _take_text(
        self,
        packet: mesh_pb2.MeshPacket,
        data: mesh_pb2.Data,
        *,
        proven: bool,
        age_s: float,
        sealed: bool,
    ) -> None:
        sender = getattr(packet, "from")
        if packet.to != BROADCAST_NUM:
            self._counts.note(proven=proven, opened_here=sealed)
            if proven:
                self._nodes.heard_message(sender)
            elif self._settings.require_pki:
                if self._odd_lines.allows((sender, "unproven"), self._clock()):
                    label = self._nodes.label(sender)
                    log.info("🔒 Message non authentifié de %s ignoré (REQUIRE_PKI)", label)
                return
        text = _text_of(data)
        if text is None:
            if self._odd_lines.allows("unreadable", self._clock()):
                label = self._nodes.label(sender)
                log.info("ℹ️ Message illisible de %s ignoré (pas de l'UTF-8)", label)
            return
        snr_db, rssi_dbm = _signal(packet)
        request = Request(
            sender=sender,
            text=text,
            proven=proven,
            snr_db=snr_db,
            rssi_dbm=rssi_dbm,
            hops=_hops(packet),
            via_mqtt=packet.via_mqtt,
        )
        self._answer(packet, data, request, sealed=sealed, age_s=age_s)

    def _is_proven(self, packet: mesh_pb2.MeshPacket) -> bool:
        """Say whether the radio opened a packet with the key that we, too, know for its sender's.

        Over a network the mark of that can come with the packet: older firmware's
        ``onReceiveProto`` copies it from MQTT as whoever published the packet wrote it.
        """
        if not packet.pki_encrypted or packet.via_mqtt or packet.transport_mechanism in _FOREIGN:
            return False
        sender = getattr(packet, "from")
        if not packet.public_key:
            return True
        self._radio_keys.note_held(sender, packet.public_key)
        self._nodes.learn_from_message(sender, packet.public_key)
        known = self._nodes.public_key(sender)
        if known == packet.public_key:
            return True
        if self._alarm_lines.allows(sender, self._clock()):
            log.warning(
                "⚠️ La radio ouvre les messages de %s avec la clé %s, et non %s : non authentifiés "
                "(voir : main_bot.py keys list)",
                self._nodes.label(sender),
                fingerprint(packet.public_key),
                fingerprint(known) or "une clé connue",
            )
        return False

    def _age_s(
        self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket, received_s: float
    ) -> float:
        """Return how old a packet is known to be; 0 for one that was not kept by the node.

        The node's clock and ours need not agree; but it can have kept nothing for longer than we
        were away.
        """
        fresh = interface.ready_s is None or received_s - interface.ready_s >= BACKLOG_S
        if fresh or not packet.rx_time:
            return 0.0
        age_s = self._wall_clock() - packet.rx_time - RX_TIME_RESOLUTION_S
        return age_s if interface.away_s is None else min(age_s, interface.away_s + BACKLOG_S)

    # -- Sealed messages -----------------------------------------------------------------------

    def _take_sealed(
        self, interface: SupervisedInterface, message: WaitingMessage, *, waited: bool = False
    ) -> None:
        """Open a direct message that the radio could not, or keep it, or say why not.

        One that ``waited`` and does not open goes on waiting: the first key need not be the true.
        """
        packet, sender = message.packet, message.sender
        public_key, private_key = self._nodes.public_key(sender), interface.own_private_key
        if not private_key:
            self._not_opened(sender, "le nœud ne donne pas sa clé privée")
        elif not public_key:
            self._waiting.keep(message)
            self._ask_for_key(interface, sender, familiar=message.familiar)
        else:
            try:
                data = self._sealed.open(packet, private_key, public_key)
            except CannotOpen:
                self._not_opened(sender, "altéré, ou scellé avec une autre clé que celle connue")
                if waited:
                    self._waiting.keep(message)
                return
            self._radio_keys.note_unopened(sender, public_key)
            self._notes.note(EventKind.MESSAGE_OPENED)
            age_s = message.age_s + self._clock() - message.received_s
            self._take(interface, packet, data, proven=True, age_s=age_s, sealed=True)

    def _not_opened(self, sender: int, reason: str) -> None:
        self._counts.not_opened += 1
        if self._sealed_lines.allows((sender, reason), self._clock()):
            self._notes.note(EventKind.MESSAGE_NOT_OPENED, text=reason)
            label = self._nodes.label(sender)
            log.warning("🔒 Message scellé de %s non ouvert : %s", label, reason)

    def _ask_for_key(self, interface: SupervisedInterface, sender: int, *, familiar: bool) -> None:
        """Ask a stranger who he is, now and then, so that his message can be opened after all."""
        label = self._nodes.label(sender)
        asks = interface.own_user is not None and self._key_requests.allows(
            sender, self._clock(), familiar=familiar
        )
        if asks:
            request = OutgoingRequest(
                interface,
                lambda session, packet_id: node_info_request(
                    Envelope(sender, packet_id, session.hop_limit), session.own_user
                ),
                lambda result: log.debug("NodeInfo of %s asked for: %s", label, result),
            )
            asks = self._sender.request(request)
        if self._sealed_lines.allows((sender, "unknown"), self._clock()):
            log.info(
                "🔒 Message scellé de %s gardé 10 min : sa clé publique est inconnue%s",
                label,
                ", elle lui est demandée" if asks else "",
            )

    def _learn(self, interface: SupervisedInterface, sender: int, data: mesh_pb2.Data) -> None:
        try:
            user = mesh_pb2.User.FromString(data.payload)
        except DecodeError:
            return  # the interface has counted it already
        if user.public_key:
            self._radio_keys.note_heard(sender, user.public_key)
        self._nodes.learn_from_air(sender, user)
        self._nodes.put_key_back(interface, sender)
        self.open_waiting(interface)

    def _take_routing(
        self, interface: SupervisedInterface, source: int, data: mesh_pb2.Data
    ) -> None:
        if data.portnum != PortNum.ROUTING_APP:
            return
        try:
            error = mesh_pb2.Routing.FromString(data.payload).error_reason
        except DecodeError:
            return
        if error and data.request_id:
            lacking = self._sender.routing_error(data.request_id, source, error, interface.own_num)
            if lacking is not None:
                self._radio_keys.note_missing(lacking)

    # -- Commands ------------------------------------------------------------------------------

    def _answer(
        self,
        packet: mesh_pb2.MeshPacket,
        data: mesh_pb2.Data,
        request: Request,
        *,
        sealed: bool,
        age_s: float,
    ) -> None:
        if not is_command(request.text):
            return
        # An unknown command is answered to a person, not to whom we may be misreading: another
        # bot's reply to us, or other bots' commands on a channel.
        if not self._commands.knows(request.text) and (data.reply_id or packet.to == BROADCAST_NUM):
            return
        name = self._nodes.label(request.sender)
        if self._sender.is_full():
            if self._odd_lines.allows("full", self._clock()):
                log.warning("⚠️ Trop de réponses en attente : celle pour %s est jetée", name)
            return
        if packet.id and not self._first_time(request, packet.id):
            log.debug("packet %08x of %s came twice", packet.id, name)
            return
        if age_s > self._settings.max_age_s:
            log.info("ℹ️ Commande de %s ignorée, vieille de %s", name, duration_text(age_s))
            return
        verdict = self._flood.judge(request.sender, self._clock(), proven=request.proven)
        if verdict is Verdict.IGNORE:
            log.debug("command of %s ignored: flood", name)
            return
        log.info("📩 %s : %s", name, printable(request.text))
        if verdict is Verdict.WARN:
            log.info("🐢 %s envoie trop de commandes : ralenti", name)
            reply: str | None = "Trop de commandes d'un coup : attendez un peu."
        else:
            reply = self._commands.answer(request)
            if request.proven and reply is not None and reply.startswith(OBEYED):
                key = fingerprint(self._nodes.public_key(request.sender))
                log.warning("🛠️ Ordre de %s exécuté (clé %s)", name, key)
            if reply == REFUSAL:
                why = (
                    "pas dans ADMIN_NODES, ou sa clé n'est pas confirmée"
                    if request.proven
                    else "message non authentifié"
                )
                log.warning("⛔ Ordre de %s refusé : %s", name, why)
        if reply is not None:
            broadcast = packet.to == BROADCAST_NUM
            self._sender.send(
                reply,
                BROADCAST_NUM if broadcast else request.sender,
                channel=packet.channel,
                reply_id=packet.id,
                sealed=sealed,
            )

    def _first_time(self, request: Request, packet_id: int) -> bool:
        key = (request.sender, packet_id)
        answered = self._answered[request.proven]
        if key in answered:
            return False
        answered[key] = None
        if len(answered) > REMEMBERED_MESSAGES:
            answered.popitem(last=False)
        return True


def _came_by_air(packet: mesh_pb2.MeshPacket) -> bool:
    """Say whether a packet was heard, not made by our own node."""
    return bool(packet.via_mqtt or packet.rx_rssi or packet.rx_snr)


def _signal(packet: mesh_pb2.MeshPacket) -> tuple[float | None, int | None]:
    """Return SNR (dB) and RSSI (dBm) as measured, or None for each that was not."""
    if packet.via_mqtt or (packet.rx_rssi == 0 and packet.rx_snr == 0):
        return None, None
    return packet.rx_snr, packet.rx_rssi or None


def _hops(packet: mesh_pb2.MeshPacket) -> int | None:
    """Return how many hops a packet took; firmware before 2.3 did not say where it started."""
    if packet.hop_start == 0 or packet.hop_start < packet.hop_limit:
        return None
    return packet.hop_start - packet.hop_limit


def _text_of(data: mesh_pb2.Data) -> str | None:
    try:
        return data.payload.decode("utf-8")
    except UnicodeDecodeError:
        return None
