"""The meshtastic interface as a bot for months needs it, whatever carries the bytes.

Owns one session with one node, from opening to its end, and the reader thread. A session is opened
once and closed for good: nothing here reconnects, starts a timer or waits without a limit. It
differs from ``StreamInterface`` of meshtastic 2.7.11 (it replaces private parts of that, so the
version is pinned):

- bytes are read in blocks, and a malformed frame costs a line, not a traceback;
- the loss of the link is reported once, with its cause, and never for a link we closed;
- no heartbeat ``Timer``: the manager of the link asks the node when it is worth asking;
- a send waits for room in the node's queue up to a limit, and fails at once on a dead link.

Threads: the reader calls the ``InterfaceEvents``; any thread may send or close. ``_state`` guards
whether the session is open, and what carries it; it is a leaf.
"""

import itertools
import logging
import math
import secrets
import threading
from typing import Any, NoReturn

from meshtastic.mesh_interface import MeshInterface
from meshtastic.protobuf import config_pb2, mesh_pb2
from meshtastic.stream_interface import StreamInterface

from meshbot.link.frame_decoder import START2, encode_frame
from meshbot.link.frame_receiver import FrameReceiver, ToldTime
from meshbot.link.frame_writer import FrameWriter
from meshbot.link.interface_events import InterfaceEvents
from meshbot.link.node_facts import hops_allowed
from meshbot.link.outgoing_packets import Envelope, metadata_request
from meshbot.link.own_keys import ToldKeys
from meshbot.link.session_options import SessionOptions
from meshbot.link.transmit_queue import TransmitQueue
from meshbot.model.cause import Cause
from meshbot.model.link_error import LinkError
from meshbot.text.language import tr
from meshbot.threads.memory_reserve import MemoryReserve

log = logging.getLogger(__name__)

RESTARTS_HEEDED = 3  # in one handshake
RESTARTS_BORNE = 16  # then it is given up: it may hold one word a configuration that was asked for
JOIN_TIMEOUT_S = 2.0
GOODBYE_TIMEOUT_S = 0.2
ONLY_CONFIG_ID = 69420  # SPECIAL_NONCE_ONLY_CONFIG
ONLY_NODES_ID = 69421  # SPECIAL_NONCE_ONLY_NODES of the firmware's PhoneAPI.h
PACKET_ID_COUNTER_BITS = 10  # the firmware's own ids: 22 random bits over a 10-bit counter


