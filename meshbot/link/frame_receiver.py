"""What becomes of the frames that a session receives: each is parsed once, then handed on.

What protobuf rejects, a frame or the payload of a packet, is mended first where it can be: the
library, the node table and the commands are then given what could be read.

Owned by one session and entered by its reader thread alone, except for :meth:`hand_over_nodes`.
"""

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from google.protobuf.message import DecodeError
from meshtastic import protocols
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.link.bulky_entries import MAX_BULKY, BulkyEntries
from meshbot.link.frame_decoder import FrameDecoder
from meshbot.link.handshake_budget import MAX_CHANNELS, HandshakeBudget
from meshbot.link.interface_events import InterfaceEvents
from meshbot.link.library_bounds import LibraryBounds
from meshbot.link.library_nodes import LibraryNodes
from meshbot.link.pubsub_listeners import PubsubListeners
from meshbot.link.session_options import SessionOptions
from meshbot.model.cause import Cause
from meshbot.model.known_node import node_id
from meshbot.model.link_error import LinkError
from meshbot.model.tolerant_parse import salvage
from meshbot.text.foreign_text import quoted
from meshbot.text.language import mark, tr

if TYPE_CHECKING:
    from meshbot.link.supervised_interface import SupervisedInterface

log = logging.getLogger(__name__)

MALFORMED_LINES = 3  # then the rest of a session's malformed frames is only counted
_NOTHING_READABLE = mark("rien n'y est lisible")
_REFUSED = mark("la bibliothèque meshtastic n'en veut pas")
_NO_MEMORY = "Out of memory"  # how protobuf's parser puts that, among what is wrong with a message
_NODE_INFO_PORT = portnums_pb2.PortNum.NODEINFO_APP
_KNOWN_PORTS = frozenset(portnums_pb2.PortNum.values())
_PUBLISHED = {
    "log_record": "meshtastic.log.line",
    "clientNotification": "meshtastic.clientNotification",
    "mqttClientProxyMessage": "meshtastic.mqttclientproxymessage",
    "xmodemPacket": "meshtastic.xmodempacket",
}
"""What the library does nothing with but publish it, and under which topic."""

_Frame = tuple[mesh_pb2.FromRadio, bytes]
"""A message and its bytes."""


class ToldTime(NamedTuple):
    """What time it is by the node's clock, as it said ``at_s`` on ours."""

    time: int
    at_s: float


