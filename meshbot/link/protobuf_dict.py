"""A protobuf message as the dictionary that ``MessageToDict`` makes of it, some times as fast.

protobuf's own asks each field of each message anew what kind it is. Here that is looked up once for
each field there is, and all dictionaries share the fields' names: protobuf makes new ones each
time, of 50 bytes and more. Not for messages with map fields, nor protobuf's own types such as
``Any``: Meshtastic has none.
"""

import binascii
import math
import struct
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

_FLOAT = struct.Struct("<f")
_FORMATS = ("%.6g", "%.7g", "%.8g", "%.9g")  # nine digits tell any two floats of four bytes apart

Convert = Callable[[Any], Any]


class _Field(NamedTuple):
    """How a field is put into the dictionary: under which name, and made into what."""

    name: str
    convert: Convert | None
    """None: the value as it is."""


def as_dict(message: Message) -> dict[str, Any]:
    """Return what ``MessageToDict`` would: camelCase names, enums by name, bytes in base64."""
    found = {}
    for descriptor, value in message.ListFields():
        name, convert = _FIELDS[descriptor]
        found[name] = value if convert is None else convert(value)
    return found


class _Fields(dict[FieldDescriptor, _Field]):
    """The fields met so far. Each is the same whichever thread adds it."""

    def __missing__(self, descriptor: FieldDescriptor) -> _Field:
        convert = _conversion_of(descriptor)
        if descriptor.is_repeated:
            convert = list if convert is None else _of_each(convert)
        field = self[descriptor] = _Field(sys.intern(descriptor.json_name), convert)
        return field


_FIELDS = _Fields()


class _Names(dict[int, str]):
    """The names of an enum's numbers; a number that has none stands for itself."""

    def __missing__(self, number: int) -> int:
        return number


def _conversion_of(descriptor: FieldDescriptor) -> Convert | None:
    if descriptor.enum_type is not None:
        values = descriptor.enum_type.values_by_number
        return _Names((number, sys.intern(one.name)) for number, one in values.items()).__getitem__
    if descriptor.type == FieldDescriptor.TYPE_BYTES:
        return lambda value: binascii.b2a_base64(value, newline=False).decode()
    return _CONVERSIONS.get(descriptor.cpp_type)


def _of_each(convert: Convert) -> Convert:
    return lambda values: [convert(value) for value in values]


def _shortest(value: float) -> float | str:
    """Return the shortest number that is the same one in four bytes: 0.9, not 0.899999976."""
    if not math.isfinite(value):
        return _double(value)
    shortened = value
    for form in _FORMATS:
        shortened = float(form % value)  # half the time of an f-string
        if _FLOAT.unpack(_FLOAT.pack(shortened))[0] == value:
            break
    return shortened


def _double(value: float) -> float | str:
    """Return a number as JSON can hold it."""
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


_CONVERSIONS: dict[int, Convert] = {
    FieldDescriptor.CPPTYPE_MESSAGE: as_dict,
    FieldDescriptor.CPPTYPE_INT64: str,
    FieldDescriptor.CPPTYPE_UINT64: str,
    FieldDescriptor.CPPTYPE_FLOAT: _shortest,
    FieldDescriptor.CPPTYPE_DOUBLE: _double,
}
