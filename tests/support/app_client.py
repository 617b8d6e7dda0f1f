"""A phone app for the tests: talks to a node, or to what says it is one, as a real app does.

It plays the handshake in two stages, the heartbeats, what the app asks once it is connected, and
how it gives up; the figures are in :mod:`tests.support.app_manner`. It notes as ``complaints`` what
a real app would stumble over, and some of what would only be wrong:

- bytes that are no frame; frames missing, doubled or out of order in an answer; a packet before
  ``config_complete_id``; a configuration that nobody asked for, and ``rebooted``;
- a packet whose ``queueStatus`` does not come within five seconds. ``res`` 0 with ``free`` 0 counts
  for nothing there: Android takes it for "taken, and the queue is full now" and waits on
  (PacketHandlerImpl.kt, ``handleQueueStatus``), and ``mesh_packet_id`` 0 counts for the packet that
  waits. ``res`` 35 is a success to it;
- a packet that comes twice.

What is for others is counted beside that: ``statuses_not_ours``, ``answers_not_ours()``.

One thread of its own reads and sends the heartbeats; the rest may be called from any thread.
"""

import contextlib
import random
import select
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Self

from meshtastic.protobuf import admin_pb2, mesh_pb2, portnums_pb2, telemetry_pb2

from tests.support.app_manner import ANDROID, AppManner
from tests.support.app_stage import (
    FIRST_WITH_NODES_ONLY,
    ONLY_CONFIG_ID,
    ONLY_NODES_ID,
    AppStage,
    firmware_numbers,
)
from tests.support.limits import WAIT_S

BROADCAST_NUM = 0xFFFFFFFF
_Port = portnums_pb2.PortNum
_START = b"\x94\xc3"
_WAKE = b"\xc3\xc3\xc3\xc3"
_MAX_FRAME_BYTES = 512
_STATUS_S = 5.0
_SHOULD_RELEASE = 35
_MAX_KEPT = 20_000
_UNASKED = frozenset(
    ("config_complete_id", "rebooted", "my_info", "metadata", "channel", "config", "moduleConfig")
)


class AppGaveUpError(Exception):
    """The app would close the connection here and begin anew."""


