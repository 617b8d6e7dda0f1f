"""One node as clients are told it: what the radio says of it, what was heard, what is believed.

The radio's entry is the base, with its flags and what our copy of the protocol does not know. Where
something was heard since, that is newer. Names, role, model and key are those that the bot
believes, so the key is the pinned one or none, never that of who announced another. Pure.
"""

from typing import Any

from google.protobuf.message import DecodeError, Message
from meshtastic.protobuf import config_pb2, mesh_pb2, portnums_pb2, telemetry_pb2

from meshbot.messages.heard_packet import HeardPacket
from meshbot.model.known_node import KnownNode, node_id
from meshbot.sharing.node_configuration import MAX_FRAME_BYTES

MAX_LONG_NAME_BYTES = 39
MAX_SHORT_NAME_BYTES = 4
"""The firmware's ``User`` has no room for more, nor have the devices of people who read it."""
MAX_CHANNEL = 7
_Port = portnums_pb2.PortNum
_Transport = mesh_pb2.MeshPacket.TransportMechanism
_BY_NETWORK = (_Transport.TRANSPORT_MQTT, _Transport.TRANSPORT_MULTICAST_UDP)
_POSITION_FIELDS = ("latitude_i", "longitude_i", "altitude", "time", "location_source")
"""What the radio keeps of a position (``ConvertToPositionLite``), beside its precision."""

_Believed = tuple[str, str, str, str, bytes, int]


class NodeEntry:
    """One node's entry, and the frame made of it. Used by one thread."""

    __slots__ = ("_believed", "_info", "_payload")

    def __init__(self, num: int) -> None:
        """Know nothing but the number."""
        self._info = mesh_pb2.NodeInfo(num=num)
        self._payload: bytes | None = None
        self._believed: _Believed | None = None

    @property
    def last_heard(self) -> int:
        """When the node was heard, in seconds since 1970; 0 if nobody knows."""
        return self._info.last_heard

    def take(self, told: mesh_pb2.NodeInfo, now: int) -> None:
        """Take the radio's entry, which misses what was heard since, as after it lost power.

        ``now``: the time, before which everything was heard, whatever a clock said then.
        """
        held, info = self._info, mesh_pb2.NodeInfo()
        info.CopyFrom(told)
        heard = min(held.last_heard, now)
        is_newer = heard > info.last_heard
        if is_newer:
            info.last_heard, info.snr = heard, held.snr
            info.via_mqtt = held.via_mqtt
            if held.HasField("hops_away"):
                info.hops_away = held.hops_away
        # 2.8 tells neither here, but afterwards, as packets.
        if _has_place(held.position) and (is_newer or not _has_place(info.position)):
            info.position.CopyFrom(held.position)
        if held.HasField("device_metrics") and (is_newer or not info.HasField("device_metrics")):
            info.device_metrics.CopyFrom(held.device_metrics)
        if held.HasField("user") and not info.HasField("user"):
            info.user.CopyFrom(held.user)
        self._info, self._payload = info, None

    def hear(self, packet: mesh_pb2.MeshPacket, now: int) -> None:
        """Take a packet of the node; ``now``: the time, for a radio that has none."""
        info, before = self._info, self._info.last_heard
        live = is_live(packet)
        if live:
            info.last_heard = packet.rx_time or now
            _copy_signal(info, packet)
        else:
            # Told again by 2.8, which makes up how far it came.
            info.last_heard = max(before, packet.rx_time)
        content = _content_of(packet)
        if isinstance(content, mesh_pb2.Position):
            self._take_position(content, live=live)
        elif isinstance(content, telemetry_pb2.Telemetry):
            older = not live and packet.rx_time < before and info.HasField("device_metrics")
            if content.HasField("device_metrics") and not older:
                info.device_metrics.CopyFrom(content.device_metrics)
                info.device_metrics.DiscardUnknownFields()
        elif isinstance(content, mesh_pb2.User):
            self._take_user(content, packet)
        self._payload = None

    def _take_position(self, position: mesh_pb2.Position, *, live: bool) -> None:
        held = self._info.position
        if not _has_place(position):
            return  # it asks for ours, or tells the time
        if not live and _has_place(held) and position.time < held.time:
            return
        taken = mesh_pb2.Position(precision_bits=position.precision_bits)
        for name in _POSITION_FIELDS:
            if value := getattr(position, name):
                setattr(taken, name, value)
        taken.time = taken.time or held.time
        held.CopyFrom(taken)

    def _take_user(self, user: mesh_pb2.User, packet: mesh_pb2.MeshPacket) -> None:
        """Take of a NodeInfo what the bot does not keep; the rest is not believed here."""
        if packet.channel <= MAX_CHANNEL and not packet.pki_encrypted:
            self._info.channel = packet.channel
        held = self._info.user
        held.is_licensed = user.is_licensed
        if user.HasField("is_unmessagable"):
            held.is_unmessagable = user.is_unmessagable

    def payload(self, known: KnownNode | None) -> bytes:
        """Return the frame that tells of the node, empty if no frame can.

        ``known``: what the bot believes of it.
        """
        believed = _believed_of(known) if known is not None else None
        if self._payload is None or believed != self._believed:
            self._believed = believed
            self._payload = _frame_of(self._shown(known))
        return self._payload

    def _shown(self, known: KnownNode | None) -> mesh_pb2.NodeInfo:
        shown = mesh_pb2.NodeInfo()
        shown.CopyFrom(self._info)
        if known is not None and not shown.last_heard:
            _copy_memory(shown, known)
        key = known.public_key if known is not None else b""
        if key != shown.user.public_key:
            # That is of the radio's key: it was verified, or it signed.
            shown.is_key_manually_verified = False
            shown.DiscardUnknownFields()
        if known is not None and known.introduced:
            _copy_believed(shown.user, known)
        elif not (shown.user.long_name or shown.user.short_name):
            shown.ClearField("user")  # nobody introduced it
        if shown.HasField("user"):
            user = shown.user
            user.id, user.public_key = node_id(shown.num), key
            user.long_name = _cut(user.long_name, MAX_LONG_NAME_BYTES)
            user.short_name = _cut(user.short_name, MAX_SHORT_NAME_BYTES)
        return shown

    def own_payload(self, payload: bytes) -> bytes:
        """Return the frame of our own node's entry with what it said since; the rest as it was."""
        message = mesh_pb2.FromRadio.FromString(payload)
        info, held = message.node_info, self._info
        if held.last_heard <= info.last_heard:
            return payload
        info.last_heard = held.last_heard
        if held.HasField("device_metrics"):
            info.device_metrics.CopyFrom(held.device_metrics)
        if _has_place(held.position) and held.position.time >= info.position.time:
            info.position.CopyFrom(held.position)
        renewed = message.SerializeToString()
        return renewed if len(renewed) <= MAX_FRAME_BYTES else payload


