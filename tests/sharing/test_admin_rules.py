"""Which admin messages only read: every one there is, and what is made to look like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meshtastic.protobuf import admin_pb2

from meshbot.sharing import admin_rules
from meshbot.simulation.wire import bytes_field, number_field, varint

SET_OWNER = bytes_field(32, b"\x12\x01x")
READ = number_field(5, 8)
PASSKEY = bytes_field(101, b"12345678")
VARIANTS = list(admin_pb2.AdminMessage.DESCRIPTOR.oneofs_by_name["payload_variant"].fields)
LOCKDOWN_AUTH = 104


@pytest.mark.parametrize("field", VARIANTS, ids=lambda field: field.name)
def test_exactly_the_requests_to_get_something_only_read(field: object) -> None:
    name: str = getattr(field, "name")  # noqa: B009 # the descriptor carries no types
    message = admin_pb2.AdminMessage(session_passkey=b"12345678")
    value = getattr(message, name)
    if hasattr(value, "SetInParent"):
        value.SetInParent()
    else:
        setattr(message, name, type(value)(1) if not isinstance(value, (str, bytes)) else value)
    reads = name.startswith("get_") and name.endswith("_request")
    assert admin_rules.only_reads(message.SerializeToString()) is reads


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="empty"),
        pytest.param(PASSKEY, id="a key and nothing else"),
        pytest.param(READ + SET_OWNER, id="a write behind a read"),
        pytest.param(SET_OWNER + READ, id="a write before a read"),
        pytest.param(number_field(300, 1), id="of a newer firmware"),
        pytest.param(READ + number_field(300, 1), id="with a newer field"),
        pytest.param(READ + b"\x28", id="cut off"),
        pytest.param(READ + b"\x00", id="a field without a number"),
        pytest.param(READ + b"\x0b\x0c", id="a group"),
        pytest.param(bytes_field(5, SET_OWNER), id="a read that holds something"),
        pytest.param(number_field(101, 1) + READ, id="a key that is a number"),
        pytest.param(b"\xff" * 11, id="a number without an end"),
        pytest.param(bytes_field(32, b"\x12\x01\xff"), id="a name that is no text"),
        pytest.param(b"\x2a\xff\xff\xff\xff\x0f", id="a length beyond the end"),
    ],
)
def test_whatever_is_not_known_to_read_writes(payload: bytes) -> None:
    assert not admin_rules.only_reads(payload)


def test_a_read_in_a_long_spelling_is_one() -> None:
    assert admin_rules.only_reads(b"\xa8\x80\x80\x00\x08")
    assert admin_rules.only_reads(PASSKEY + READ + READ)


def test_a_write_in_a_long_spelling_is_one() -> None:
    reboot = b"\x88\x86\x80\x00\x05"  # reboot_seconds, 97, its tag drawn out
    assert admin_pb2.AdminMessage.FromString(reboot).reboot_seconds == 5
    assert not admin_rules.only_reads(reboot)
    assert not admin_rules.only_reads(READ + reboot)


@given(st.binary(max_size=40))
def test_what_a_parser_takes_for_a_write_never_passes_for_a_read(payload: bytes) -> None:
    if not admin_rules.only_reads(payload):
        return
    message = admin_pb2.AdminMessage.FromString(payload)
    variant = message.WhichOneof("payload_variant")
    assert variant is not None
    assert variant.startswith("get_")
    assert variant.endswith("_request")


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(0, 1 << 40)), max_size=8))
def test_fields_come_out_as_they_were_written(fields: list[tuple[int, int]]) -> None:
    payload = b"".join(varint(number << 3) + varint(value) for number, value in fields)
    found = admin_rules.wire_fields(payload)
    assert found == [(number, 0) for number, _ in fields]
    only_known = all(number in admin_rules.READS for number, _ in fields)
    assert admin_rules.only_reads(payload) is (bool(fields) and only_known)


def test_an_unlocking_is_for_the_node_that_is_given_it() -> None:
    unlocking = admin_pb2.AdminMessage()
    unlocking.lockdown_auth.SetInParent()
    assert admin_rules.is_for_this_node(unlocking.SerializeToString())
    assert admin_rules.is_for_this_node(SET_OWNER + bytes_field(LOCKDOWN_AUTH, b""))
    assert admin_rules.is_for_this_node(b"\xff")  # nobody can say
    assert not admin_rules.is_for_this_node(SET_OWNER)
