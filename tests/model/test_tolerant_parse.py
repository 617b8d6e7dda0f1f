"""What is kept of a message that protobuf rejects."""

import random

import pytest
from google.protobuf import struct_pb2
from google.protobuf.message import DecodeError, Message
from meshtastic.protobuf import admin_pb2, channel_pb2, config_pb2, mesh_pb2, telemetry_pb2

from meshbot.model.tolerant_parse import MAX_BYTES, MAX_DEPTH, parse_tolerantly, read_text, salvage
from tests.support.real_frames import frames_of_nodes, spoil

KEY = bytes(range(200, 232))
USER = mesh_pb2.User(
    id="!0a0b0c0d",
    long_name="LONGNAME",
    short_name="SHRT",
    hw_model=mesh_pb2.HardwareModel.HELTEC_V3,
    public_key=KEY,
)
HALF_TREE = "🌲".encode()[:3]


def broken_user(long_name: bytes = b"LONGNAME", short_name: bytes = b"SHRT") -> bytes:
    """Return a User with names of the same length as those of ``USER``, which may be no text."""
    whole = USER.SerializeToString()
    return whole.replace(b"LONGNAME", long_name).replace(b"SHRT", short_name)


@pytest.mark.parametrize(
    ("long_name", "short_name", "read"),
    [
        (b"LONGNAME", b"A" + HALF_TREE, ("LONGNAME", "A")),
        (b"LONGN" + HALF_TREE, b"SHRT", ("LONGN", "SHRT")),
        (b"LO\xffGNAME", b"\xff\xfe\xfd\xfc", ("LO\ufffdGNAME", "\ufffd" * 4)),
        (b"caf\xe9 bar", b"S\x00RT", ("caf\ufffd bar", "S\x00RT")),
        (b"\xed\xa0\x80NAMES", b"SHRT", ("\ufffd" * 3 + "NAMES", "SHRT")),
    ],
)
def test_a_broken_name_costs_neither_key_nor_anything_else(
    long_name: bytes, short_name: bytes, read: tuple[str, str]
) -> None:
    data = broken_user(long_name, short_name)
    with pytest.raises(DecodeError):
        mesh_pb2.User.FromString(data)
    user = parse_tolerantly(mesh_pb2.User, data)
    assert (user.long_name, user.short_name) == read
    assert (user.id, user.public_key, user.hw_model) == (USER.id, KEY, USER.hw_model)


def test_what_protobuf_accepts_is_left_to_it() -> None:
    assert parse_tolerantly(mesh_pb2.User, USER.SerializeToString()) == USER
    assert parse_tolerantly(mesh_pb2.User, b"") == mesh_pb2.User()


def test_names_deep_inside_are_mended_and_unknown_fields_kept() -> None:
    unknown = b"\xfa\x3e\x03new"  # field 1007
    info = mesh_pb2.NodeInfo(num=7, user=USER, snr=4.5, last_heard=9).SerializeToString()
    info = info.replace(b"SHRT", b"A" + HALF_TREE) + unknown
    data = b"\x22" + bytes([len(info) & 0x7F | 0x80, len(info) >> 7]) + info
    salvaged = salvage(mesh_pb2.FromRadio, data)
    entry = salvaged.message.node_info
    assert salvaged.broken_at is None
    assert (entry.num, entry.snr, entry.last_heard) == (7, 4.5, 9)
    assert (entry.user.short_name, entry.user.public_key) == ("A", KEY)
    assert unknown in entry.SerializeToString()


@pytest.mark.parametrize(
    "whole",
    [
        channel_pb2.Channel(
            index=3, settings=channel_pb2.ChannelSettings(name="NAME", psk=KEY, id=9)
        ),
        config_pb2.Config(
            network=config_pb2.Config.NetworkConfig(wifi_ssid="NAME", eth_enabled=True)
        ),
        mesh_pb2.FromRadio(clientNotification=mesh_pb2.ClientNotification(message="NAME", time=5)),
        mesh_pb2.DeviceMetadata(firmware_version="NAME", canShutdown=True),
        admin_pb2.SharedContact(node_num=5, user=mesh_pb2.User(long_name="NAME", public_key=KEY)),
    ],
    ids=lambda whole: type(whole).__name__,
)
def test_every_kind_of_message_with_text_is_mended(whole: Message) -> None:
    data = whole.SerializeToString()
    mended = parse_tolerantly(type(whole), data.replace(b"NAME", b"\xc3NAM"))
    assert mended.SerializeToString() != data
    assert str(mended).replace("\ufffdNAM", "NAME") == str(whole)


