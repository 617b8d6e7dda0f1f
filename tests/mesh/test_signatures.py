"""Signatures of firmware 2.8: against its own signer's, the specification's, and any bytes."""

import random
import zlib
from typing import cast

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given
from hypothesis import strategies as st
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.mesh import direct_messages, signatures
from meshbot.simulation.packets import BROADCAST_NUM, node_info_data, set_sender
from meshbot.simulation.wire import bytes_field, number_field
from tests.support import xeddsa
from tests.support.capture import FOLDER, frames_of

_Port = portnums_pb2.PortNum

# Made by the firmware's own signer, compiled and run (firmware 47db0e302, of 2.8.0, and the library
# meshtastic/Crypto it was built with); by roperscrossroads/zephyrtastic, in
# tests/vectors/meshtastic_xeddsa_vectors.h: a NodeInfo that holds nothing but the signer's key.
FIRMWARE_PRIVATE_KEY = bytes.fromhex(
    "c0c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e162"
)
FIRMWARE_KEY = bytes.fromhex("da3a8fd5a50ffa3b641f1bf224143d9084505b907d2323410c259fbb653ddf32")
FIRMWARE_EDWARDS_KEY = bytes.fromhex(
    "b0328b2818d7a9aba5b480114afa0541d10d78e65801f54ac67f19c269f7002d"
)
FIRMWARE_NUM = 0x2059BFFD
FIRMWARE_PACKET_ID = 0x5150C0DE
FIRMWARE_SIGNATURE = bytes.fromhex(
    "9c59ac516b460843cadbd3c7a32f800e951c8ca012045727aad6731b55f6dd21"
    "b5e76bbd0d2b6e544adefef8941d3b965d27e1ff632129464b506ac95114700a"
)


def private_key(seed: int) -> bytes:
    return random.Random(seed).randbytes(32)


def node_info(key: bytes, *, num: int | None = None) -> mesh_pb2.MeshPacket:
    """Return a NodeInfo to everybody, of the node whose number the key gives."""
    packet = mesh_pb2.MeshPacket(to=BROADCAST_NUM, id=0x2A2B2C2D)
    packet.decoded.CopyFrom(
        node_info_data(mesh_pb2.User(long_name="Ann", public_key=key).SerializeToString())
    )
    packet.decoded.bitfield = 3
    packet.decoded.want_response = True
    set_sender(packet, zlib.crc32(key) if num is None else num)
    return packet


def add_signature(packet: mesh_pb2.MeshPacket, signature: bytes) -> None:
    packet.decoded.MergeFromString(bytes_field(10, signature))


def signed_node_info(secret: bytes, *, old_layout: bool = False) -> mesh_pb2.MeshPacket:
    packet = node_info(direct_messages.public_key_of(secret))
    layout = signatures.signed_bytes_2_8_0 if old_layout else signatures.signed_bytes
    add_signature(packet, xeddsa.sign(secret, layout(packet, packet.decoded)))
    return packet


def shows(packet: mesh_pb2.MeshPacket, key: bytes) -> bool:
    return signatures.shows_holder(packet, packet.decoded, key)


def test_a_signature_of_the_firmware_itself_is_recognised() -> None:
    packet = mesh_pb2.MeshPacket(to=BROADCAST_NUM, id=FIRMWARE_PACKET_ID)
    set_sender(packet, FIRMWARE_NUM)
    packet.decoded.CopyFrom(
        node_info_data(mesh_pb2.User(public_key=FIRMWARE_KEY).SerializeToString())
    )
    add_signature(packet, FIRMWARE_SIGNATURE)
    assert shows(packet, FIRMWARE_KEY)
    packet.id += 1
    assert not shows(packet, FIRMWARE_KEY)


def test_the_edwards_key_is_the_one_that_the_firmware_and_the_specification_make() -> None:
    assert signatures.edwards_key(FIRMWARE_KEY) == FIRMWARE_EDWARDS_KEY
    assert xeddsa.signing_key(FIRMWARE_PRIVATE_KEY)[1] == FIRMWARE_EDWARDS_KEY
    for seed in range(8):
        key = direct_messages.public_key_of(private_key(seed))
        assert signatures.edwards_key(key) == xeddsa.signing_key(private_key(seed))[1]
        wrapped = key[:31] + bytes([key[31] | 0x80])
        assert signatures.edwards_key(wrapped) == signatures.edwards_key(key), "bit 255 is ignored"


def test_what_is_signed_is_laid_out_as_the_firmware_does() -> None:
    packet = mesh_pb2.MeshPacket(to=0x1F6B56CB, id=0x6A5B4C3D)
    set_sender(packet, 0x7CC1C864)
    data = mesh_pb2.Data(
        portnum=_Port.TEXT_MESSAGE_APP, payload=b"hi", reply_id=0x2A2B2C2D, emoji=1, bitfield=1
    )
    assert signatures.signed_bytes(packet, data).hex(" ", 4) == bytes.fromhex(
        "01" "64c8c17c" "3d4c5b6a" "cb566b1f" "01000000" "00000000" "2d2c2b2a" "01000000"
        "01000000" "02" "6869"
    ).hex(" ", 4)  # fmt: skip
    data.ClearField("bitfield")
    assert signatures.signed_bytes(packet, data)[29:34] == bytes(5), "absent is not the same as 0"
    data.want_response = True
    assert signatures.signed_bytes(packet, data)[33] == 1
    assert signatures.signed_bytes_2_8_0(packet, data) == bytes.fromhex(
        "64c8c17c3d4c5b6a010000006869"
    )