def is_live(packet: mesh_pb2.MeshPacket) -> bool:
    """Say whether a packet was heard just now, or while nobody was connected.

    What 2.8 tells again of what it remembers (``makeReplayPositionPacket``) was not measured, and
    its time is that of the content.
    """
    by_network = packet.via_mqtt or packet.transport_mechanism in _BY_NETWORK
    return bool(packet.rx_rssi) or by_network


def _content_of(packet: mesh_pb2.MeshPacket) -> Message | None:
    """Return what a packet holds, if it is one of the kinds that tell of its sender."""
    port, data = packet.decoded.portnum, packet.decoded.payload
    try:
        if port == _Port.POSITION_APP:
            return mesh_pb2.Position.FromString(data)
        if port == _Port.TELEMETRY_APP:
            return telemetry_pb2.Telemetry.FromString(data)
        if port == _Port.NODEINFO_APP:
            return mesh_pb2.User.FromString(data)
    except DecodeError:
        pass  # anybody may have made it
    return None


def _copy_signal(info: mesh_pb2.NodeInfo, packet: mesh_pb2.MeshPacket) -> None:
    """Copy how a packet came, as ``NodeDB::updateFrom`` does."""
    heard = HeardPacket(packet, 0.0, 0.0)
    info.snr = heard.snr_db or info.snr
    info.via_mqtt = packet.via_mqtt
    if heard.hops is not None:
        info.hops_away = heard.hops


def _copy_memory(info: mesh_pb2.NodeInfo, known: KnownNode) -> None:
    """Copy when the bot last heard a node that nobody else heard."""
    info.last_heard = _uint32(known.last_heard)
    info.snr = known.snr_db or 0.0
    if known.hops is not None:
        info.hops_away = _uint32(known.hops)


def _believed_of(known: KnownNode) -> _Believed:
    return (
        known.long_name,
        known.short_name,
        known.hw_model,
        known.role,
        known.public_key,
        known.last_heard,
    )


def _copy_believed(user: mesh_pb2.User, known: KnownNode) -> None:
    """Copy names, model and role, where the bot knows them; one without a name gets the usual."""
    usual = known.id[-4:]
    long_name = known.long_name or user.long_name or f"Meshtastic {usual}"
    user.long_name = _cut(long_name, MAX_LONG_NAME_BYTES)
    user.short_name = _cut(known.short_name or user.short_name or usual, MAX_SHORT_NAME_BYTES)
    if known.hw_model:
        user.hw_model = _number_of(mesh_pb2.HardwareModel, known.hw_model)
    if known.role:
        user.role = _number_of(config_pb2.Config.DeviceConfig.Role, known.role)


def _number_of(enum: Any, name: str) -> Any:
    """Return the number of a name, or of a number that is newer than our copy of the protocol."""
    try:
        return enum.Value(name)
    except ValueError:
        return int(name) if name.isdecimal() and len(name) <= 9 else 0


def _has_place(position: mesh_pb2.Position) -> bool:
    return bool(position.latitude_i or position.longitude_i)


def _uint32(value: int) -> int:
    return min(max(value, 0), 0xFFFFFFFF)


def _cut(text: str, max_bytes: int) -> str:
    """Return as many characters as have room; a text that was stored may hold half ones."""
    return text.encode("utf-8", "replace")[:max_bytes].decode("utf-8", "ignore")


def _frame_of(info: mesh_pb2.NodeInfo) -> bytes:
    """Return the frame of an entry; empty if it is too large even without what is unknown."""
    payload = mesh_pb2.FromRadio(node_info=info).SerializeToString()
    if len(payload) <= MAX_FRAME_BYTES:
        return payload
    info.DiscardUnknownFields()
    payload = mesh_pb2.FromRadio(node_info=info).SerializeToString()
    return payload if len(payload) <= MAX_FRAME_BYTES else b""
