"""The phone API of the simulated node: handshake, heartbeats, queue reports, client's packets.

It sits between the TCP side and the radio, both of which it owns. Everything here runs in the
node's loop thread.
"""

import random
import time
from collections import deque
from collections.abc import Callable, Iterable

from google.protobuf.message import DecodeError
from meshtastic.protobuf import admin_pb2, mesh_pb2, portnums_pb2

from meshbot.link.frame_decoder import HEADER_BYTES, START1
from meshbot.simulation import config_frames, packets
from meshbot.simulation.air_text import AirText
from meshbot.simulation.config_frames import NodeIdentity
from meshbot.simulation.link import SimulatedLink
from meshbot.simulation.loop import SelectLoop
from meshbot.simulation.own_telemetry import OwnTelemetry
from meshbot.simulation.peer import SimulatedPeer
from meshbot.simulation.radio import SimulatedRadio
from meshbot.simulation.server import SimulatedServer
from meshbot.simulation.session import SimulatedSession
from meshbot.simulation.settings import SimulatedSettings
from meshbot.simulation.traits import SimulatedTraits

_Port = portnums_pb2.PortNum
_Error = mesh_pb2.Routing.Error

_QUEUE_LENGTH = 16
_QUEUE_FULL_RES = 32
_RECORDED = 10_000
_IDLE_LOOK_S = 1.0
_LIGHT = config_frames.ONLY_CONFIG_ID
# What a proxy remembers of another client's request.
_WRONG_ID = 1
_GARBAGE_ALPHABET = bytes(byte for byte in range(256) if byte != START1)


