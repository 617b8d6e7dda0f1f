"""What is in a frame, apart from what must differ from one node to another. Pure."""

from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet
from meshtastic.protobuf import admin_pb2, mesh_pb2, portnums_pb2, telemetry_pb2

Port = portnums_pb2.PortNum
_CONTENT: dict[int, type[Message]] = {
    Port.NODEINFO_APP: mesh_pb2.User,
    Port.ROUTING_APP: mesh_pb2.Routing,
    Port.ADMIN_APP: admin_pb2.AdminMessage,
    Port.TELEMETRY_APP: telemetry_pb2.Telemetry,
    Port.SIMULATOR_APP: mesh_pb2.Compressed,
}
# Fields whose value says what happens, and so must be the same.
_TELLING = {"portnum", "priority", "res", "free", "maxlen", "error_reason", "hop_limit",
            "hop_start", "want_ack", "want_response", "bitfield", "is_favorite",
            "is_unmessagable", "battery_level", "firmware_version"}  # fmt: skip


def kind_of(frame: mesh_pb2.FromRadio) -> str:
    """Return which variant a frame is; of one the library does not know, its number."""
    known = frame.WhichOneof("payload_variant")
    if known is not None:
        return known
    return "/".join(str(number) for number, _ in unknown_fields(frame))


def unknown_fields(message: Message) -> list[tuple[int, object]]:
    """Return what the library does not know: field numbers and contents."""
    found: list[Any] = list(UnknownFieldSet(message))  # type: ignore[call-overload]
    return [(field.field_number, field.data) for field in found]


def shape_of(message: Message, path: str = "") -> list[str]:
    """Return each field, with the length of bytes, and with the value of what tells something."""
    shape: list[str] = []
    for descriptor, value in message.ListFields():
        name = f"{path}.{descriptor.name}"
        values = list(value) if _is_repeated(value) else [value]
        for item in values:
            shape += _shape_of_value(message, descriptor, name, item)
    for number, data in unknown_fields(message):
        length = f":{len(data)}" if isinstance(data, bytes) else ""
        shape.append(f"{path}.{number}{length}")
    return shape


def _shape_of_value(
    message: Message, descriptor: FieldDescriptor, name: str, item: object
) -> list[str]:
    if isinstance(item, Message):
        return [name, *shape_of(item, name)]
    if isinstance(item, bytes | str):
        content = _content_of(message, descriptor.name)
        if content is not None:
            return [name, *shape_of(content, name)]
        return [f"{name}:{len(item.encode() if isinstance(item, str) else item)}"]
    return [f"{name}={item}" if descriptor.name in _TELLING else name]


def _content_of(message: Message, field: str) -> Message | None:
    """Parse what a packet carries."""
    if isinstance(message, mesh_pb2.Data) and field == "payload":
        content = _CONTENT.get(message.portnum)
        return content.FromString(message.payload) if content else None
    if isinstance(message, mesh_pb2.Compressed) and field == "data":
        content = _CONTENT.get(message.portnum)
        return content.FromString(message.data) if content else None
    return None


def _is_repeated(value: object) -> bool:
    return hasattr(value, "append")
