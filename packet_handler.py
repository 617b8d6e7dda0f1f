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

from commands import Commands, Request, is_command
from direct_messages import CannotOpen
from flood_guard import FloodGuard, Verdict
from french_text import duration_text
from journal_format import printable
from known_node import BROADCAST_NUM
from line_limiter import LineLimiter
from message_sender import MessageSender
from node_manager import NodeManager
from sealed_messages import SealedMessages, is_sealed_for
from supervised_interface import SupervisedInterface

log = logging.getLogger(__name__)

REMEMBERED_MESSAGES = 2_000
BACKLOG_S = 30.0
"""So long after the handshake a packet may be one the node kept while nobody was connected."""
RX_TIME_RESOLUTION_S = 1.0
SEALED_LINE_S = 3_600.0
ODD_LINE_S = 60.0
PortNum = portnums_pb2.PortNum


@dataclass(frozen=True)
class HandlerSettings:
    """What the operator chose. ``max_age_s``: older commands of a backlog are not answered."""

    answer_channels: tuple[int, ...]
    max_age_s: float


class PacketHandler:
    """Takes packets one by one, in the order they were received."""

    def __init__(
        self,
        nodes: NodeManager,
        commands: Commands,
        sender: MessageSender,
        sealed: SealedMessages,
        flood: FloodGuard,
        settings: HandlerSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Name the collaborators."""
        self._nodes = nodes
        self._commands = commands
        self._sender = sender
        self._sealed = sealed
        self._flood = flood
        self._settings = settings
        self._clock = clock
        self._wall_clock = wall_clock
        self._answered: OrderedDict[tuple[int, int], None] = OrderedDict()
        self._sealed_lines = LineLimiter(SEALED_LINE_S)
        self._odd_lines = LineLimiter(ODD_LINE_S)

    def handle(
        self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket, received_s: float
    ) -> None:
        """Take a packet received on ``interface`` at monotonic time ``received_s``."""
        own_num = interface.own_num
        sender = getattr(packet, "from")
        if sender in (0, own_num, BROADCAST_NUM):
            return
        snr_db, rssi_dbm = _signal(packet)
        self._nodes.heard(sender, snr_db=snr_db, hops=_hops(packet))
        opened_here = is_sealed_for(packet, own_num)
        data = self._open(interface, packet) if opened_here else packet.decoded
        if data is None or not data.portnum:
            return
        if data.portnum == PortNum.NODEINFO_APP:
            self._learn(sender, data)
        elif data.portnum == PortNum.TEXT_MESSAGE_APP:
            to_us = packet.to == own_num
            if to_us or (
                packet.to == BROADCAST_NUM and packet.channel in self._settings.answer_channels
            ):
                text = _text_of(data)
                if text is None:
                    if self._odd_lines.allows("unreadable", self._clock()):
                        label = self._nodes.label(sender)
                        log.info("ℹ️ Message illisible de %s ignoré (pas de l'UTF-8)", label)
                    return
                request = Request(
                    sender=sender,
                    text=text,
                    proven=opened_here or packet.pki_encrypted,
                    snr_db=snr_db,
                    rssi_dbm=rssi_dbm,
                    hops=_hops(packet),
                    via_mqtt=packet.via_mqtt,
                )
                age_s = self._age_s(interface, packet, received_s)
                self._answer(packet, data, request, sealed=opened_here, age_s=age_s)

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

    def _open(
        self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket
    ) -> mesh_pb2.Data | None:
        """Open a direct message that the radio could not, or say once an hour why not."""
        sender = getattr(packet, "from")
        public_key, private_key = self._nodes.public_key(sender), interface.own_private_key
        if not public_key:
            reason = "sa clé publique est inconnue"
        elif not private_key:
            reason = "le nœud ne donne pas sa clé privée"
        else:
            try:
                return self._sealed.open(packet, private_key, public_key)
            except CannotOpen:
                reason = "altéré, ou scellé avec une autre clé que celle connue"
        if self._sealed_lines.allows((sender, reason), self._clock()):
            label = self._nodes.label(sender)
            log.warning("🔒 Message scellé de %s non ouvert : %s", label, reason)
        return None

    def _learn(self, sender: int, data: mesh_pb2.Data) -> None:
        try:
            self._nodes.learn_from_air(sender, mesh_pb2.User.FromString(data.payload))
        except DecodeError:
            return  # the interface has counted it already

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
        if packet.id and not self._first_time(request.sender, packet.id):
            log.debug("packet %08x of %s came twice", packet.id, name)
            return
        if age_s > self._settings.max_age_s:
            log.info("ℹ️ Commande de %s ignorée, vieille de %s", name, duration_text(age_s))
            return
        verdict = self._flood.judge(request.sender, self._clock())
        if verdict is Verdict.IGNORE:
            log.debug("command of %s ignored: flood", name)
            return
        log.info("📩 %s : %s", name, printable(request.text))
        if verdict is Verdict.WARN:
            log.info("🐢 %s envoie trop de commandes : ralenti", name)
            reply: str | None = "Trop de commandes d'un coup : attendez un peu."
        else:
            reply = self._commands.answer(request)
        if reply is not None:
            broadcast = packet.to == BROADCAST_NUM
            self._sender.send(
                reply,
                BROADCAST_NUM if broadcast else request.sender,
                channel=packet.channel,
                reply_id=packet.id,
                sealed=sealed,
            )

    def _first_time(self, sender: int, packet_id: int) -> bool:
        key = (sender, packet_id)
        if key in self._answered:
            return False
        self._answered[key] = None
        if len(self._answered) > REMEMBERED_MESSAGES:
            self._answered.popitem(last=False)
        return True


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