def test_what_is_cut_off_is_left_out_and_what_came_before_it_kept() -> None:
    whole = USER.SerializeToString()
    for length in range(1, len(whole)):
        try:
            user = parse_tolerantly(mesh_pb2.User, whole[:length])
        except DecodeError:
            assert length < 2 + len(USER.id)  # not even the id
            continue
        assert user.public_key in (b"", KEY)
        assert user.long_name in ("", USER.long_name)
        assert user.id == USER.id


def test_a_cut_message_inside_keeps_what_came_of_it() -> None:
    info = mesh_pb2.NodeInfo(num=7, user=USER).SerializeToString()
    salvaged = salvage(mesh_pb2.NodeInfo, info[:-2])
    assert salvaged.broken_at == 0
    assert (salvaged.message.num, salvaged.message.user.long_name) == (7, "LONGNAME")
    assert salvaged.message.user.public_key == b""


def test_a_field_of_the_wrong_type_costs_itself() -> None:
    number_for_name, text_for_model = b"\x12\x7f", b"\x2a\x02\xff\xff"
    data = text_for_model + number_for_name[:1] + b"\x01\xff" + broken_user()
    user = parse_tolerantly(mesh_pb2.User, data)
    assert (user.long_name, user.public_key, user.hw_model) == ("LONGNAME", KEY, USER.hw_model)
    as_number = b"\x10\x05" + broken_user(short_name=b"A" + HALF_TREE)  # long_name as a varint
    assert parse_tolerantly(mesh_pb2.User, as_number).public_key == KEY


@pytest.mark.parametrize(
    "data", [b"\xff\xff\xff", b"\x00", b"\x0b\x0b", b"\x12\x7f", b"\x80" * 12, b"\x12\xff\xff\xff"]
)
def test_what_holds_nothing_is_rejected_still(data: bytes) -> None:
    with pytest.raises(DecodeError):
        parse_tolerantly(mesh_pb2.User, data)


def test_depth_and_size_are_bounded() -> None:
    with pytest.raises(DecodeError):
        salvage(mesh_pb2.User, b"\x12\x01\xff" * (MAX_BYTES // 3 + 1))
    kept, deep = struct_pb2.Value(string_value="kept"), struct_pb2.Value(string_value="DEEP")
    for _ in range(MAX_DEPTH):
        deep = struct_pb2.Value(list_value=struct_pb2.ListValue(values=[deep]))
    both = struct_pb2.ListValue(values=[kept, deep])
    broken = both.SerializeToString().replace(b"DEEP", b"DEE\xff")
    read = parse_tolerantly(struct_pb2.ListValue, broken)
    assert read.values[0] == kept
    assert "DEE" not in str(read)


def test_half_a_character_at_the_end_is_dropped_and_others_replaced() -> None:
    assert read_text("/ping é".encode()[:-1]) == "/ping "
    assert read_text(b"\xe9t\xe9") == "\ufffdt"
    assert read_text("Zoé 🌲".encode()) == "Zoé 🌲"


KINDS = (
    mesh_pb2.FromRadio,
    mesh_pb2.User,
    mesh_pb2.NodeInfo,
    mesh_pb2.Data,
    mesh_pb2.Routing,
    telemetry_pb2.Telemetry,
    config_pb2.Config,
)


def test_whatever_becomes_of_a_frame_nothing_but_a_rejection_comes_of_it() -> None:
    chance = random.Random(14)
    frames = frames_of_nodes()
    mended = 0
    for _ in range(6_000):
        data = bytearray(chance.choice(frames))
        for _ in range(chance.randint(1, 4)):
            spoil(data, chance)
        kind = chance.choice(KINDS)
        try:
            message = parse_tolerantly(kind, bytes(data))
        except DecodeError:
            continue
        kind.FromString(message.SerializeToString())
        mended += 1
    assert mended > 1_000


def test_of_every_name_that_is_spoilt_in_a_real_entry_all_else_survives() -> None:
    chance = random.Random(8)
    entries = [
        message
        for message in map(mesh_pb2.FromRadio.FromString, frames_of_nodes())
        if message.HasField("node_info")
    ]
    assert entries
    for message in entries * 40:
        data = bytearray(message.SerializeToString())
        name = message.node_info.user.long_name.encode()
        at = data.index(name)
        data[at + chance.randrange(len(name))] = chance.randrange(0x80, 0x100)
        mended = parse_tolerantly(mesh_pb2.FromRadio, bytes(data))
        mended.node_info.user.long_name = message.node_info.user.long_name
        assert mended == message