class AppClient:
    """One connection of an app; a second one is a second object."""

    def __init__(self, host: str, port: int, manner: AppManner = ANDROID, *, seed: int = 0) -> None:
        """Prepare; :meth:`connect` does all the rest."""
        self.manner = manner
        self._address = (host, port)
        self._rng = random.Random(f"{seed}/{manner.name}")
        self._sock: socket.socket | None = None
        self._sending = threading.Lock()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="app-client", daemon=True)
        self._closing = False
        self._nonce = 2
        self._heartbeat_at_s = 0.0
        self._heard_at_s = 0.0
        self._buffer = b""
        self._stage: AppStage | None = None
        self._statuses: dict[int, mesh_pb2.QueueStatus] = {}
        self._sent_ids: set[int] = set()
        self._awaited_id = 0
        self._heard_ids: dict[tuple[int, int], None] = {}
        self.complaints: list[str] = []
        self.statuses_not_ours: list[int] = []
        """The packets that it never sent and got a queueStatus for; a node tells of its own too."""
        self.ended = ""
        """Why the connection ended; empty while it lasts."""
        self.config: AppStage | None = None
        self.node_list: AppStage | None = None
        self.packets: deque[mesh_pb2.MeshPacket] = deque(maxlen=_MAX_KEPT)
        self.notifications: deque[mesh_pb2.ClientNotification] = deque(maxlen=_MAX_KEPT)
        self.frame_kinds: Counter[str] = Counter()
        self.owner: mesh_pb2.User | None = None
        self.session_passkey = b""
        self.config_took_s = 0.0
        self.nodes_took_s = 0.0

    # -- the connection ---------------------------------------------------------------------

    def __enter__(self) -> Self:
        """Connect."""
        self.connect()
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def connect(self) -> None:
        """Connect and play the whole handshake. Raises where the app gives up, or is refused."""
        self._sock = socket.create_connection(self._address, self.manner.config_s)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._heard_at_s = time.monotonic()
        self._heartbeat_at_s = self._heard_at_s + self.manner.heartbeat_s
        self._thread.start()
        if self.manner.wakes:
            self._send_bytes(_WAKE)
        try:
            self.config, self.config_took_s = self._ask(AppStage(ONLY_CONFIG_ID))
            self.node_list, self.nodes_took_s = self._ask(self._nodes_stage(self.config))
        except AppGaveUpError:
            self.close()
            raise
        self._follow_up()

    def close(self) -> None:
        """Close the connection, as an app that goes away does; idempotent."""
        self._closing = True
        if self._sock is None:
            return
        with contextlib.suppress(OSError):  # it has ended already
            self._sock.shutdown(socket.SHUT_RDWR)
        if self._thread is not threading.current_thread():
            self._thread.join(WAIT_S)
        self._sock.close()

    @property
    def is_open(self) -> bool:
        """Whether the connection lasts."""
        return self._sock is not None and not self.ended and not self._closing

    @property
    def own_num(self) -> int:
        """The number of the node that it is connected to; 0 before it knows."""
        return 0 if self.config is None else self.config.own_num

    @property
    def nodes(self) -> dict[int, mesh_pb2.NodeInfo]:
        """The nodes that it was told of when it connected."""
        return {node.num: node for node in self.node_list.nodes} if self.node_list else {}

    def check(self) -> None:
        """Fail if the app would have stumbled over anything until now."""
        assert not self.complaints, f"{self.manner.name}: {self.complaints[:20]}"

    def _ask(self, stage: AppStage) -> tuple[AppStage, float]:
        limit_s = self.manner.config_s
        if stage.config_id == ONLY_NODES_ID:
            limit_s = self.manner.nodes_s
        self.heartbeat()
        began_s = time.monotonic()
        with self._changed:
            self._stage = stage
        self._send(mesh_pb2.ToRadio(want_config_id=stage.config_id))
        first_s = min(limit_s, self.manner.first_node_s)
        begun = self.wait(lambda _: stage.has_begun, first_s)
        done = begun and self.wait(lambda _: stage.is_done, limit_s)
        if not done:
            raise AppGaveUpError(f"no answer to {stage.config_id}: {self.ended or 'it stalled'}")
        return stage, time.monotonic() - began_s

    @staticmethod
    def _nodes_stage(config: AppStage) -> AppStage:
        version = "" if config.metadata is None else config.metadata.firmware_version
        everything = firmware_numbers(version) < FIRST_WITH_NODES_ONLY
        return AppStage(ONLY_NODES_ID, config.own_num, everything=everything)

    def _follow_up(self) -> None:
        self.send_admin(admin_pb2.AdminMessage(set_time_only=int(time.time())))
        if self.manner.asks_more:
            self.send_admin(admin_pb2.AdminMessage(get_owner_request=True), want_response=True)
            for kind in ("local_stats", "device_metrics"):
                asked = telemetry_pb2.Telemetry()
                getattr(asked, kind).SetInParent()
                self.send_data(
                    _Port.TELEMETRY_APP, asked.SerializeToString(), self.own_num, want_response=True
                )

    # -- sending ----------------------------------------------------------------------------

    def heartbeat(self) -> None:
        """Send a heartbeat now."""
        nonce = self._nonce if self.manner.counts_nonces else self._rng.randrange(2, 1 << 32)
        self._nonce += 1
        self._send(mesh_pb2.ToRadio(heartbeat=mesh_pb2.Heartbeat(nonce=nonce)))

    def send_text(self, text: str, to: int = BROADCAST_NUM, *, want_ack: bool = True) -> int:
        """Send a text; return its id."""
        return self.send_data(_Port.TEXT_MESSAGE_APP, text.encode(), to, want_ack=want_ack)

    def send_admin(self, message: admin_pb2.AdminMessage, *, want_response: bool = False) -> int:
        """Send the own node an admin message, with the session's key once it is known."""
        message.session_passkey = self.session_passkey
        return self.send_data(
            _Port.ADMIN_APP, message.SerializeToString(), self.own_num, want_response=want_response
        )

    def send_data(
        self,
        port: portnums_pb2.PortNum.ValueType,
        payload: bytes,
        to: int,
        *,
        want_ack: bool = True,
        want_response: bool = False,
        packet_id: int = 0,
    ) -> int:
        """Send a packet, and wait for its queueStatus if the app does; return its id."""
        packet = mesh_pb2.MeshPacket(
            to=to,
            id=packet_id or self._rng.randrange(1 << 8, 1 << 32),
            want_ack=want_ack,
            decoded=mesh_pb2.Data(
                portnum=port,
                payload=payload,
                want_response=want_response,
            ),
        )
        setattr(packet, "from", self.own_num if self.manner.names_itself else 0)
        self.send_packet(packet)
        return packet.id

    def send_packet(self, packet: mesh_pb2.MeshPacket) -> None:
        """Send a packet as it is, and wait for its queueStatus if the app does."""
        with self._changed:
            self._sent_ids.add(packet.id)
            self._awaited_id = packet.id
            self._statuses.pop(packet.id, None)
        self._send(mesh_pb2.ToRadio(packet=packet))
        if self.manner.awaits_status and self.wait_status(packet.id) is None:
            self._complain(f"no queueStatus within {_STATUS_S} s for {packet.id:08x}")

    def wait_status(self, packet_id: int, limit_s: float = _STATUS_S) -> int | None:
        """Return what became of a packet at the node (``res``); None: nothing was said in time."""
        self.wait(lambda _: packet_id in self._statuses, limit_s)
        with self._changed:
            status = self._statuses.get(packet_id)
        return None if status is None else status.res

    def _send(self, message: mesh_pb2.ToRadio) -> None:
        payload = message.SerializeToString()
        self._send_bytes(_START + len(payload).to_bytes(2, "big") + payload)

    def _send_bytes(self, data: bytes) -> None:
        assert self._sock is not None
        try:
            with self._sending:
                self._sock.sendall(data)
        except OSError as error:
            self._end(f"sending: {error}")

    # -- waiting ----------------------------------------------------------------------------

    def wait(self, condition: Callable[[Self], bool], limit_s: float = WAIT_S) -> bool:
        """Wait until a condition holds, or the connection ends; return whether it holds."""
        with self._changed:
            self._changed.wait_for(lambda: condition(self) or not self.is_open, limit_s)
            return condition(self)

    def wait_packet(
        self, wanted: Callable[[mesh_pb2.MeshPacket], bool], limit_s: float = WAIT_S
    ) -> mesh_pb2.MeshPacket | None:
        """Return the first packet of those that came that is the wanted one."""
        found: list[mesh_pb2.MeshPacket] = []

        def look(_: Self) -> bool:
            found[:] = [packet for packet in self.packets if wanted(packet)][:1]
            return bool(found)

        self.wait(look, limit_s)
        return found[0] if found else None

    def wait_text(self, text: str, limit_s: float = WAIT_S) -> mesh_pb2.MeshPacket | None:
        """Return the packet that brought a text."""
        return self.wait_packet(
            lambda packet: (
                packet.decoded.portnum == _Port.TEXT_MESSAGE_APP
                and packet.decoded.payload == text.encode()
            ),
            limit_s,
        )

    def wait_routing(self, packet_id: int, limit_s: float = WAIT_S) -> int | None:
        """Return the routing error that came for a packet, 0 for its acknowledgement."""
        packet = self.wait_packet(
            lambda packet: (
                packet.decoded.portnum == _Port.ROUTING_APP
                and packet.decoded.request_id == packet_id
            ),
            limit_s,
        )
        if packet is None:
            return None
        return mesh_pb2.Routing.FromString(packet.decoded.payload).error_reason

    def answers_not_ours(self) -> list[mesh_pb2.MeshPacket]:
        """Return the acknowledgements and errors for packets that this client never sent."""
        with self._changed:
            return [
                packet
                for packet in self.packets
                if packet.decoded.portnum in {_Port.ROUTING_APP, _Port.ADMIN_APP}
                and packet.decoded.request_id
                and packet.decoded.request_id not in self._sent_ids
            ]

    # -- the thread -------------------------------------------------------------------------

    def _run(self) -> None:
        assert self._sock is not None
        while self.is_open:
            try:
                ready, _, _ = select.select([self._sock], [], [], self._next_look_s())
                data = self._sock.recv(65_536) if ready else None
            except (OSError, ValueError) as error:
                self._end(f"reading: {error}")
                return
            if data == b"":
                self._end("the node closed it")
                return
            self._look(data)

    def _next_look_s(self) -> float:
        return min(max(self._heartbeat_at_s - time.monotonic(), 0.0), 1.0)

    def _look(self, data: bytes | None) -> None:
        now_s = time.monotonic()
        if data:
            self._heard_at_s = now_s
            self._take_bytes(data)
        elif 0 < self.manner.idle_s < now_s - self._heard_at_s:
            self._give_up(f"nothing for {self.manner.idle_s} s")
        sent_s = self._heartbeat_at_s - self.manner.heartbeat_s
        late = 0 < self.manner.answer_s < now_s - sent_s and self._heard_at_s < sent_s
        if late and now_s < self._heartbeat_at_s:
            self._give_up(f"nothing for {self.manner.answer_s} s after a heartbeat")
        if now_s >= self._heartbeat_at_s and self.is_open:
            self._heartbeat_at_s = now_s + self.manner.heartbeat_s
            self.heartbeat()

    def _take_bytes(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= 4:
            length = int.from_bytes(self._buffer[2:4], "big")
            if self._buffer[:2] != _START or length > _MAX_FRAME_BYTES:
                self._complain(f"no frame: {self._buffer[:8].hex()}")
                self._buffer = self._buffer[1:]
                continue
            if len(self._buffer) < 4 + length:
                return
            payload, self._buffer = self._buffer[4 : 4 + length], self._buffer[4 + length :]
            self._take(mesh_pb2.FromRadio.FromString(payload))

    def _take(self, message: mesh_pb2.FromRadio) -> None:
        kind = message.WhichOneof("payload_variant") or ""
        with self._changed:
            self.frame_kinds[kind] += 1
            stage = self._stage
            if stage is not None:
                stage.take(message)
                if stage.is_done:
                    self._stage = None
                    self.complaints += stage.complaints
            elif kind in _UNASKED:
                self._complain(f"{kind}, which was not asked for")
            if kind == "packet":
                self._take_packet(message.packet)
            elif kind == "queueStatus":
                self._take_status(message.queueStatus)
            elif kind == "clientNotification":
                self.notifications.append(message.clientNotification)
            self._changed.notify_all()

    def _take_packet(self, packet: mesh_pb2.MeshPacket) -> None:
        name = (getattr(packet, "from"), packet.id)
        if name in self._heard_ids:
            self._complain(f"packet {packet.id:08x} of {name[0]:08x} came twice")
        self._heard_ids[name] = None
        if len(self._heard_ids) > _MAX_KEPT:
            del self._heard_ids[next(iter(self._heard_ids))]
        self.packets.append(packet)
        if packet.decoded.portnum != _Port.ADMIN_APP:
            return
        answer = admin_pb2.AdminMessage.FromString(packet.decoded.payload)
        self.session_passkey = answer.session_passkey or self.session_passkey
        if answer.HasField("get_owner_response"):
            self.owner = answer.get_owner_response

    def _take_status(self, status: mesh_pb2.QueueStatus) -> None:
        if status.res == 0 and status.free == 0 and self.manner.awaits_status:
            return
        packet_id = status.mesh_packet_id or self._awaited_id
        if packet_id and packet_id not in self._sent_ids:
            self.statuses_not_ours.append(packet_id)
        known = self._statuses.setdefault(packet_id, status)
        if known.res == _SHOULD_RELEASE:
            known.res = 0

    def _give_up(self, why: str) -> None:
        self._complain(f"it gave up: {why}")
        self._end(why)

    def _end(self, why: str) -> None:
        with self._changed:
            self.ended = self.ended or why
            self._changed.notify_all()

    def _complain(self, text: str) -> None:
        self.complaints.append(text)
