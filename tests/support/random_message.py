"""Protobuf messages with anything in them that their descriptors allow."""

import random
from typing import Any, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

NUMBERS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}
MOST_REPEATED = 3

Filled = TypeVar("Filled", bound=Message)


def filled(message: Filled, chance: random.Random) -> Filled:
    """Fill a message at random, field by field; return it."""
    for field in message.DESCRIPTOR.fields:
        if chance.random() < 0.4:
            continue
        if field.is_repeated:
            _fill_repeated(getattr(message, field.name), field, chance)
        elif field.message_type is not None:
            filled(getattr(message, field.name), chance)
            getattr(message, field.name).SetInParent()
        else:
            setattr(message, field.name, _value(field, chance))
    return message


def _fill_repeated(values: Any, field: Any, chance: random.Random) -> None:
    for _ in range(chance.randrange(MOST_REPEATED)):
        if field.message_type is not None:
            filled(values.add(), chance)
        else:
            values.append(_value(field, chance))


def _value(field: Any, chance: random.Random) -> Any:
    if field.cpp_type in NUMBERS:
        return chance.randint(*NUMBERS[field.cpp_type])
    if field.enum_type is not None:
        return chance.choice(list(field.enum_type.values_by_number))
    if field.cpp_type in (FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE):
        return chance.uniform(-1e6, 1e6)
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return chance.random() < 0.5
    if field.type == FieldDescriptor.TYPE_BYTES:
        return chance.randbytes(6)
    return f"texte {chance.random():.3f} é"
