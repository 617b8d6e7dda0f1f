"""A protobuf message as the dictionary that ``MessageToDict`` makes of it, some times as fast.

protobuf's own asks each field of each message anew what kind it is. Here that is looked up once for
each field there is, and all dictionaries share the fields' names: protobuf makes new ones each
time, of 50 bytes and more. Not for messages with map fields, nor protobuf's own types such as
``Any``: Meshtastic has none.
"""

import base64
import math
import struct
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

_FLOAT = struct.Struct("<f")
_DIGITS_LEAST = 6
_DIGITS_MOST = 9  # so many tell any two floats of four bytes apart

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


def _conversion_of(descriptor: FieldDescriptor) -> Convert | None:
    if descriptor.enum_type is not None:
        values = descriptor.enum_type.values_by_number
        names = {number: sys.intern(value.name) for number, value in values.items()}
        return lambda number: names.get(number, number)
    if descriptor.type == FieldDescriptor.TYPE_BYTES:
        return lambda value: base64.b64encode(value).decode()
    return _CONVERSIONS.get(descriptor.cpp_type)


def _of_each(convert: Convert) -> Convert:
    return lambda values: [convert(value) for value in values]


def _shortest(value: float) -> float | str:
    """Return the shortest number that is the same one in four bytes: 0.9, not 0.899999976."""
    if not math.isfinite(value):
        return _double(value)
    for digits in range(_DIGITS_LEAST, _DIGITS_MOST):
        shortened = float(f"{value:.{digits}g}")
        if _FLOAT.unpack(_FLOAT.pack(shortened))[0] == value:
            return shortened
    return float(f"{value:.{_DIGITS_MOST}g}")


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
