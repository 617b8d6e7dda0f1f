"""The phone API of the simulated node: what a client says to it, and what waits for a client.

It sits between the TCP side and the radio, and owns all parts of the node. Everything here runs in
the node's loop thread.
"""

import random
from collections import deque
from collections.abc import Iterable, Sequence

from google.protobuf.message import DecodeError
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.link.frame_decoder import HEADER_BYTES, START1
from meshbot.simulation import packets
from meshbot.simulation.admin import SimulatedAdmin
from meshbot.simulation.air_queue import LENGTH as QUEUE_LENGTH
from meshbot.simulation.announcement import Announcement
from meshbot.simulation.client_packets import ClientPackets
from meshbot.simulation.config_frames import ONLY_CONFIG_ID, NodeState
from meshbot.simulation.handshake import SimulatedHandshake
from meshbot.simulation.link import SimulatedLink
from meshbot.simulation.loop import SelectLoop
from meshbot.simulation.mesh import SimulatedMesh
from meshbot.simulation.node_identity import NodeIdentity
from meshbot.simulation.own_telemetry import Content, OwnTelemetry
from meshbot.simulation.peer import SimulatedPeer
from meshbot.simulation.radio import SimulatedRadio
from meshbot.simulation.reception import SimulatedReception
from meshbot.simulation.server import SimulatedServer
from meshbot.simulation.session import SimulatedSession
from meshbot.simulation.settings import SimulatedSettings
from meshbot.simulation.traits import SimulatedTraits

_Port = portnums_pb2.PortNum
_Priority = mesh_pb2.MeshPacket.Priority
_RECORDED = 10_000
# MAX_RX_QUEUESTATUS_TOPHONE.
_KEPT_STATUSES = 2
_IDLE_LOOK_S = 1.0
_ANNOUNCE_NONCE = 1
_GARBAGE_ALPHABET = bytes(byte for byte in range(256) if byte != START1)