class FrameReceiver:
    """Sorts frames: packets and entries of the node's database to the events, the rest to
    the library. A malformed frame costs a line, not a traceback."""

    def __init__(
        self,
        interface: "SupervisedInterface",
        events: InterfaceEvents,
        options: SessionOptions,
    ) -> None:
        """Prepare for the first byte."""
        self._interface = interface
        self._events = events
        self._clock = options.clock
        self._decoder = FrameDecoder(_parse, self._mend)
        self._budget = HandshakeBudget()
        self._bounds = LibraryBounds(options.nodes_max)
        self._listeners = PubsubListeners()
        self._library_nodes = LibraryNodes(interface, self._listeners)
        self._malformed_frames = 0
        self._nodes: list[mesh_pb2.NodeInfo] = []
        """Entries of the node's database that nobody was told of yet."""
        self.nodes_in_download = 0
        self.own_user: mesh_pb2.User | None = None
        self.misanswered = False
        """Whether the end of a configuration came that nobody had asked for."""
        self.told_time: ToldTime | None = None
        self._bulky_entries = BulkyEntries()
        self.last_progress_s = self._clock()

    def begin(self) -> None:
        """Await the configuration from now on."""
        self.last_progress_s = self._clock()

    @property
    def skipped_bytes(self) -> int:
        """How many bytes belonged to no frame, since the beginning."""
        return self._decoder.skipped_bytes

    def feed(self, data: bytes, pause_s: float) -> bool:
        """Deal with the frames that ``data`` completes; nothing had come for ``pause_s``.

        Returns whether one of them shows that the node knows of the session. Raises
        :class:`LinkError` for a configuration without an end, and for another node's words.
        """
        known = False
        self._listeners.look_again()
        if self._configuring:
            self._budget.take_bytes(len(data))
        for message, payload in self._decoder.feed(data, pause_s):
            if self._configuring:
                self._budget.take_frame()
            known = self._interface.shows_session(message) or known
            self._events.frame_received(self._interface, message, payload)
            self.dispatch(message, payload)
        return known

    @property
    def _configuring(self) -> bool:
        return self._interface.ready_s is None

    def dispatch(self, message: mesh_pb2.FromRadio, payload: bytes) -> None:
        """Deal with one frame; ``payload`` is the message's bytes, for the library."""
        try:
            kind = str(message.WhichOneof("payload_variant"))
            if kind == "packet":
                self._receive_packet(message.packet)
            elif kind == "node_info":
                self._receive_node_info(message.node_info, payload)
            elif kind == "queueStatus":
                self._interface.queue_status_received(message.queueStatus)
            elif kind == "rebooted" and message.rebooted:
                self._interface.node_rebooted()
            else:
                self._receive_other(kind, message, payload)
        except (LinkError, MemoryError):
            raise  # the link's end, or the machine's, and no fault of the frame
        except Exception as problem:  # noqa: BLE001 - whatever a node sends must not end the reader
            what = tr("trame de {payload} octets non traitée", payload=len(payload))
            self._count_malformed(what, tr(_REFUSED), problem)

    def _receive_other(self, kind: str, message: mesh_pb2.FromRadio, payload: bytes) -> None:
        """Deal with a part of the configuration, or with what the node says to its client."""
        interface = self._interface
        progress = kind != "log_record"
        if kind == "my_info":
            self._begin_configuration(message.my_info.my_node_num)
        elif kind == "config_complete_id":
            asked = message.config_complete_id == interface.configId
            asked = asked or not self._configuring  # the nodes, later on
            self.misanswered = self.misanswered or not asked
            progress = asked or self._budget.heeds_end()
            if not self._configuring:
                return  # the library would tell its subscribers each time that it is connected
        elif kind == "channel" and len(interface._localChannels or ()) >= MAX_CHANNELS:
            return
        if progress:
            self.last_progress_s = self._clock()
        if kind not in _PUBLISHED or self._listeners.hear(_PUBLISHED[kind]):
            interface._handleFromRadio(payload)
        interface.node_told(message)

    def _begin_configuration(self, num: int) -> None:
        """Take it that a configuration begins, maybe again.

        Raises :class:`LinkError` if it is another node's: what is known of ours would be his.
        """
        own_num = self._interface.own_num
        if own_num not in (0, num):
            raise LinkError(Cause.NUMBER_CHANGED, node_id(num))
        self._interface._localChannels = []  # type: ignore[assignment] # None, says the library

    def hand_over_nodes(self) -> None:
        """Pass on the entries of the node's database that have come, however few.

        Called by the link thread too, when it gives the session up: an entry that comes meanwhile
        is in the list handed over or in the new one.
        """
        nodes, self._nodes = self._nodes, []
        if nodes:
            self._events.nodes_downloaded(self._interface, nodes)

    def _mend(self, payload: bytes, stands_alone: bool) -> _Frame | None:
        """Return what can be read of a malformed frame; count it and return None if it is none."""
        try:
            message = self._salvaged(payload, stands_alone)
        except DecodeError as problem:
            what = tr("trame de {payload} octets illisible", payload=len(payload))
            self._count_malformed(what, tr("moitié d'une trame, ou aucune"), problem)
            return None
        log.debug("frame of %d bytes mended", len(payload))
        return message, message.SerializeToString()

    def _salvaged(self, payload: bytes, stands_alone: bool) -> mesh_pb2.FromRadio:
        """Return what can be read of a malformed frame. Raises ``DecodeError`` if it is none.

        One inside which another may begin is the first half of a frame and what came after it. On
        a wire that loses bytes so may be any whose shape is broken, with part of a key in it.
        """
        salvaged = salvage(mesh_pb2.FromRadio, payload)
        broken_at = salvaged.broken_at
        half = broken_at is not None and (broken_at == 0 or self._interface.loses_bytes)
        if half or not stands_alone or salvaged.message.WhichOneof("payload_variant") is None:
            raise DecodeError("half a frame, or none")
        if broken_at is not None and self._is_of_own_node(salvaged.message):
            # What is missing may be the licence, without which we would seal.
            salvaged.message.node_info.ClearField("user")
        return salvaged.message

    def _is_of_own_node(self, message: mesh_pb2.FromRadio) -> bool:
        own_num = self._interface.own_num
        return message.HasField("node_info") and message.node_info.num == own_num

    def _receive_packet(self, packet: mesh_pb2.MeshPacket) -> None:
        interface = self._interface
        if getattr(packet, "from") == 0:
            return  # an echo of our own; the library would print about it
        if interface.ready_s is None and not self._budget.heeds_packet():
            return
        own_num = interface.own_num
        # The library first: the worker puts right what that leaves in its dictionaries.
        try:
            try:
                self._give_library(packet, own_num)
            except DecodeError:
                _mend_payload(packet, own_num)
                self._give_library(packet, own_num)
        except MemoryError:
            raise
        except Exception as problem:  # noqa: BLE001 - anybody may have made the payload
            sender, portnum = getattr(packet, "from"), packet.decoded.portnum
            what = tr(
                "paquet de !{sender:08x} (port {portnum}) illisible", sender=sender, portnum=portnum
            )
            unreadable = isinstance(problem, DecodeError)
            self._count_malformed(what, tr(_NOTHING_READABLE if unreadable else _REFUSED), problem)
        self._events.packet_received(interface, packet)

    def _give_library(self, packet: mesh_pb2.MeshPacket, own_num: int) -> None:
        """Have the library's dictionaries follow a packet. Raises ``DecodeError``."""
        interface = self._interface
        if _is_fit_for_library(packet, own_num) and not (
            self._library_nodes.note_packet(packet, own_num)
        ):
            interface._handlePacketFromRadio(packet)
        if len(interface.nodesByNum or ()) > MAX_BULKY:
            self._bulky_entries.note(interface, getattr(packet, "from"))
            self._bounds.keep(interface, own_num)

    def _receive_node_info(self, info: mesh_pb2.NodeInfo, payload: bytes) -> None:
        interface, own_num = self._interface, self._interface.own_num
        self.last_progress_s = self._clock()
        if info.HasField("user") and info.user.id != (own_id := node_id(info.num)):
            info.user.id = own_id  # under which the library files it
            payload = mesh_pb2.FromRadio(node_info=info).SerializeToString()
        if info.num == own_num:
            self._receive_own_entry(info)  # whether or not the library makes sense of it
        if self._configuring:
            self._bounds.note_database(info.num)
        if not self._library_nodes.note_node_info(info):
            interface._handleFromRadio(payload)
        self._bounds.keep(interface, own_num)
        if interface.ready_s is not None:
            self._events.nodes_downloaded(interface, [info])
            return
        self.nodes_in_download += 1
        self._nodes.append(info)

    def _receive_own_entry(self, info: mesh_pb2.NodeInfo) -> None:
        if info.HasField("user"):
            self.own_user = info.user
        if info.last_heard:
            self.told_time = ToldTime(info.last_heard, self.last_progress_s)

    def _count_malformed(self, what: str, reason: str, problem: Exception) -> None:
        """Tell the operator in words; what Python or the library says of it is for developers."""
        self._malformed_frames += 1
        if self._malformed_frames <= MALFORMED_LINES:
            log.warning("⚠️ %s (%s)", what.capitalize(), reason)
            log.debug("%s: %s", type(problem).__name__, quoted(str(problem)))


