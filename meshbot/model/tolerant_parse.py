"""Reads messages of the protocol that protobuf rejects, and gives up only what is broken. Pure.

Protobuf rejects a whole message for one string in it that is no UTF-8, and people's names are: the
firmware cuts a short name by bytes, also inside a character (firmware#7260, python#808), and with
the name goes the key. So a message that is rejected is walked field by field, by its description:
each field that can be read is kept as it is, known or not; broken text is repaired; in a message
inside, the same is done; the rest is left out.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

MAX_BYTES = 512  # no frame holds more, and no packet half of it
MAX_DEPTH = 8  # the protocol's own messages are four deep
_MAX_VARINT_BYTES = 10
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_SIZES = {_FIXED64: 8, _FIXED32: 4}

_Kind = TypeVar("_Kind", bound=Message)


@dataclass(frozen=True)
class Salvaged(Generic[_Kind]):
    """What could be read of a broken message.

    ``broken_at``: how deep inside it the shape of a message itself is broken, so that what follows
    there is lost; None where only the content of fields is, such as text.
    """

    message: _Kind
    broken_at: int | None


def parse_tolerantly(kind: type[_Kind], data: bytes) -> _Kind:
    """Return the message, or what can be read of it. Raises ``DecodeError`` if nothing can."""
    try:
        return kind.FromString(data)
    except DecodeError:
        return salvage(kind, data).message


def salvage(kind: type[_Kind], data: bytes) -> Salvaged[_Kind]:
    """Return what can be read of a message that protobuf rejects.

    Raises ``DecodeError`` if nothing can, or if it is larger than any message of the protocol.
    """
    if len(data) > MAX_BYTES:
        raise DecodeError(f"{len(data)} bytes, at most {MAX_BYTES}")
    walk = _Walk()
    message = kind.FromString(walk.readable(kind, data, 0))
    if data and not message.ByteSize():
        raise DecodeError("nothing in it can be read")
    return Salvaged(message, walk.broken_at)


def read_text(raw: bytes) -> str:
    """Return text that may be broken: half a character at its end is dropped, others replaced."""
    return codecs.getincrementaldecoder("utf-8")("replace").decode(raw)


class _Field(NamedTuple):
    """A field as it stands on the wire, its value from ``value_at`` on. ``cut``: too short."""

    number: int
    wire_type: int
    raw: bytes
    value_at: int
    cut: bool


class _Walk:
    """One pass over one message. ``broken_at`` says the least depth at which its shape broke."""

    def __init__(self) -> None:
        self.broken_at: int | None = None

    def readable(self, kind: type[Message], data: bytes, depth: int) -> bytes:
        """Return the fields of ``data`` that can be read, each parsed alone to make sure."""
        kept = bytearray()
        for field in self._fields(data, depth):
            if not field.cut and _parses(kind, field.raw):
                kept += field.raw
            else:
                kept += self._mended(kind, field, depth)
        return bytes(kept)

    def _fields(self, data: bytes, depth: int) -> Iterator[_Field]:
        position = 0
        while position < len(data):
            field = _field_at(data, position)
            if field is None or field.cut:
                self.broken_at = depth if self.broken_at is None else min(self.broken_at, depth)
            if field is None:
                return
            yield field
            position += len(field.raw)

    def _mended(self, kind: type[Message], field: _Field, depth: int) -> bytes:
        """Return a field that cannot be read as it would have to be, or nothing."""
        known: Any = kind.DESCRIPTOR.fields_by_number.get(field.number)
        if known is None or field.wire_type != _BYTES:
            return b""
        value = field.raw[field.value_at :]
        if known.type == known.TYPE_MESSAGE and depth < MAX_DEPTH:
            value = self.readable(GetMessageClass(known.message_type), value, depth + 1)
        elif known.type == known.TYPE_STRING and not field.cut:
            value = read_text(value).encode("utf-8")
        else:
            return b""
        mended = _varint(field.number << 3 | _BYTES) + _varint(len(value)) + value
        return mended if _parses(kind, mended) else b""


def _parses(kind: type[Message], data: bytes) -> bool:
    try:
        kind.FromString(data)
    except DecodeError:
        return False
    return True


def _field_at(data: bytes, start: int) -> _Field | None:
    """Return the field that begins at ``start``, None for what begins none."""
    tag, position = _varint_at(data, start)
    number, wire_type = tag >> 3, tag & 7
    if position < 0 or not number:
        return None
    value_at = position
    if wire_type == _BYTES:
        length, value_at = _varint_at(data, position)
        position = value_at + length
    elif wire_type == _VARINT:
        position = _varint_at(data, position)[1]
    elif wire_type in _FIXED_SIZES:
        position += _FIXED_SIZES[wire_type]
    else:
        return None  # a group, which the protocol has none of, or nothing at all
    if value_at < 0 or position < 0:
        return None
    return _Field(number, wire_type, data[start:position], value_at - start, position > len(data))


def _varint_at(data: bytes, start: int) -> tuple[int, int]:
    """Return the number at ``start`` and where it ends, -1 if it does not."""
    value = 0
    for index, byte in enumerate(data[start : start + _MAX_VARINT_BYTES]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, start + index + 1
    return 0, -1


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