class SimulatedApi:
    """What the firmware calls PhoneAPI and MeshService, for one client at a time."""

    def __init__(
        self,
        identity: NodeIdentity,
        peers: Iterable[SimulatedPeer],
        settings: SimulatedSettings,
        traits: SimulatedTraits,
        *,
        loop: SelectLoop,
        rng: random.Random,
    ) -> None:
        """Build all parts of the node; nothing is bound yet."""
        self.frames_received: deque[mesh_pb2.ToRadio] = deque(maxlen=_RECORDED)
        self.config_requests: deque[int] = deque(maxlen=_RECORDED)
        self.configs_completed = 0
        self.heartbeats_received = 0
        self.unparseable_received = 0
        self.reboot_count = 0
        self.session: SimulatedSession | None = None
        self.kept: deque[bytes] = deque(maxlen=traits.kept_packets)
        self._kept_statuses: deque[bytes] = deque(maxlen=_KEPT_STATUSES)
        self._settings = settings
        self._traits = traits
        self._loop = loop
        self._rng = rng
        self.server = SimulatedServer(
            loop, on_open=self._on_open, on_frame=self._on_frame, on_close=self._on_close
        )
        mesh = SimulatedMesh(peers, knows_time=identity.profile.knows_time())
        self.radio = SimulatedRadio(identity, mesh, settings, rng=rng, loop=loop, client=self)
        self.reception = SimulatedReception(self.radio, settings, rng=rng, loop=loop, client=self)
        self.admin = SimulatedAdmin(self.radio, settings, rng=rng, restart=self._restart_soon)
        self.packets = ClientPackets(self.radio, self.admin, settings, loop=loop, client=self)
        self._handshake = SimulatedHandshake(
            self.radio,
            self.server,
            settings,
            loop=loop,
            state=self._state,
            complete=self._complete,
        )
        self._telemetry = OwnTelemetry(
            loop,
            settings,
            identity.profile,
            self,
            air_time=self.radio.air_time,
            past_uptime_s=traits.past_uptime_s,
        )
        self._announcement = Announcement(loop, settings, self.radio)
        self._told_free = 0
        self.radio.queue.on_room = self._on_room

    def open(self, host: str, port: int) -> None:
        """Start up: listen; raises ``OSError`` naming the address when it cannot."""
        self.server.open(host, port)
        self._telemetry.begin()
        self._announcement.begin()
        # MeshService starts with the idea that the queue is full, and tells that it is not.
        self.report(0, 0)

    def _state(self) -> NodeState:
        return NodeState(
            reboot_count=self.reboot_count + 1 if self._traits.tells_reboots else 0,
            metrics=self._telemetry.metrics,
            nodes_in_db=len(self.radio.mesh.db) + 1,
            knows_time=self.radio.mesh.knows_time,
        )

    # -- to the client ----------------------------------------------------------------------

    def deliver(self, packet: mesh_pb2.MeshPacket) -> None:
        """Give a packet to the client, or keep it for the next one that is ready."""
        self.deliver_all((packet,))

    def deliver_all(self, heard: Iterable[mesh_pb2.MeshPacket]) -> None:
        """Give packets to the client in one piece, or keep the last ones for the next client."""
        frames = [packets.frame(mesh_pb2.FromRadio(packet=packet)) for packet in heard]
        while frames and self.session is not None and self.server.loses_next(self.session.link):
            del frames[0]
        if self.session is not None and self.session.complete:
            self._send(self.session, b"".join(frames), len(frames))
        else:
            self.kept.extend(frames)

    def report(self, res: int, packet_id: int) -> None:
        """Tell the client what came of queueing a packet, and how full the queue is.

        Of the reports for which no client is ready, the last two are kept.
        """
        frame = self._status_frame(res, packet_id)
        self._told_free = self._free
        if self.session is not None and self.session.complete:
            self._send(self.session, frame)
        else:
            self._kept_statuses.append(frame)

    @property
    def _free(self) -> int:
        return 0 if self.packets.is_queue_full else self.radio.queue.free

    def _on_room(self) -> None:
        """Tell the client, which was told that there is no room, that there is (again)."""
        if not self._told_free and self._free:
            self.report(0, 0)

    def _status_frame(self, res: int, packet_id: int) -> bytes:
        status = mesh_pb2.QueueStatus(
            res=res,
            free=self._free,
            maxlen=QUEUE_LENGTH,
            mesh_packet_id=packet_id,
        )
        return packets.frame(mesh_pb2.FromRadio(queueStatus=status))

    def notify(self, notification: mesh_pb2.ClientNotification) -> None:
        """Tell the client something in words; nobody there: it is lost."""
        if self.session is not None and self.session.complete:
            message = mesh_pb2.FromRadio(clientNotification=notification)
            self._send(self.session, packets.frame(message))

    def notify_about(self, text: str, packet_id: int) -> None:
        """Tell the client something about one of its packets."""
        self.notify(packets.notification(text, reply_id=packet_id))

    def hear_own(self, contents: Sequence[Content], *, on_air: bool) -> bool:
        """Send the node's own telemetry, to the mesh or to a client that nothing waits for."""
        ready = self.session is not None and self.session.complete
        if not self.server.is_listening or (self.kept and not ready):
            return False
        for content in contents:
            self._tell_telemetry(packets.own_telemetry_data(content), on_air=on_air)
        return True

    def _tell_telemetry(self, data: mesh_pb2.Data, *, on_air: bool) -> None:
        everybody, priority = packets.BROADCAST_NUM, _Priority.BACKGROUND
        if on_air:
            self.radio.send_own(everybody, data, priority, tells_client=True, copies_client=True)
        else:
            self.radio.tell(data, priority, to=everybody, hop_limit=self._settings.hop_limit)

    def traffic(self) -> tuple[int, int]:
        """Return how many packets were sent so far, and how many nodes are known."""
        sent = len(self.radio.packets_on_air) + len(self.radio.own_packets_on_air)
        return sent, len(self.radio.mesh.db) + 1

    def send_raw(self, data: bytes, frames: int) -> bool:
        """Send bytes as they are; say whether there was a client."""
        link = self.server.link
        if link is not None:
            self.server.send(link, data, frames)
        return link is not None

    def _send(self, session: SimulatedSession, data: bytes, frames: int = 1) -> None:
        if not session.muted:
            self.server.send(session.link, data, frames)

    # -- faults -----------------------------------------------------------------------------

    def rst_mid_frame(self) -> bool:
        """Send half a frame, then reset; say whether there was a client."""
        self.send_raw(self.half_frame(), 0)
        link = self.server.link
        if link is not None:
            # A silent link has to let the half frame out.
            link.frozen = False
            self.server.reset_when_drained(link)
        return link is not None

    def set_silent(self, silent: bool, next_connections: bool) -> None:
        """Stop or resume all traffic, on this connection and perhaps on the next ones."""
        self.server.freezes_new_links = next_connections
        self.server.set_frozen(silent)

    def reboot(self, down_s: float) -> None:
        """Reset the client and be away for a time, with the database kept."""
        self.server.refuse(down_s, reset=True)
        self._start_anew(down_s)

    def kill(self, down_s: float) -> None:
        """Close the client's connection as a process that ends, and be away for a time."""
        self.server.refuse(down_s)
        self._start_anew(down_s)

    def crash(self, down_s: float) -> None:
        """Die without a word to the client, and be away for a time."""
        self.server.crash(down_s)
        self._start_anew(down_s)

    def become(self, identity: NodeIdentity) -> None:
        """Be somebody else from now on, after a restart."""
        self.radio.identity = identity
        self.reboot(0.0)

    def _restart_soon(self) -> None:
        self._loop.later(
            self._settings.restart_after_change_s,
            lambda: self.crash(self._settings.restart_takes_s),
        )

    def _start_anew(self, down_s: float) -> None:
        self.reboot_count += 1
        self._telemetry.restart(down_s)
        self._announcement.restart(down_s)
        self.kept.clear()
        self.radio.queue.clear()
        self.radio.air_time.clear()
        self.packets.is_queue_full = False
        self._kept_statuses.clear()
        self.report(0, 0)

    def set_queue_full(self, full: bool) -> None:
        """Set and report the state of the transmit queue."""
        self.packets.is_queue_full = full
        self.report(0, 0)

    def clear_faults(self) -> None:
        """End every fault."""
        self._settings.hang_handshake_after = None
        self._settings.reset_dumps_over = None
        self._settings.frame_interval_s = 0.0
        self.server.drop_next = 0
        self.server.accept_again()
        self.set_silent(False, False)
        self.server.set_reads(True)
        if self.packets.is_queue_full:
            self.set_queue_full(False)

    def half_frame(self) -> bytes:
        """Return the beginning of a valid frame."""
        whole = self._handshake.own_node_info()
        return whole[: HEADER_BYTES + (len(whole) - HEADER_BYTES) // 2]

    def garbage(self, count: int) -> bytes:
        """Return bytes that start no frame."""
        # Without START1, or what follows the garbage would be misread as well.
        return bytes(self._rng.choice(_GARBAGE_ALPHABET) for _ in range(count))

    # -- the connection ---------------------------------------------------------------------

    def _on_open(self, link: SimulatedLink) -> None:
        self.session = SimulatedSession(link)
        self._watch_idle(link)

    def _on_close(self, link: SimulatedLink) -> None:
        if self.session is not None and self.session.link is link:
            self.session = None

    def _watch_idle(self, link: SimulatedLink) -> None:
        if link.closed or self.server.link is not link:
            return
        idle_s = self._loop.clock() - link.heard_at_s
        # A fault that keeps the node from reading is not the client's silence.
        if idle_s >= self._settings.idle_limit_s and self.server.is_reading(link):
            self.server.close_by_fin()
            return
        left_s = self._settings.idle_limit_s - idle_s
        # Looked at often enough for a limit that is lowered later.
        delay_s = min(left_s, _IDLE_LOOK_S) if left_s > 0 else _IDLE_LOOK_S
        self._loop.later(delay_s, lambda: self._watch_idle(link))

    def _on_frame(self, link: SimulatedLink, payload: bytes) -> None:
        try:
            message = mesh_pb2.ToRadio.FromString(payload)
        except DecodeError:
            self.unparseable_received += 1
            return
        self.frames_received.append(message)
        session = self.session
        if session is None or session.link is not link:
            return
        match message.WhichOneof("payload_variant"):
            case "want_config_id":
                self.config_requests.append(message.want_config_id)
                self._handshake.start(session, message.want_config_id)
            case "heartbeat":
                self._on_heartbeat(session, message.heartbeat.nonce)
            case "disconnect":
                # PhoneAPI closes, and its link with it.
                self.server.close_by_fin()
            case "packet":
                # A copy: the record keeps what the client really sent.
                packet = mesh_pb2.MeshPacket()
                packet.CopyFrom(message.packet)
                self.packets.take(session, packet)

    def _on_heartbeat(self, session: SimulatedSession, nonce: int) -> None:
        self.heartbeats_received += 1
        profile = self.radio.identity.profile
        answers = self._traits.answers_heartbeats
        if nonce == _ANNOUNCE_NONCE and profile.broadcasts_on_nonce_1:
            self._announcement.send_now()
        elif profile.answers_heartbeats if answers is None else answers:
            # Also while a configuration is under way.
            self._send(session, self._status_frame(0, 0))

    def _complete(self, session: SimulatedSession, config_id: int) -> None:
        if session.muted:
            return
        session.complete = True
        self.configs_completed += 1
        burst = [*self._kept_statuses, *self.kept]
        self._kept_statuses.clear()
        self.kept.clear()
        self._send(session, b"".join(burst), len(burst))
        if self.radio.identity.profile.is_2_8 and config_id != ONLY_CONFIG_ID:
            self.deliver_all(self.radio.mesh.replays.packets())