def _parse(payload: bytes) -> _Frame | None:
    """Return a frame's message with its bytes, None if protobuf rejects it.

    Raises ``MemoryError``: nothing is wrong with the frame then, and mending would be no help.
    """
    try:
        return mesh_pb2.FromRadio.FromString(payload), payload
    except DecodeError as problem:
        if _NO_MEMORY in str(problem):
            raise MemoryError from None
        return None


def _mend_payload(packet: mesh_pb2.MeshPacket, own_num: int) -> None:
    """Leave of a payload that protobuf rejects what can be read. Raises ``DecodeError``."""
    data, sender = packet.decoded, getattr(packet, "from")
    kind: Any = protocols[data.portnum].protobufFactory
    salvaged = salvage(kind, data.payload)
    message = salvaged.message
    if isinstance(message, mesh_pb2.User):
        if sender == own_num and salvaged.broken_at is not None:
            raise DecodeError(tr("ce qui manque peut être la licence"))
        message.id = node_id(sender)
    data.payload = message.SerializeToString()


def _is_fit_for_library(packet: mesh_pb2.MeshPacket, own_num: int) -> bool:
    """Have the library file a packet rightly; say whether it may. Raises ``DecodeError``.

    It files a NodeInfo under whatever id its sender claims, another node's or our own included: it
    is given that of its sender's number first, as by firmware from 2.7 on (``NodeInfoModule``).
    And it makes a pubsub topic that stays for ever of each unknown port number.
    """
    sender = getattr(packet, "from")
    if not packet.HasField("decoded"):
        return True
    portnum = packet.decoded.portnum
    if portnum == _NODE_INFO_PORT:
        user = mesh_pb2.User.FromString(packet.decoded.payload)
        if sender == own_num:
            return False
        if user.id != node_id(sender):
            user.id = node_id(sender)
            packet.decoded.payload = user.SerializeToString()
        return True
    return portnum in _KNOWN_PORTS
