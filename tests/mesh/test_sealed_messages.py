"""The cache of message keys, and which packets are sealed for us."""

import os

import pytest
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from meshbot.mesh import direct_messages, sealed_messages
from meshbot.mesh.direct_messages import CannotOpen, public_key_of
from meshbot.mesh.sealed_messages import SealedMessages, is_sealed_for

OUR_PRIVATE, PEER_PRIVATE = b"\x11" * 32, b"\x22" * 32
OUR_PUBLIC, PEER_PUBLIC = public_key_of(OUR_PRIVATE), public_key_of(PEER_PRIVATE)
OWN_NUM, PEER_NUM, PACKET_ID = 0xA1B2C3D4, 0x55, 0x77


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The public keys for which a message key was really computed, in order."""
    original = direct_messages.message_key
    calls: list[bytes] = []

    def counting(private_key: bytes, public_key: bytes) -> bytes:
        calls.append(public_key)
        return original(private_key, public_key)

    monkeypatch.setattr(direct_messages, "message_key", counting)
    return calls


def sealed_packet(plaintext: bytes) -> mesh_pb2.MeshPacket:
    key = direct_messages.message_key(PEER_PRIVATE, OUR_PUBLIC)
    packet = mesh_pb2.MeshPacket(
        id=PACKET_ID,
        to=OWN_NUM,
        encrypted=direct_messages.seal(key, PACKET_ID, PEER_NUM, plaintext, os.urandom(4)),
    )
    setattr(packet, "from", PEER_NUM)
    return packet


def test_a_message_of_a_peer_opens() -> None:
    data = mesh_pb2.Data(portnum=portnums_pb2.PortNum.TEXT_MESSAGE_APP, payload="été".encode())
    packet = sealed_packet(data.SerializeToString())
    assert SealedMessages().open(packet, OUR_PRIVATE, PEER_PUBLIC) == data


def test_a_message_that_holds_no_data_cannot_be_opened() -> None:
    with pytest.raises(CannotOpen):
        SealedMessages().open(sealed_packet(b"\xff\xff\xff"), OUR_PRIVATE, PEER_PUBLIC)


def test_the_key_of_another_peer_does_not_open_it() -> None:
    packet = sealed_packet(b"\x08\x01")
    with pytest.raises(CannotOpen):
        SealedMessages().open(packet, OUR_PRIVATE, public_key_of(b"\x33" * 32))


def test_a_packet_that_claims_another_sender_cannot_be_opened() -> None:
    packet = sealed_packet(b"\x08\x01")
    setattr(packet, "from", PEER_NUM + 1)
    with pytest.raises(CannotOpen):
        SealedMessages().open(packet, OUR_PRIVATE, PEER_PUBLIC)


def test_the_key_of_a_pair_is_computed_once(computed: list[bytes]) -> None:
    sealed = SealedMessages()
    keys = {sealed.message_key(OUR_PRIVATE, PEER_PUBLIC) for _ in range(5)}
    assert len(keys) == 1
    assert computed == [PEER_PUBLIC]


def test_another_private_key_of_ours_is_another_pair(computed: list[bytes]) -> None:
    sealed = SealedMessages()
    first = sealed.message_key(OUR_PRIVATE, PEER_PUBLIC)
    assert sealed.message_key(b"\x44" * 32, PEER_PUBLIC) != first
    assert len(computed) == 2


def test_the_pair_used_longest_ago_is_forgotten_first(
    computed: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed_messages, "MAX_CACHED_PEERS", 3)
    peers = [public_key_of(bytes([number]) * 32) for number in range(1, 5)]
    sealed = SealedMessages()
    for peer in peers[:3]:
        sealed.message_key(OUR_PRIVATE, peer)
    sealed.message_key(OUR_PRIVATE, peers[0])
    sealed.message_key(OUR_PRIVATE, peers[3])  # pushes out peers[1], unused for the longest time
    computed.clear()
    for peer in (peers[0], peers[2], peers[3]):
        sealed.message_key(OUR_PRIVATE, peer)
    assert computed == []
    sealed.message_key(OUR_PRIVATE, peers[1])
    assert computed == [peers[1]]


@pytest.mark.parametrize(
    ("private_key", "public_key"),
    [(OUR_PRIVATE, b""), (OUR_PRIVATE, bytes(32)), (b"", PEER_PUBLIC), (b"x" * 31, PEER_PUBLIC)],
    ids=["no public key", "low order", "no private key", "short private key"],
)
def test_an_unusable_key_is_reported_as_a_message_that_cannot_be_opened(
    private_key: bytes, public_key: bytes
) -> None:
    sealed = SealedMessages()
    for _ in range(2):  # the failure is not taken for a known key the second time
        with pytest.raises(CannotOpen):
            sealed.message_key(private_key, public_key)


def test_keys_are_in_no_representation_and_in_no_error() -> None:
    sealed = SealedMessages()
    key = sealed.message_key(OUR_PRIVATE, PEER_PUBLIC)
    with pytest.raises(CannotOpen) as error:
        sealed.message_key(OUR_PRIVATE, bytes(32))
    shown = f"{sealed!r} {sealed} {error.value!r}"
    assert shown.count("SealedMessages()") == 2
    for secret in (key, OUR_PRIVATE):
        assert secret.hex() not in shown
        assert repr(secret) not in shown


@pytest.mark.parametrize(
    ("change", "sealed"),
    [
        ({}, True),
        ({"channel": 8}, False),
        ({"to": PEER_NUM}, False),
        ({"to": 0xFFFFFFFF}, False),
        ({"encrypted": None}, False),
        ({"encrypted": None, "decoded": mesh_pb2.Data(payload=b"x")}, False),
    ],
    ids=["to us", "channel hash", "to another", "broadcast", "empty", "opened already"],
)
def test_sealed_for_us_is_encrypted_to_us_on_channel_0(
    change: dict[str, object], sealed: bool
) -> None:
    fields: dict[str, object] = {"to": OWN_NUM, "channel": 0, "encrypted": b"x" * 20} | change
    packet = mesh_pb2.MeshPacket(**fields)  # type: ignore[arg-type]
    assert is_sealed_for(packet, OWN_NUM) is sealed


def test_nothing_is_sealed_for_a_node_whose_number_is_unknown() -> None:
    assert not is_sealed_for(mesh_pb2.MeshPacket(to=0, encrypted=b"x" * 20), 0)