class SimulatedApi:
    """What the firmware calls PhoneAPI, for one client at a time."""

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
        """Build the radio and the TCP side; nothing is bound yet."""
        self.frames_received: deque[mesh_pb2.ToRadio] = deque(maxlen=_RECORDED)
        self.texts_dropped: deque[AirText] = deque(maxlen=_RECORDED)
        self.contacts_added: deque[admin_pb2.SharedContact] = deque(maxlen=_RECORDED)
        self.config_requests: deque[int] = deque(maxlen=_RECORDED)
        self.configs_completed = 0
        self.heartbeats_received = 0
        self.admin_requests_received = 0
        self.duplicates_ignored = 0
        self.unparseable_received = 0
        self.reboot_count = 0
        self.session: SimulatedSession | None = None
        self.kept: deque[bytes] = deque(maxlen=traits.kept_packets)
        self.server = SimulatedServer(
            loop,
            on_open=self._on_open,
            on_frame=self._on_frame,
            on_close=self._on_close,
        )
        self.radio = SimulatedRadio(
            identity,
            peers,
            settings,
            rng=rng,
            loop=loop,
            client=self,
        )
        self._identity = identity
        self._settings = settings
        self._loop = loop
        self._clock = loop.clock
        self._rng = rng
        self._answers_heartbeats = traits.answers_heartbeats
        if self._answers_heartbeats is None:
            self._answers_heartbeats = identity.firmware_tuple >= (2, 7, 5)
        self._queue_full = False
        self._counts_reboots = traits.counts_reboots
        self._telemetry = OwnTelemetry(loop, settings, self._hear_own)

    @property
    def identity(self) -> NodeIdentity:
        """Who the node is."""
        return self._identity

    def open(self, host: str, port: int) -> None:
        """Start up: listen; raises ``OSError`` naming the address when it cannot."""
        self.server.open(host, port)
        self._telemetry.begin()

    def deliver(self, packet: mesh_pb2.MeshPacket) -> None:
        """Give a packet to the client, or keep it for the next one that is ready."""
        self.deliver_all((packet,))

    def deliver_all(self, heard: Iterable[mesh_pb2.MeshPacket]) -> None:
        """Give packets to the client in one piece, or keep the last ones for the next client."""
        frames = [packets.frame(mesh_pb2.FromRadio(packet=packet)) for packet in heard]
        if self.session is not None and self.session.complete:
            self._send(self.session, b"".join(frames), len(frames))
        else:
            self.kept.extend(frames)

    def _hear_own(self, uptime_s: int) -> bool:
        """Give the client the node's own telemetry, unless something waits for one already."""
        ready = self.session is not None and self.session.complete
        if not self.server.is_listening or (self.kept and not ready):
            return False
        data = packets.uptime_data(uptime_s)
        packet = packets.packet_from_node(self._identity.num, data, self.radio.new_id())
        packet.to = packets.BROADCAST_NUM
        self.deliver(packet)
        return True

    def notify(self, notification: mesh_pb2.ClientNotification) -> None:
        """Tell the client something in words; nobody there: it is lost."""
        if self.session is not None and self.session.complete:
            message = mesh_pb2.FromRadio(clientNotification=notification)
            self._send(self.session, packets.frame(message))

    def notify_about(self, text: str, packet_id: int) -> None:
        """Tell the client something about one of its packets."""
        self.notify(packets.notification(text, reply_id=packet_id))

    def become(self, identity: NodeIdentity) -> None:
        """Be somebody else from now on, after a restart."""
        self._identity = self.radio.identity = identity
        self.reboot(0.0)

    def send_raw(self, data: bytes, frames: int) -> bool:
        """Send bytes as they are; say whether there was a client."""
        link = self.server.link
        if link is not None:
            self.server.send(link, data, frames)
        return link is not None

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

    def crash(self, down_s: float) -> None:
        """Die without a word to the client, and be away for a time."""
        self.server.crash(down_s)
        self._start_anew(down_s)

    def _start_anew(self, down_s: float) -> None:
        self.reboot_count += 1
        self._telemetry.restart(down_s)
        self.kept.clear()
        self._queue_full = False

    def set_queue_full(self, full: bool) -> None:
        """Set and report the state of the transmit queue."""
        self._queue_full = full
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
        if self._queue_full:
            self.set_queue_full(False)

    def half_frame(self) -> bytes:
        """Return the beginning of a valid frame."""
        whole = packets.frame(self._own_node_info(1))
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
        idle_s = self._clock() - link.heard_at_s
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
                self._start_handshake(session, message.want_config_id)
            case "heartbeat":
                self.heartbeats_received += 1
                if self._answers_heartbeats:
                    self.report(0, 0)
            case "disconnect":
                session.complete = False
                session.handshake += 1
            case "packet":
                # A copy: the record keeps what the client really sent.
                packet = mesh_pb2.MeshPacket()
                packet.CopyFrom(message.packet)
                self._on_packet(session, packet)

    def _send(self, session: SimulatedSession, data: bytes, frames: int = 1) -> None:
        if not session.muted:
            self.server.send(session.link, data, frames)

    def report(self, res: int, packet_id: int) -> None:
        """Tell the client what came of queueing a packet, and how full the queue is."""
        session = self.session
        if session is None:
            return
        status = packets.frame(
            mesh_pb2.FromRadio(
                queueStatus=mesh_pb2.QueueStatus(
                    res=res,
                    free=0 if self._queue_full else _QUEUE_LENGTH,
                    maxlen=_QUEUE_LENGTH,
                    mesh_packet_id=packet_id,
                )
            )
        )
        # About a packet it waits for the configuration, as in the firmware; a heartbeat does not.
        if session.complete or not packet_id:
            self._send(session, status)
        else:
            session.held.append(status)

    def _own_node_info(self, uptime_s: int) -> mesh_pb2.FromRadio:
        return config_frames.own_node_info(self._identity, self._settings, uptime_s)

    # -- the handshake ----------------------------------------------------------------------

    def _start_handshake(self, session: SimulatedSession, config_id: int) -> None:
        self.config_requests.append(config_id)
        answers = self._settings.answers_light if config_id == _LIGHT else "right"
        if answers == "never":
            return
        session.complete = False
        session.handshake += 1
        frames = self._first_frames(config_id)
        ends_in_reset = False
        if config_id != _LIGHT:
            nodes = self.radio.db.frames()
            limit = self._settings.reset_dumps_over
            if limit is not None and len(nodes) > limit:
                nodes = nodes[:limit]
                ends_in_reset = True
            frames.extend(nodes)
        if not ends_in_reset:
            told_id = _WRONG_ID if answers == "wrong_id" else config_id
            frames.append(packets.frame(mesh_pb2.FromRadio(config_complete_id=told_id)))
        hangs = self._settings.hang_handshake_after is not None
        frames = frames[: self._settings.hang_handshake_after]

        def finish() -> None:
            if hangs:
                session.muted = True
            elif ends_in_reset:
                self.server.reset_when_drained(session.link)
            else:
                self._complete(session)

        if self._settings.frame_interval_s > 0:
            self._trickle(session, session.handshake, deque(frames), finish)
        else:
            self._send(session, b"".join(frames), len(frames))
            finish()

    def _first_frames(self, config_id: int) -> list[bytes]:
        """Build what comes before the other nodes."""
        uptime_s = self._telemetry.told_uptime_s
        if config_id == config_frames.ONLY_NODES_ID:
            return [packets.frame(self._own_node_info(uptime_s))]
        messages = config_frames.config_frames(
            self._identity,
            self._settings,
            reboot_count=self.reboot_count + 1 if self._counts_reboots else 0,
            uptime_s=uptime_s,
            nodes_in_db=len(self.radio.db) + 1,
        )
        return [packets.frame(message) for message in messages]

    def _trickle(
        self,
        session: SimulatedSession,
        handshake: int,
        frames: deque[bytes],
        finish: Callable[[], None],
    ) -> None:
        # A later request, or the end of the link, makes this handshake void.
        if session is not self.session or session.handshake != handshake:
            return
        if not frames:
            finish()
            return
        self._send(session, frames.popleft())
        delay_s = self._settings.frame_interval_s if frames else 0.0
        self._loop.later(delay_s, lambda: self._trickle(session, handshake, frames, finish))

    def _complete(self, session: SimulatedSession) -> None:
        if session.muted:
            return
        session.complete = True
        self.configs_completed += 1
        burst = [*session.held, *self.kept]
        session.held.clear()
        self.kept.clear()
        self._send(session, b"".join(burst), len(burst))

    # -- packets from the client ------------------------------------------------------------

    def _on_packet(self, session: SimulatedSession, packet: mesh_pb2.MeshPacket) -> None:
        if session.is_duplicate(packet.id):
            self.duplicates_ignored += 1
            return
        if packet.id == 0:
            packet.id = self.radio.new_id()
        # The firmware lets no client choose the sender.
        packets.set_sender(packet, self._identity.num)
        if self._is_text_too_soon(session, packet):
            self.texts_dropped.append(self.radio.air_text(packet, packet.decoded, pki=False))
            self.report(0, packet.id)
        elif packet.to == self._identity.num:
            self._on_packet_to_self(packet)
        elif self._queue_full:
            self.report(_QUEUE_FULL_RES, packet.id)
        elif packet.WhichOneof("payload_variant") == "encrypted":
            self.radio.put_sealed_on_air(packet)
        else:
            self.radio.put_on_air(packet)

    def _is_text_too_soon(self, session: SimulatedSession, packet: mesh_pb2.MeshPacket) -> bool:
        if packet.WhichOneof("payload_variant") != "decoded":
            return False
        if packet.decoded.portnum != _Port.TEXT_MESSAGE_APP or self._identity.firmware_tuple < (
            2,
            7,
        ):
            return False
        now_s = self._clock()
        last_s = session.last_text_at_s
        if last_s is not None and now_s - last_s < self._settings.text_spacing_s:
            return True
        session.last_text_at_s = now_s
        return False

    def _on_packet_to_self(self, packet: mesh_pb2.MeshPacket) -> None:
        self.report(0, packet.id)
        if packet.decoded.portnum != _Port.ADMIN_APP:
            return
        self.admin_requests_received += 1
        if self._settings.managed:
            # AdminModule: "Ignore local admin payload because is_managed".
            return
        try:
            request = admin_pb2.AdminMessage.FromString(packet.decoded.payload)
        except DecodeError:
            self.radio.hear_routing(None, packet.id, _Error.BAD_REQUEST)
            return
        if request.HasField("get_device_metadata_request"):
            answer = admin_pb2.AdminMessage(get_device_metadata_response=self._identity.metadata())
            data = mesh_pb2.Data(
                portnum=_Port.ADMIN_APP,
                payload=answer.SerializeToString(),
                request_id=packet.id,
            )
            self.deliver(packets.packet_from_node(self._identity.num, data, self.radio.new_id()))
            return
        if request.HasField("add_contact"):
            contact = request.add_contact
            self.contacts_added.append(contact)
            self.radio.db.add_contact(contact.node_num, contact.user, int(time.time()))
        if packet.want_ack:
            self.radio.hear_routing(None, packet.id, _Error.NONE)
