"""The meshtastic interface as a bot for months needs it, whatever carries the bytes.

Owns one session with one node, from opening to its end: the reader thread, the frames sent, what
the node said of its transmit queue. A session is opened once and closed for good: nothing here
reconnects, starts a timer or waits without a limit. It differs from ``StreamInterface`` of
meshtastic 2.7.11 (private parts of which it replaces, hence the exact pin):

- bytes are read in blocks, and a malformed frame costs a line, not a traceback;
- the loss of the link is reported once, with its cause, and never for a link we closed;
- no heartbeat ``Timer``: whoever supervises the link asks the node when it is worth asking;
- a send waits for room in the node's queue up to a limit, and fails at once on a dead link.

Threads: the reader calls the ``InterfaceEvents``; any thread may send or close.
"""

import itertools
import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NoReturn, Protocol

from google.protobuf.message import DecodeError
from meshtastic.mesh_interface import MeshInterface
from meshtastic.protobuf import admin_pb2, mesh_pb2, portnums_pb2
from meshtastic.stream_interface import StreamInterface

from meshbot.link import library_nodes
from meshbot.link.frame_decoder import START2, FrameDecoder, encode_frame
from meshbot.mesh import direct_messages
from meshbot.model.cause import Cause
from meshbot.model.known_node import node_id
from meshbot.model.link_error import LinkError, NodeBusyError
from meshbot.text.log_format import printable

log = logging.getLogger(__name__)

JOIN_TIMEOUT_S = 2.0
WRITE_TIMEOUT_S = 5.0  # a node that stops reading has a full buffer first
GOODBYE_TIMEOUT_S = 0.2
VERDICT_POLL_S = 0.5
SEND_LOCK_TIMEOUT_S = WRITE_TIMEOUT_S + 1.0  # longer than the write of whoever holds it
KEPT_QUEUE_STATUSES = 64
MALFORMED_LINES = 3  # then the rest of a session's malformed frames is only counted
_NODE_INFO_PORT = portnums_pb2.PortNum.NODEINFO_APP
_KNOWN_PORTS = frozenset(portnums_pb2.PortNum.values())
PACKET_ID_COUNTER_BITS = 10  # the firmware's own ids: 22 random bits over a 10-bit counter


class InterfaceEvents(Protocol):
    """Who is told what happens on an interface; called on its reader thread, must not block."""

    def interface_ready(self, interface: "SupervisedInterface") -> None:
        """Hear that the node finished sending its configuration."""

    def interface_lost(self, interface: "SupervisedInterface", loss: LinkError) -> None:
        """Hear, once, that the link is gone though nobody closed it, and why."""

    def nodes_downloaded(
        self, interface: "SupervisedInterface", nodes: list[mesh_pb2.NodeInfo]
    ) -> None:
        """Receive entries of the node's own database, in its order."""

    def packet_received(
        self, interface: "SupervisedInterface", packet: mesh_pb2.MeshPacket
    ) -> None:
        """Receive a mesh packet, whether or not the library understood its payload."""


