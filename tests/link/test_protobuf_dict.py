"""The dictionaries are those of protobuf's own ``MessageToDict``, with shared names."""

import math
import random
import struct
import sys
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as some
from meshtastic import protocols
from meshtastic.protobuf import mesh_pb2, portnums_pb2, telemetry_pb2

from meshbot.link.protobuf_dict import as_dict
from tests.support.random_message import filled

KINDS: list[Any] = [
    mesh_pb2.FromRadio,
    mesh_pb2.NodeInfo,
    *(known.protobufFactory for known in protocols.values() if known.protobufFactory),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.DESCRIPTOR.name))
def test_a_message_becomes_what_protobuf_makes_of_it(kind: type[Message]) -> None:
    for seed in range(100):
        message = filled(kind(), random.Random(seed))
        assert as_dict(message) == MessageToDict(message)


def test_no_message_has_a_kind_of_field_that_is_not_known() -> None:
    waiting, seen = [kind.DESCRIPTOR for kind in KINDS], set()
    while waiting:
        descriptor = waiting.pop()
        assert not descriptor.GetOptions().map_entry
        assert not descriptor.full_name.startswith("google.")
        seen.add(descriptor)
        kinds = {field.message_type for field in descriptor.fields} - {None}
        waiting += kinds - seen
    assert mesh_pb2.Position.DESCRIPTOR in seen


def same(one: object, other: object) -> bool:
    return one == other and type(one) is type(other)


@given(some.floats(width=32))
def test_a_float_is_told_as_protobuf_tells_it(value: float) -> None:
    message = mesh_pb2.MeshPacket(rx_snr=value)
    expected = MessageToDict(message).get("rxSnr")
    assert same(as_dict(message).get("rxSnr"), expected)


@pytest.mark.parametrize(
    "bits", [0x00000001, 0x7F7FFFFF, 0xFF7FFFFF, 0x3DCCCCCD, 0x80000000, 0x7F800000, 0x7FC00000]
)
def test_the_ends_of_the_scale(bits: int) -> None:
    (value,) = struct.unpack("<f", struct.pack("<I", bits))
    metrics = telemetry_pb2.DeviceMetrics(voltage=value)
    assert same(as_dict(metrics)["voltage"], MessageToDict(metrics)["voltage"])


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, 0.1, -0.0, 1e308])
def test_a_number_of_eight_bytes(value: float) -> None:
    kinds = [kind for kind in (telemetry_pb2.Telemetry, *KINDS) if doubles_of(kind)]
    for kind in kinds:
        message = kind()
        for name in doubles_of(kind):
            setattr(message, name, value)
        assert as_dict(message) == MessageToDict(message)


def doubles_of(kind: Any) -> list[str]:
    fields = kind.DESCRIPTOR.fields
    return [f.name for f in fields if f.cpp_type == f.CPPTYPE_DOUBLE and not f.is_repeated]


def test_an_unknown_number_of_an_enum_stays_a_number() -> None:
    user = mesh_pb2.User.FromString(b"\x28\xe7\x07")  # hw_model 999
    assert as_dict(user) == MessageToDict(user) == {"hwModel": 999}


def test_names_are_shared() -> None:
    packets = [mesh_pb2.MeshPacket(rx_time=number) for number in (1, 2)]
    for packet in packets:
        packet.decoded.portnum = portnums_pb2.PortNum.TEXT_MESSAGE_APP
    first, second = (as_dict(packet) for packet in packets)
    assert all(one is other for one, other in zip(first, second, strict=True))
    assert next(iter(first["decoded"])) is sys.intern("portnum")
    assert first["decoded"]["portnum"] is second["decoded"]["portnum"]
