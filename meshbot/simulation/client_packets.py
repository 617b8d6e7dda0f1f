"""What the simulated node does with the packets of its client. Owned by its loop thread.

``PhoneAPI::handleToRadioPacket`` and what follows from it: packets for the node itself, and those
for the air.
"""

from collections import deque

from google.protobuf.message import DecodeError
from meshtastic.protobuf import admin_pb2, mesh_pb2, portnums_pb2

from meshbot.simulation import packets
from meshbot.simulation.admin import SimulatedAdmin
from meshbot.simulation.air_text import AirText
from meshbot.simulation.loop import SelectLoop
from meshbot.simulation.radio import ClientSide, SimulatedRadio
from meshbot.simulation.session import SimulatedSession
from meshbot.simulation.settings import SimulatedSettings

_Port = portnums_pb2.PortNum
_Error = mesh_pb2.Routing.Error
_Priority = mesh_pb2.MeshPacket.Priority
_RECORDED = 10_000
# MeshTypes.h: ERRNO_UNKNOWN.
_QUEUE_FULL_RES = 32
# What a client may send only so often, beside texts; the second table from 2.6.7 on.
_SPACING_S: dict[int, float] = {_Port.TRACEROUTE_APP: 30.0, _Port.POSITION_APP: 5.0}
_WIDER_SPACING_S: dict[int, float] = {
    _Port.TRACEROUTE_APP: 30.0,
    _Port.POSITION_APP: 10.0,
    _Port.WAYPOINT_APP: 10.0,
    _Port.ALERT_APP: 10.0,
    _Port.TELEMETRY_APP: 10.0,
}
_TOO_MANY_TRACEROUTES = "TraceRoute can only be sent once every 30 seconds"
_TRACEROUTE_TO_ALL = "Multi-hop traceroute to broadcast address is not allowed"


class ClientPackets:
    """Takes them, one after another."""

    def __init__(
        self,
        radio: SimulatedRadio,
        admin: SimulatedAdmin,
        settings: SimulatedSettings,
        *,
        loop: SelectLoop,
        client: ClientSide,
    ) -> None:
        """Send what is for the air with this radio."""
        self.texts_dropped: deque[AirText] = deque(maxlen=_RECORDED)
        self.admin_requests_received = 0
        self.duplicates_ignored = 0
        self.is_queue_full = False
        self._radio = radio
        self._admin = admin
        self._settings = settings
        self._clock = loop.clock
        self._client = client

    def take(self, session: SimulatedSession, packet: mesh_pb2.MeshPacket) -> None:
        """Take one; it may be changed."""
        profile = self._radio.identity.profile
        if profile.ignores_duplicates and session.is_duplicate(packet.id):
            self.duplicates_ignored += 1
            return
        if packet.id == 0:
            packet.id = self._radio.new_id()
        # The firmware lets no client choose the sender.
        packets.set_sender(packet, self._radio.identity.num)
        if self._is_traceroute_to_all(packet):
            self._client.report(0, packet.id)
            self._client.notify_about(_TRACEROUTE_TO_ALL, packet.id)
        elif self._is_too_soon(session, packet):
            self._drop(packet)
        elif packet.to == self._radio.identity.num:
            self._take_own(packet)
        elif self.is_queue_full:
            self._client.report(_QUEUE_FULL_RES, packet.id)
        elif packet.WhichOneof("payload_variant") == "encrypted":
            self._radio.put_sealed_on_air(packet)
        else:
            if self._is_traceroute(packet) and packet.to != packets.BROADCAST_NUM:
                packet.want_ack |= profile.traceroutes_want_acks
            self._radio.put_on_air(packet)

    @staticmethod
    def _is_traceroute(packet: mesh_pb2.MeshPacket) -> bool:
        return packet.decoded.portnum == _Port.TRACEROUTE_APP

    def _is_traceroute_to_all(self, packet: mesh_pb2.MeshPacket) -> bool:
        refused = self._radio.identity.profile.refuses_traceroutes_to_all
        several_hops = packet.to == packets.BROADCAST_NUM and packet.hop_limit > 0
        return refused and several_hops and self._is_traceroute(packet)

    def _is_too_soon(self, session: SimulatedSession, packet: mesh_pb2.MeshPacket) -> bool:
        """Say whether another packet on its port came a moment before; if not, remember it."""
        if packet.WhichOneof("payload_variant") != "decoded":
            return False
        port, now_s = packet.decoded.portnum, self._clock()
        last_s = session.taken_at_s.get(port)
        if last_s is not None and now_s - last_s < self._spacing_s(port):
            return True
        session.taken_at_s[port] = now_s
        return False

    def _spacing_s(self, port: int) -> float:
        if port == _Port.TEXT_MESSAGE_APP:
            limited = self._radio.identity.profile.refuses_texts_too_soon
            return self._settings.text_spacing_s if limited else 0.0
        wider = self._radio.identity.profile.spaces_many_ports
        return (_WIDER_SPACING_S if wider else _SPACING_S).get(port, 0.0)

    def _drop(self, packet: mesh_pb2.MeshPacket) -> None:
        self._client.report(0, packet.id)
        if packet.decoded.portnum == _Port.TEXT_MESSAGE_APP:
            self.texts_dropped.append(self._radio.air_text(packet, packet.decoded, pki=False))
            # Addressed to the sender, which is 0 as long as it is the client: it goes on the air.
            error = packets.routing_data(packet.id, _Error.RATE_LIMIT_EXCEEDED)
            self._radio.send_own(0, error, _Priority.ACK)
        elif self._is_traceroute(packet):
            self._client.notify_about(_TOO_MANY_TRACEROUTES, packet.id)

    def _take_own(self, packet: mesh_pb2.MeshPacket) -> None:
        """Take a packet for the node itself: only its administration listens there."""
        answers_first = self._radio.identity.profile.is_2_8
        if not answers_first:
            self._client.report(0, packet.id)
        answer = self._obeyed(packet) if packet.decoded.portnum == _Port.ADMIN_APP else None
        answer_id = self._radio.new_id()
        if answer is not None:
            self._client.report(0, answer_id)
        if answers_first:
            self._client.report(0, packet.id)
        if packet.want_ack:
            self._radio.tell_of_failure(packet.id, _Error.NONE)
        if answer is not None:
            self._radio.tell(
                answer,
                _Priority.RELIABLE,
                hop_limit=self._settings.hop_limit,
                packet_id=answer_id,
            )

    def _obeyed(self, packet: mesh_pb2.MeshPacket) -> mesh_pb2.Data | None:
        """Carry out an admin message; return the answer to it, if there is one."""
        self.admin_requests_received += 1
        if self._settings.managed:
            # "Ignore local admin payload because is_managed".
            return None
        try:
            request = admin_pb2.AdminMessage.FromString(packet.decoded.payload)
        except DecodeError:
            return packets.routing_data(packet.id, _Error.BAD_REQUEST)
        answer = self._admin.obey(request, wants_answer=packet.decoded.want_response)
        if answer is not None:
            return mesh_pb2.Data(
                portnum=_Port.ADMIN_APP,
                payload=answer.SerializeToString(),
                request_id=packet.id,
            )
        if packet.decoded.want_response:
            return packets.routing_data(packet.id, _Error.NONE)
        return None