class SupervisedInterface(StreamInterface):
    """One session with a node. Subclasses say how bytes travel (:meth:`_open_stream` and so on)."""

    def __init__(
        self,
        events: InterfaceEvents,
        *,
        without_nodes: bool,
        queue_wait_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare a session; nothing is opened yet.

        ``without_nodes``: ask for the configuration only (``want_config_id`` 69420).
        ``queue_wait_s``: longest wait of one send for room in the node's transmit queue.
        """
        super().__init__(connectNow=False, noNodes=without_nodes)
        self._events = events
        self._clock = clock
        self._queue_wait_s = queue_wait_s
        self._decoder = FrameDecoder(self._parse)
        self._send_lock = threading.Lock()
        self._state = threading.Condition()
        """Guards what follows; a leaf: nothing is called while it is held."""
        self._opened = False
        self._closing = False
        self._ended = False
        self._told_library = False
        self._queue_statuses: OrderedDict[int, mesh_pb2.QueueStatus] = OrderedDict()
        self._download: list[mesh_pb2.NodeInfo] = []
        self._ready = False
        self.own_user: mesh_pb2.User | None = None
        """What our node says of itself in its NodeInfo; None until it told us."""
        self._malformed_frames = 0
        self._id_counter = itertools.count(secrets.randbits(PACKET_ID_COUNTER_BITS))
        self.last_received_s = clock()
        """When the node last sent anything at all, on the clock given."""
        self.away_s: float | None = None
        """How long nothing had been heard of the node before; None when nobody knows."""
        self.last_progress_s = clock()
        """When the last part of the configuration came, on the clock given."""
        self.nodes_in_download = 0
        """How many entries of its database the node sent before it finished its configuration."""
        self.ready_s: float | None = None
        """When the node finished its configuration, on the clock given; None before."""
        self._rxThread = threading.Thread(target=self._read, name="mesh-reader", daemon=True)

    # -- How bytes travel ------------------------------------------------------------------

    def _open_stream(self, stop: threading.Event) -> None:
        """Open the link within a limit, or raise :class:`LinkError`. ``stop`` interrupts it."""
        raise NotImplementedError

    def _read_stream(self) -> bytes | None:
        """Return the next bytes, ``b""`` at the end of the stream, None when none came in time.

        Raises ``OSError`` when the link broke.
        """
        raise NotImplementedError

    def _write_stream(self, data: bytes, timeout_s: float = WRITE_TIMEOUT_S) -> None:
        """Write all of ``data`` within the limit, or raise ``OSError``."""
        raise NotImplementedError

    def has_unread_input(self) -> bool:
        """Say whether bytes wait that the reader has not taken yet.

        So they do when the whole process was stopped, and the link only looks silent.
        """
        raise NotImplementedError

    def _wake_stream(self) -> None:
        """Make a read or write under way return, from another thread."""
        raise NotImplementedError

    def _close_stream(self) -> None:
        """Release the link. The reader has ended or given up."""
        raise NotImplementedError

    def _loss(self, error: Exception | None) -> LinkError:
        """Say how the link ended; ``error`` is None for an orderly end."""
        raise NotImplementedError

    # -- Life --------------------------------------------------------------------------------

    def open(self, stop: threading.Event) -> None:
        """Open the link and ask for the configuration; returns before the answer.

        Raises :class:`LinkError` with the reason. ``stop`` interrupts the wait. A session is
        opened once: afterwards a new object is needed.
        """
        with self._state:
            if self._opened or self._closing:
                raise LinkError(Cause.USED_INTERFACE)
            self._opened = True
        self._open_stream(stop)
        self.last_received_s = self.last_progress_s = self._clock()
        self._rxThread.start()
        try:
            # Start bytes only: whatever half frame the node still waits for ends here.
            self._writeBytes(bytes([START2] * 32))
            self._startConfig()
        except LinkError:
            raise
        except OSError as error:
            raise self._loss(error) from error

    def connect(self) -> NoReturn:
        """Refuse: the library's way of connecting again is closed on purpose."""
        raise LinkError(Cause.USED_INTERFACE)

    @property
    def alive(self) -> bool:
        """Whether the link is open as far as anybody knows."""
        with self._state:
            return self._opened and not (self._closing or self._ended)

    def close(self) -> None:
        """End the session for good: link released, reader joined, nothing left that could return.

        Never raises; bounded by :data:`JOIN_TIMEOUT_S` and one short write. Any thread may call
        it, as often as it likes.
        """
        with self._state:
            first = not self._closing
            self._closing = True
            said_goodbye = self._ended or not self._ready
            self._state.notify_all()
        self._wantExit = True
        if not first:
            return
        if not said_goodbye:
            self._say_goodbye()
        try:
            self._wake_stream()
        except OSError as error:
            log.debug("waking the stream: %s", error)
        if self._rxThread.is_alive() and self._rxThread is not threading.current_thread():
            self._rxThread.join(JOIN_TIMEOUT_S)
            if self._rxThread.is_alive():
                log.warning("⚠️ Le lecteur de l'ancienne liaison ne s'arrête pas")
        try:
            self._close_stream()
        except OSError as error:
            log.debug("closing the stream: %s", error)
        self._disconnected()

    def _say_goodbye(self) -> None:
        """Tell the node we leave, so that it lets go at once; not worth more than a try."""
        if not self._send_lock.acquire(timeout=GOODBYE_TIMEOUT_S):
            return
        try:
            goodbye = mesh_pb2.ToRadio(disconnect=True).SerializeToString()
            self._write_stream(encode_frame(goodbye), GOODBYE_TIMEOUT_S)
        except OSError as error:
            log.debug("goodbye not sent: %s", error)
        finally:
            self._send_lock.release()

    # -- Receiving ---------------------------------------------------------------------------

    def _read(self) -> None:
        """Body of the reader thread."""
        error: Exception | None = None
        try:
            while not self._wantExit:
                data = self._read_stream()
                if data is None:
                    continue
                if not data:
                    break
                now_s = self._clock()
                pause_s, self.last_received_s = now_s - self.last_received_s, now_s
                for message, payload in self._decoder.feed(data, pause_s):
                    self._take_frame(message, payload)
        except OSError as problem:
            error = problem
        except Exception as problem:  # top of a thread
            log.exception("❌ Erreur inattendue dans le lecteur de la liaison")
            error = problem
        self._end(error)

    def _end(self, error: Exception | None) -> None:
        """Note the end of the stream, and report it if it is news."""
        with self._state:
            news = self._opened and not (self._closing or self._ended)
            self._ended = True
            self._state.notify_all()
        self.hand_over_download()
        if news:
            self._events.interface_lost(self, self._loss(error))
        self._disconnected()

    def _disconnected(self) -> None:
        """Tell the library's subscribers, once per session."""
        with self._state:
            told, self._told_library = self._told_library, True
        if not told:
            MeshInterface._disconnected(self)

    def _parse(self, payload: bytes) -> tuple[mesh_pb2.FromRadio, bytes] | None:
        """Return a frame's message with its bytes, or None, counted, for what is none."""
        try:
            return mesh_pb2.FromRadio.FromString(payload), payload
        except DecodeError as problem:
            self._count_malformed(f"trame de {len(payload)} octets illisible", problem)
            return None

    def _take_frame(self, message: mesh_pb2.FromRadio, payload: bytes) -> None:
        """Take one frame. A packet is parsed once; the rest is left to the library."""
        try:
            if message.HasField("packet"):
                self._take_packet(message.packet)
            elif message.HasField("queueStatus"):
                self._take_queue_status(message.queueStatus)
            elif message.HasField("rebooted") and message.rebooted:
                self._take_reboot()
            else:
                if not message.HasField("log_record"):
                    self.last_progress_s = self._clock()
                is_entry = message.HasField("node_info")
                if not (is_entry and library_nodes.note_node_info(self, message.node_info)):
                    self._handleFromRadio(payload)
                if is_entry:
                    self._take_node_info(message.node_info)
        except Exception as problem:  # noqa: BLE001 - whatever a node sends must not end the reader
            self._count_malformed(f"trame de {len(payload)} octets non traitée", problem)

    def _take_packet(self, packet: mesh_pb2.MeshPacket) -> None:
        if getattr(packet, "from") == 0:
            return  # an echo of our own; the library would print about it
        own_num = self.own_num
        # The library first: the worker puts right what that leaves in its dictionaries.
        try:
            if _is_fit_for_library(packet, own_num) and not (
                library_nodes.note_packet(self, packet, own_num)
            ):
                self._handlePacketFromRadio(packet)
        except Exception as problem:  # noqa: BLE001 - the payload is anybody's
            portnum = packet.decoded.portnum
            self._count_malformed(
                f"paquet de !{getattr(packet, 'from'):08x} (port {portnum}) illisible", problem
            )
        self._events.packet_received(self, packet)

    def _count_malformed(self, what: str, problem: Exception) -> None:
        self._malformed_frames += 1
        if self._malformed_frames <= MALFORMED_LINES:
            reason = printable(f"{type(problem).__name__}: {problem}")
            log.warning("⚠️ %s (%s)", what.capitalize(), reason)

    def _take_node_info(self, node_info: mesh_pb2.NodeInfo) -> None:
        if node_info.num == self.own_num:
            self.own_user = node_info.user
        if self._ready:
            self._events.nodes_downloaded(self, [node_info])
            return
        self.nodes_in_download += 1
        self._download.append(node_info)

    def _take_reboot(self) -> None:
        """Ask again a node that restarted when its port was opened; later on it is a loss."""
        if self._ready:
            self._end(LinkError(Cause.REBOOTED))
            self._wantExit = True
        else:
            self._startConfig()

    def hand_over_download(self) -> None:
        """Pass on the entries of the node's database that have come, however few."""
        nodes, self._download = self._download, []
        if nodes:
            self._events.nodes_downloaded(self, nodes)

    def _take_queue_status(self, status: mesh_pb2.QueueStatus) -> None:
        with self._state:
            self.queueStatus = status
            if status.mesh_packet_id:
                self._queue_statuses[status.mesh_packet_id] = status
                if len(self._queue_statuses) > KEPT_QUEUE_STATUSES:
                    self._queue_statuses.popitem(last=False)
            self._state.notify_all()

    def _connected(self) -> None:
        """Hear from the library that the configuration is complete."""
        super()._connected()
        if not self._ready:
            self._ready = True
            self.ready_s = self._clock()
            self.hand_over_download()
            self._events.interface_ready(self)

    def _startHeartbeat(self) -> None:  # noqa: N802 - library's name
        """Start no timer: the library's outlives a lost link and fights for the node."""

    # -- Sending -----------------------------------------------------------------------------

    def _waitConnected(self, timeout: float = 30.0) -> None:  # noqa: N802 - library's name
        if not self.alive:
            raise LinkError(Cause.LINK_DOWN)
        if not self.isConnected.wait(min(timeout, self._queue_wait_s)):
            raise LinkError(Cause.NOT_CONFIGURED)

    def _sendToRadio(self, toRadio: mesh_pb2.ToRadio) -> None:  # noqa: N802, N803 - library's names
        """Send once, or raise :class:`LinkError`; the library would wait for ever and resend."""
        if toRadio.HasField("packet"):
            self._wait_for_room()
        self._sendToRadioImpl(toRadio)

    def _sendToRadioImpl(self, toRadio: mesh_pb2.ToRadio) -> None:  # noqa: N802, N803
        self._writeBytes(encode_frame(toRadio.SerializeToString()))

    def _writeBytes(self, b: bytes) -> None:  # noqa: N802 - library's name
        if not self.alive:
            raise LinkError(Cause.LINK_DOWN)
        if not self._send_lock.acquire(timeout=SEND_LOCK_TIMEOUT_S):
            raise LinkError(Cause.SEND_BUSY)
        try:
            self._write_stream(b)
        except OSError as error:
            # Part of a frame may be out: nothing sane can follow it on this link.
            self._end(error)
            self._wantExit = True
            raise self._loss(error) from error
        finally:
            self._send_lock.release()

    def _wait_for_room(self) -> None:
        deadline_s = self._clock() + self._queue_wait_s
        with self._state:
            while self.queueStatus is not None and self.queueStatus.free == 0:
                if self._closing or self._ended:
                    raise LinkError(Cause.LINK_DOWN)
                left_s = deadline_s - self._clock()
                if left_s <= 0:
                    raise NodeBusyError(Cause.QUEUE_STAYS_FULL)
                self._state.wait(left_s)

    def wait_for_queue_status(
        self, packet_id: int, timeout_s: float, limit_s: float
    ) -> mesh_pb2.QueueStatus | None:
        """Return the node's verdict on a packet just sent.

        None when the link died first, or when the node, though alive, gave no verdict in
        ``timeout_s``. A node from which nothing at all has come since is waited for until the link
        is declared dead, ``limit_s`` at most: whether it has the packet is what nobody knows.
        """
        sent_s = self._clock()
        with self._state:
            while packet_id not in self._queue_statuses and not (self._closing or self._ended):
                waited_s = self._clock() - sent_s
                if waited_s >= timeout_s and (self.last_received_s > sent_s or waited_s >= limit_s):
                    return None
                self._state.wait(timeout_s - waited_s if waited_s < timeout_s else VERDICT_POLL_S)
            return self._queue_statuses.get(packet_id)

    def new_packet_id(self) -> int:
        """Return a non-zero packet id for a packet that we may have to send again as the same."""
        low = next(self._id_counter) & ((1 << PACKET_ID_COUNTER_BITS) - 1)
        high = secrets.randbits(32 - PACKET_ID_COUNTER_BITS)
        return (high << PACKET_ID_COUNTER_BITS | low) or 1

    def send_text(
        self,
        text: str,
        to: int,
        packet_id: int,
        *,
        channel: int = 0,
        want_ack: bool = False,
        reply_id: int = 0,
    ) -> None:
        """Give the node a text to send. Raises :class:`LinkError`.

        Sending the same ``packet_id`` twice is harmless: the node (last 20 ids of the session) and
        the mesh drop the copy.
        """
        packet = self._new_packet(to, packet_id, want_ack)
        packet.channel = channel
        packet.decoded.CopyFrom(_text_data(text, reply_id))
        self._sendToRadio(mesh_pb2.ToRadio(packet=packet))

    def send_sealed_text(
        self,
        text: str,
        to: int,
        packet_id: int,
        message_key: bytes,
        *,
        want_ack: bool = False,
        reply_id: int = 0,
    ) -> None:
        """Give the node a text that we sealed ourselves, for a peer whose key the radio lacks.

        ``Router::send`` encrypts only what is not encrypted yet, so the radio transmits it as it
        is. ``pki_encrypted`` keeps ``sendLocal`` from choosing a channel for it.
        Raises :class:`LinkError`.
        """
        packet = self._new_packet(to, packet_id, want_ack)
        packet.pki_encrypted = True
        packet.encrypted = direct_messages.seal(
            message_key,
            packet_id,
            self.own_num,
            _text_data(text, reply_id).SerializeToString(),
            secrets.token_bytes(direct_messages.EXTRA_NONCE_BYTES),
        )
        self._sendToRadio(mesh_pb2.ToRadio(packet=packet))

    def send_node_info_request(self, to: int, packet_id: int) -> None:
        """Ask node ``to`` for its NodeInfo, with our own, as nodes ask each other.

        The firmware never seals a NodeInfo, so the key it lacks is no obstacle.
        Raises :class:`LinkError`.
        """
        if self.own_user is None:
            raise LinkError(Cause.OWN_USER_UNKNOWN)
        packet = self._new_packet(to, packet_id, want_ack=False)
        packet.decoded.portnum = portnums_pb2.PortNum.NODEINFO_APP
        packet.decoded.payload = self.own_user.SerializeToString()
        packet.decoded.want_response = True
        self._sendToRadio(mesh_pb2.ToRadio(packet=packet))

    def send_contact(self, num: int, user: mesh_pb2.User, packet_id: int) -> None:
        """Have the node write another node's name and key into its own database, in its flash.

        ``NodeDB::addFromContact`` overwrites whatever it has of that node, and marks it as a
        favourite, which keeps it from being evicted. Raises :class:`LinkError`.
        """
        contact = admin_pb2.SharedContact(node_num=num, user=user)
        packet = self._new_packet(self.own_num, packet_id, want_ack=False)
        packet.decoded.portnum = portnums_pb2.PortNum.ADMIN_APP
        packet.decoded.payload = admin_pb2.AdminMessage(add_contact=contact).SerializeToString()
        self._sendToRadio(mesh_pb2.ToRadio(packet=packet))

    def _new_packet(self, to: int, packet_id: int, want_ack: bool) -> mesh_pb2.MeshPacket:
        return mesh_pb2.MeshPacket(
            to=to,
            id=packet_id,
            want_ack=want_ack,
            hop_limit=self.localNode.localConfig.lora.hop_limit,
            priority=mesh_pb2.MeshPacket.Priority.RELIABLE,
        )

    def ask_heartbeat(self) -> None:
        """Ask for a sign of life that 2.7.5 and later answer, and older firmware does not."""
        self._sendToRadioImpl(mesh_pb2.ToRadio(heartbeat=mesh_pb2.Heartbeat()))

    def ask_metadata(self) -> None:
        """Ask for the device's metadata, which every firmware answers, without using the air.

        Written past the queue: a full transmit queue is no reason to believe a node dead.
        """
        request = admin_pb2.AdminMessage(get_device_metadata_request=True)
        packet = self._new_packet(self.own_num, self.new_packet_id(), want_ack=False)
        packet.decoded.portnum = portnums_pb2.PortNum.ADMIN_APP
        packet.decoded.payload = request.SerializeToString()
        packet.decoded.want_response = True
        self._sendToRadioImpl(mesh_pb2.ToRadio(packet=packet))

    # -- What the node told us ---------------------------------------------------------------

    @property
    def own_num(self) -> int:
        """The node's own number, 0 until it told us."""
        my_info: Any = self.myInfo
        return int(my_info.my_node_num) if my_info is not None else 0

    @property
    def own_name(self) -> str:
        """The node's own long name, empty until it told us."""
        own: dict[str, Any] = (self.nodesByNum or {}).get(self.own_num) or {}
        return str(own.get("user", {}).get("longName", ""))

    @property
    def own_private_key(self) -> bytes:
        """The node's private key, empty where it withholds it. In memory only: never log it."""
        return bytes(self.localNode.localConfig.security.private_key)


def _is_fit_for_library(packet: mesh_pb2.MeshPacket, own_num: int) -> bool:
    """Say whether the library may keep what a packet says. Raises ``DecodeError``.

    It files a NodeInfo under whatever id its sender claims, another node's or our own included,
    and makes a pubsub topic that stays for ever of each unknown port number.
    """
    sender = getattr(packet, "from")
    if not packet.HasField("decoded"):
        return True
    portnum = packet.decoded.portnum
    if portnum == _NODE_INFO_PORT:
        user = mesh_pb2.User.FromString(packet.decoded.payload)
        return user.id == node_id(sender) and sender != own_num
    return portnum in _KNOWN_PORTS


def _text_data(text: str, reply_id: int) -> mesh_pb2.Data:
    return mesh_pb2.Data(
        portnum=portnums_pb2.PortNum.TEXT_MESSAGE_APP,
        payload=text.encode("utf-8"),
        reply_id=reply_id,
    )