class SupervisedInterface(StreamInterface):
    """One session with a node. Subclasses say how bytes travel (:meth:`_open_stream` and so on)."""

    loses_bytes = False
    """Whether bytes can get lost on the way, as on a wire, so that frames run into each other."""

    def __init__(self, events: InterfaceEvents, options: SessionOptions) -> None:
        """Prepare a session; nothing is opened yet."""
        super().__init__(connectNow=False, noNodes=options.without_nodes)
        clock = options.clock
        self._events = events
        self._clock = clock
        self._queue_wait_s = options.queue_wait_s
        self._own_keys = options.own_keys
        self._on_packet_id = options.on_packet_id
        self._receiver = FrameReceiver(self, events, options)
        self._writer = FrameWriter(self._write_stream)
        self._transmit_queue = TransmitQueue(clock)
        self._id_counter = itertools.count(secrets.randbits(PACKET_ID_COUNTER_BITS))
        self._state = threading.Lock()
        self._opened = False
        self._closing = False
        self._ended = False
        self._ended_by: LinkError | None = None
        """What was reported of the end, if it was not ours."""
        self._told_library = False
        self._reserve = MemoryReserve()
        self._restarts = 0
        """How often the node said in the handshake that it restarted; the reader's own."""
        self.opened_s = clock()
        """When the link was opened, on the clock given; the node can have said nothing before."""
        self.answered_after_s: float | None = None
        """How long after that the node's first byte came."""
        self.last_received_s = self.opened_s
        """When the node last sent anything at all, on the clock given."""
        self.away_s: float | None = None
        """How long nothing had been heard of the node before; None when nobody knows."""
        self.ready_s: float | None = None
        """When the node finished its configuration, on the clock given; None before."""
        self.mute_until_s = -math.inf
        """Until when the node may not transmit, by its own word, on the clock given."""
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

    def _write_stream(self, data: bytes, timeout_s: float) -> None:
        """Write all of ``data`` within the limit, or raise ``OSError``."""
        raise NotImplementedError

    @property
    def _ends_with_node(self) -> bool:
        """Whether a node that restarts ends the stream: then whatever comes is of this session.

        Only that is noted in :attr:`last_received_s`. Not behind a bridge to a serial port, which
        text between the frames gives away.
        """
        return not self._receiver.skipped_bytes

    def shows_session(self, message: mesh_pb2.FromRadio) -> bool:
        """Say whether the node sends this only to somebody whose session it knows of.

        On a stream that outlives it a node that has restarted sends text, log records and (since
        2.7.5) answers to heartbeats, but delivers nothing until it is asked for its configuration.
        """
        if message.HasField("queueStatus"):
            return message.queueStatus.mesh_packet_id != 0
        return not (message.HasField("log_record") or message.HasField("rebooted"))

    def has_unread_input(self) -> bool:
        """Say whether bytes wait that the reader has not taken yet.

        So they do when the whole process was stopped, and the link only looks silent.
        """
        raise NotImplementedError

    def _wake_stream(self) -> None:
        """Make a read or write under way return, from another thread."""
        raise NotImplementedError

    def _close_stream(self) -> None:
        """Release the link, if it is open. The reader has ended or given up."""
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
        with self._state:
            closed_meanwhile = self._closing
        if closed_meanwhile:
            self._close_stream()
            raise LinkError(Cause.INTERRUPTED)
        self._receiver.begin()
        self.opened_s = self.last_received_s = self.last_progress_s
        self._start_reader()
        try:
            # Start bytes only: whatever half frame the node still waits for ends here.
            self._writeBytes(bytes([START2] * 32))
            self._startConfig()
        except LinkError as error:
            if self._ended_by is not None:  # the reader has found the end meanwhile, and why
                raise self._ended_by from error
            raise
        except OSError as error:
            raise self._loss(error) from error

    def _start_reader(self) -> None:
        try:
            self._rxThread.start()
        except RuntimeError as error:  # all that Python says of it: "can't start new thread"
            log.debug("reader not started: %s", error)
            raise LinkError(Cause.NO_THREAD) from None

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
            greeted = self.ready_s is not None or not self._ends_with_node
            says_goodbye = greeted and not self._ended
        self._wantExit = True
        self._transmit_queue.end()
        if not first:
            return
        if says_goodbye:
            self._say_goodbye()
        try:
            self._wake_stream()
        except OSError as error:
            log.debug("waking the stream: %s", error)
        if self._rxThread.is_alive() and self._rxThread is not threading.current_thread():
            self._rxThread.join(JOIN_TIMEOUT_S)
            if self._rxThread.is_alive():
                log.warning(tr("⚠️ Le lecteur de l'ancienne liaison ne s'arrête pas"))
        try:
            self._close_stream()
        except OSError as error:
            log.debug("closing the stream: %s", error)
        self._disconnected()

    def forget_nodes(self) -> None:
        """Let go of the library's dictionaries of nodes, once the session is over.

        What is left of it may live on for long, as its parts name each other.
        """
        self.nodes, self.nodesByNum = {}, {}

    def _say_goodbye(self) -> None:
        """Tell the node we leave, so that it lets go at once; worth one try, no more.

        Where nothing else tells it, in the middle of its configuration, too: it would keep its
        Bluetooth off for us for a quarter of an hour.
        """
        goodbye = encode_frame(mesh_pb2.ToRadio(disconnect=True).SerializeToString())
        try:
            error = self._writer.write(goodbye, GOODBYE_TIMEOUT_S, GOODBYE_TIMEOUT_S)
        except LinkError as not_tried:
            error = not_tried
        if error is not None:
            log.debug("goodbye not sent: %s", error)

    def _read(self) -> None:
        """Body of the reader thread."""
        error: Exception | None = None
        last_bytes_s = self._clock()
        try:
            while not self._wantExit:
                data = self._read_stream()
                if data is None:
                    continue
                if not data:
                    break
                now_s = self._clock()
                self._reserve.require(now_s)
                pause_s, last_bytes_s = now_s - last_bytes_s, now_s
                if self.answered_after_s is None:
                    self.answered_after_s = now_s - self.opened_s
                if self._ends_with_node:
                    self.last_received_s = now_s
                if self._receiver.feed(data, pause_s):
                    self.last_received_s = now_s
        except OSError as problem:
            error = problem
        except MemoryError:
            error = LinkError(Cause.NO_MEMORY)
        except Exception as problem:  # top of a thread
            log.exception(tr("❌ Erreur inattendue dans le lecteur de la liaison"))
            error = problem
        self._end(error)

    def _end(self, error: Exception | None) -> None:
        """Note the end of the stream, and report it if it is news; with no lock held."""
        loss = self._loss(error) if self.alive else None
        with self._state:
            news = loss is not None and not (self._closing or self._ended)
            self._ended_by = loss if news else self._ended_by
            self._ended = True
        self._wantExit = True
        self._transmit_queue.end()
        self.hand_over_download()
        if loss is not None and news:
            self._events.interface_lost(self, loss)
        self._disconnected()

    def _disconnected(self) -> None:
        """Tell the library's subscribers, once per session."""
        with self._state:
            told, self._told_library = self._told_library, True
        if not told:
            MeshInterface._disconnected(self)

    def _connected(self) -> None:
        """Hear from the library that the configuration is complete."""
        super()._connected()
        if self.ready_s is None:
            self.ready_s = self._clock()
            _ = self.own_private_key  # remembered, for sessions that are not told it
            self.hand_over_download()
            self._events.interface_ready(self)

    def _startConfig(self) -> None:  # noqa: N802 - library's name
        """Ask for the configuration; once more under the same id, forgetting nothing that came.

        A node on USB may answer 20 s late (firmware#11864), when the question was repeated: what
        comes then is the answer to all of them.
        """
        if self.nodes is None or self.configId is None:
            super()._startConfig()
        else:
            self._sendToRadio(mesh_pb2.ToRadio(want_config_id=self.configId))

    def _startHeartbeat(self) -> None:  # noqa: N802 - library's name
        """Start no timer: the library's outlives a lost link and fights for the node."""

    def node_rebooted(self) -> None:
        """Ask again a node that restarted when its port was opened; later on it is a loss.

        Not for ever: a relay may replay the word with each configuration (meshmonitor#2182).
        Raises :class:`LinkError` where it says nothing else.
        """
        if self.ready_s is not None:
            self._end(LinkError(Cause.REBOOTED))
            return
        self._restarts += 1
        if self._restarts > RESTARTS_BORNE:
            raise LinkError(Cause.REBOOTED)
        if self._restarts <= RESTARTS_HEEDED:
            self._startConfig()

    def node_told(self, message: mesh_pb2.FromRadio) -> None:
        """Pass on what the node says to its client: a notification, or that it is locked."""
        if message.HasField("clientNotification") or message.HasField("lockdown_status"):
            self._events.node_told(self, message)

    # -- Sending -----------------------------------------------------------------------------

    def send_packet(self, packet: mesh_pb2.MeshPacket) -> None:
        """Give the node a packet to send or to obey, once; waits for room in its queue.

        Raises :class:`LinkError`. Sending the same packet id twice is harmless: the node (last 20
        ids of the session) and the mesh drop the copy.
        """
        self._sendToRadio(mesh_pb2.ToRadio(packet=packet))

    def wait_for_room(self) -> None:
        """Wait until the node has room for a packet. Raises :class:`LinkError` if it does not."""
        self._transmit_queue.wait_for_room(self._queue_wait_s)

    def new_packet_id(self) -> int:
        """Return a non-zero packet id for a packet that we may have to send again as the same.

        Every packet of the bot's own takes its id here, so that whoever is to know of them does.
        """
        low = next(self._id_counter) & ((1 << PACKET_ID_COUNTER_BITS) - 1)
        high = secrets.randbits(32 - PACKET_ID_COUNTER_BITS)
        packet_id = (high << PACKET_ID_COUNTER_BITS | low) or 1
        self._on_packet_id(packet_id)
        return packet_id

    def ask_heartbeat(self) -> None:
        """Ask for a sign of life that 2.7.5 and later answer, and older firmware does not."""
        self._sendToRadioImpl(mesh_pb2.ToRadio(heartbeat=mesh_pb2.Heartbeat()))

    def ask_metadata(self) -> None:
        """Ask for the device's metadata, which every firmware answers, without using the air.

        Written past the queue: a full transmit queue is no reason to believe a node dead.
        """
        envelope = Envelope(self.own_num, self.new_packet_id(), self.hop_limit)
        self._sendToRadioImpl(mesh_pb2.ToRadio(packet=metadata_request(envelope)))

    def ask_nodes(self) -> None:
        """Ask for the entries of the node's database alone, in a session that did without them.

        Firmware 2.5 to 2.8 sends them among the rest (captured); the library's dictionaries stay.
        """
        self._sendToRadioImpl(mesh_pb2.ToRadio(want_config_id=ONLY_NODES_ID))

    def ask_configuration(self) -> None:
        """Ask for the configuration without the nodes, again, on a session that has had it."""
        self._sendToRadioImpl(mesh_pb2.ToRadio(want_config_id=ONLY_CONFIG_ID))

    def has_room(self) -> bool:
        """Say, without waiting, whether the node has room for a packet, as far as anybody knows."""
        return self._transmit_queue.has_room(self._queue_wait_s)

    def give(self, message: mesh_pb2.ToRadio) -> None:
        """Give the node a message as it is, whatever it holds. Raises :class:`LinkError`."""
        self._sendToRadioImpl(message)

    def _waitConnected(self, timeout: float = 30.0) -> None:  # noqa: N802 - library's name
        if not self.alive:
            raise LinkError(Cause.LINK_DOWN)
        if not self.isConnected.wait(min(timeout, self._queue_wait_s)):
            raise LinkError(Cause.NOT_CONFIGURED)

    def _sendToRadio(self, toRadio: mesh_pb2.ToRadio) -> None:  # noqa: N802, N803 - library's names
        """Send once, or raise :class:`LinkError`; the library would wait for ever and resend."""
        if toRadio.HasField("packet"):
            self.wait_for_room()
        self._sendToRadioImpl(toRadio)

    def _sendToRadioImpl(self, toRadio: mesh_pb2.ToRadio) -> None:  # noqa: N802, N803
        self._writeBytes(encode_frame(toRadio.SerializeToString()))

    def _writeBytes(self, b: bytes) -> None:  # noqa: N802 - library's name
        if not self.alive:
            raise LinkError(Cause.LINK_DOWN)
        error = self._writer.write(b)
        if error is not None:
            self._end(error)
            raise self._loss(error) from error

    def queue_status_received(self, status: mesh_pb2.QueueStatus) -> None:
        """Take the node's word on its transmit queue; on the reader thread."""
        self.queueStatus = status  # for users of the library
        self._transmit_queue.note(status)

    def wait_for_queue_status(
        self, packet_id: int, timeout_s: float, limit_s: float
    ) -> mesh_pb2.QueueStatus | None:
        """Return the node's word on a packet just sent; see ``TransmitQueue.wait_for_status``."""
        return self._transmit_queue.wait_for_status(
            packet_id, timeout_s, limit_s, lambda: self.last_received_s
        )

    # -- What the node told us ---------------------------------------------------------------

    def hand_over_download(self) -> None:
        """Pass on the entries of the node's database that have come, however few."""
        self._receiver.hand_over_nodes()

    @property
    def nodes_in_download(self) -> int:
        """How many entries of its database the node sent before it finished its configuration."""
        return self._receiver.nodes_in_download

    @property
    def last_progress_s(self) -> float:
        """When the last part of the configuration came, on the clock given."""
        return self._receiver.last_progress_s

    @property
    def misanswered(self) -> bool:
        """Whether the node finished another configuration than the one it was asked for."""
        return self._receiver.misanswered

    @property
    def own_user(self) -> mesh_pb2.User | None:
        """What our node says of itself in its NodeInfo; None until it told us."""
        return self._receiver.own_user

    @own_user.setter
    def own_user(self, user: mesh_pb2.User) -> None:
        """Take what it says of itself later, in a packet of its own."""
        self._receiver.own_user = user

    @property
    def told_time(self) -> ToldTime | None:
        """What time it is by the node's clock; None where it did not say, or does not know."""
        return self._receiver.told_time

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
    def own_public_key(self) -> bytes:
        """The node's public key, empty until it told us, and where it has none."""
        user = self.own_user
        told = self.localNode.localConfig.security.public_key
        return bytes(told or (user.public_key if user is not None else b""))

    @property
    def gives_private_key(self) -> bool:
        """Whether the node told us its private key in this session."""
        return bool(self.localNode.localConfig.security.private_key)

    @property
    def own_private_key(self) -> bytes:
        """The node's private key, told now or before; empty where it withholds it.

        In memory only: never log it.
        """
        config = self.localNode.localConfig
        told = bytes(config.security.private_key)
        known = ToldKeys(self.own_num, self.own_public_key, told, config.HasField("security"))
        return self._own_keys.private_key(known)

    @property
    def hop_limit(self) -> int:
        """Over how many hops at most the node's settings let a packet travel, 1 to 7."""
        return hops_allowed(int(self.localNode.localConfig.lora.hop_limit))

    @property
    def ok_to_mqtt(self) -> bool:
        """Whether the node's settings let gateways publish what it sends."""
        return bool(self.localNode.localConfig.lora.config_ok_to_mqtt)

    @property
    def sends_by_udp(self) -> bool:
        """Whether the node also gives its packets to the nodes of its local network.

        ``Router::send`` does so before the radio may refuse one for being switched off.
        """
        protocols = self.localNode.localConfig.network.enabled_protocols
        return bool(protocols & config_pb2.Config.NetworkConfig.ProtocolFlags.UDP_BROADCAST)

    @property
    def is_managed(self) -> bool:
        """Whether the node ignores orders from its client (``AdminModule.cpp``, ``is_managed``)."""
        return bool(self.localNode.localConfig.security.is_managed)
