"""Which admin messages only read. Pure.

Judged by the numbers of the fields on the wire and not by what a parser makes of them: the node has
another parser than we, newer messages, and no qualms about text that is no UTF-8. Whatever is not
known to read is taken to write.
"""

from collections.abc import Iterator
from typing import NamedTuple

from google.protobuf.message import DecodeError
from meshtastic.protobuf import admin_pb2, mesh_pb2, portnums_pb2

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_SIZES = {_FIXED64: 8, _FIXED32: 4}
_MAX_VARINT_BYTES = 10
_MAX_FIELD_NUMBER = (1 << 29) - 1

_ADMIN = portnums_pb2.PortNum.ADMIN_APP
_FIELDS = admin_pb2.AdminMessage.DESCRIPTOR.fields_by_name
_SESSION_PASSKEY = _FIELDS["session_passkey"].number
CONFIG_RESPONSE = _FIELDS["get_config_response"].number
_LOCKDOWN_AUTH = 104
"""Obeyed by the node that is given it, whoever it is for (``handleToRadioPacket``, 2.8)."""
READS = frozenset(
    _FIELDS[name].number
    for name in (
        "get_channel_request",
        "get_owner_request",
        "get_config_request",
        "get_module_config_request",
        "get_canned_message_module_messages_request",
        "get_device_metadata_request",
        "get_ringtone_request",
        "get_device_connection_status_request",
        "get_node_remote_hardware_pins_request",
        "get_ui_config_request",
    )
)
"""``AdminModule::messageIsRequest``, the same from 2.5.20 to 2.8."""


class WireField(NamedTuple):
    """A field as it stands on the wire, without its value."""

    number: int
    wire_type: int


def only_reads(payload: bytes) -> bool:
    """Say whether an admin message asks for something and changes nothing."""
    fields = wire_fields(payload)
    if not fields:
        return False
    asks = [field for field in fields if field != (_SESSION_PASSKEY, _BYTES)]
    return bool(asks) and all(
        field.number in READS and field.wire_type == _VARINT for field in asks
    )


def asks_only(packet: mesh_pb2.MeshPacket) -> bool:
    """Say whether a packet is an admin message that only asks."""
    return packet.decoded.portnum == _ADMIN and only_reads(packet.decoded.payload)


def kind_of(packet: mesh_pb2.MeshPacket) -> str:
    """Return which admin message a packet is, by its field; empty where that cannot be read."""
    if packet.decoded.portnum != _ADMIN:
        return ""
    try:
        message = admin_pb2.AdminMessage.FromString(packet.decoded.payload)
    except DecodeError:
        return ""
    return message.WhichOneof("payload_variant") or ""


def is_for_this_node(payload: bytes) -> bool:
    """Say whether the node obeys an admin message itself that is addressed to another one."""
    fields = wire_fields(payload)
    return fields is None or any(field.number == _LOCKDOWN_AUTH for field in fields)


def may_answer_config(payload: bytes) -> bool:
    """Say whether an admin message may hold a config that was asked for."""
    fields = wire_fields(payload)
    return fields is None or any(field.number == CONFIG_RESPONSE for field in fields)


def variants(payload: bytes) -> int:
    """Return how many messages are in an admin message, of which there should be one."""
    fields = wire_fields(payload) or ()
    return sum(field.number != _SESSION_PASSKEY for field in fields)


def wire_fields(data: bytes) -> list[WireField] | None:
    """Return the fields of a message in their order, None for what is no message."""
    try:
        return list(_fields(data))
    except _NoMessage:
        return None


class _NoMessage(Exception):
    """The bytes are no message."""


def _fields(data: bytes) -> Iterator[WireField]:
    position = 0
    while position < len(data):
        tag, position = _varint_at(data, position)
        field = WireField(tag >> 3, tag & 7)
        if not 0 < field.number <= _MAX_FIELD_NUMBER:
            raise _NoMessage
        if field.wire_type == _VARINT:
            _, position = _varint_at(data, position)
        elif field.wire_type == _BYTES:
            length, position = _varint_at(data, position)
            position += length
        elif field.wire_type in _FIXED_SIZES:
            position += _FIXED_SIZES[field.wire_type]
        else:
            raise _NoMessage  # a group, which the protocol has none of, or nothing at all
        if position > len(data):
            raise _NoMessage
        yield field


def _varint_at(data: bytes, start: int) -> tuple[int, int]:
    """Return the number at ``start`` and where it ends."""
    value = 0
    for index, byte in enumerate(data[start : start + _MAX_VARINT_BYTES]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, start + index + 1
    raise _NoMessage