@pytest.mark.parametrize("old_layout", [False, True], ids=["2.8.1", "2.8.0"])
@pytest.mark.parametrize("seed", range(4))
def test_a_signed_node_info_shows_the_holder_of_its_key(seed: int, old_layout: bool) -> None:
    secret = private_key(seed)
    key = direct_messages.public_key_of(secret)
    packet = signed_node_info(secret, old_layout=old_layout)
    assert shows(packet, key)
    assert shows(mesh_pb2.MeshPacket.FromString(packet.SerializeToString()), key)
    assert not shows(packet, direct_messages.public_key_of(private_key(seed + 1)))
    packet.decoded.payload += b"\x18\x00"
    assert not shows(packet, key)


def test_a_signature_for_a_number_that_the_key_does_not_give_shows_nothing() -> None:
    secret = private_key(1)
    key = direct_messages.public_key_of(secret)
    packet = node_info(key, num=0x1234)
    add_signature(packet, xeddsa.sign(secret, signatures.signed_bytes(packet, packet.decoded)))
    assert not shows(packet, key)
    assert signatures.is_signed_by(packet, packet.decoded, key)


def test_a_signature_that_our_protobufs_know_is_read_as_well() -> None:
    """As soon as the library's protobufs are those of 2.8."""
    file = descriptor_pb2.FileDescriptorProto(name="newer.proto", package="newer")
    field = file.message_type.add(name="Data").field.add(name="xeddsa_signature", number=10)
    field.type, field.label = field.TYPE_BYTES, field.LABEL_OPTIONAL
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    newer = message_factory.GetMessageClass(pool.FindMessageTypeByName("newer.Data"))
    data = newer.FromString(bytes_field(10, FIRMWARE_SIGNATURE))
    assert signatures.signature_of(cast(mesh_pb2.Data, data)) == FIRMWARE_SIGNATURE


def test_what_a_2_8_said_of_its_own_broadcasts_is_found() -> None:
    signed = [
        signatures.signature_of(packet.decoded)
        for _, ours, payload in frames_of(FOLDER / "firmware-2.8.0.jsonl")
        if not ours and (packet := mesh_pb2.FromRadio.FromString(payload).packet).to
    ]
    assert [len(signature) for signature in signed if signature] == [64, 64, 64]
    for version in ("2.5.20", "2.7.26"):
        frames = frames_of(FOLDER / f"firmware-{version}.jsonl")
        packets = [
            mesh_pb2.FromRadio.FromString(frame).packet for _, ours, frame in frames if not ours
        ]
        assert not any(signatures.signature_of(packet.decoded) for packet in packets)


@pytest.mark.parametrize(
    "field",
    [
        bytes_field(10, b""),
        bytes_field(10, bytes(63)),
        bytes_field(10, bytes(65)),
        bytes_field(10, bytes(64)),
        bytes_field(10, b"\xff" * 64),
        number_field(10, 7),
        bytes([10 << 3 | 5]) + bytes(4),
        bytes([10 << 3 | 1]) + bytes(8),
        bytes([10 << 3 | 3, 10 << 3 | 2, 1, 7, 10 << 3 | 4]),
        bytes_field(10, FIRMWARE_SIGNATURE) + number_field(10, 7),
    ],
)
def test_what_is_no_signature_shows_nothing(field: bytes) -> None:
    packet = node_info(FIRMWARE_KEY)
    packet.decoded.MergeFromString(field)
    assert not shows(packet, FIRMWARE_KEY)


@pytest.mark.parametrize(
    "key",
    [
        b"",
        bytes(31),
        bytes(32),
        b"\x01" + bytes(31),
        (2**255 - 20).to_bytes(32, "little"),
        (2**255 - 19).to_bytes(32, "little"),
        (2**256 - 1).to_bytes(32, "little"),
        bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    ],
)
def test_a_key_that_can_be_nobodys_signs_nothing(key: bytes) -> None:
    """With a point of low order anybody makes a signature: R = 1, S = 0 fits some of them."""
    for signature in (bytes(64), b"\x01" + bytes(63), FIRMWARE_SIGNATURE):
        packet = node_info(key)
        add_signature(packet, signature)
        assert not signatures.is_signed_by(packet, packet.decoded, key)


@given(
    extra=st.binary(max_size=80),
    key=st.binary(min_size=31, max_size=33),
    head=st.sampled_from([b"", b"\x52", b"\x52\x40", b"\x53", b"\x54", b"\x82\x40"]),
)
def test_any_bytes_are_read_without_a_murmur(extra: bytes, key: bytes, head: bytes) -> None:
    packet = node_info(key)
    try:
        data = mesh_pb2.Data.FromString(packet.decoded.SerializeToString() + head + extra)
        info = mesh_pb2.NodeInfo.FromString(head + extra)
    except Exception:  # noqa: BLE001 - protobuf's own refusal: the reader's affair
        return
    assert not signatures.shows_holder(packet, data, key)
    assert signatures.radio_saw_signature(info) in (True, False)


@pytest.mark.parametrize(
    ("field", "seen"), [(b"", False), (number_field(14, 1), True), (bytes_field(14, b"1"), False)]
)
def test_the_radios_word_on_a_node_of_its_database(field: bytes, seen: bool) -> None:
    info = mesh_pb2.NodeInfo(num=7)
    info.MergeFromString(field)
    assert signatures.radio_saw_signature(info) is seen
