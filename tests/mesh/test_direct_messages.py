"""Opening and sealing direct messages.

The scheme is computed here a second time, from its building blocks and not from the library calls
that the module makes: the X25519 ladder of RFC 7748 in plain integers, and CCM of RFC 3610
(CBC-MAC for the tag, counter mode for the text) from single AES blocks. So a wrong nonce layout,
tag length, byte order or key derivation in the module cannot agree with these by accident. Both are
themselves checked against the vectors of their RFCs, and the module against the firmware's own.
"""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from meshbot.mesh.direct_messages import (
    OVERHEAD_BYTES,
    CannotOpen,
    message_key,
    open_sealed,
    public_key_of,
    seal,
)
from meshbot.model import public_key
from meshbot.model.public_key import is_usable_key

# RFC 7748, section 6.1.
ALICE = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
BOB = bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
BOB_PUBLIC = bytes.fromhex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
SHARED = bytes.fromhex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")

KEY = bytes(range(32))
PACKET_ID, FROM_NUM, EXTRA_NONCE = 0x13B2D662, 0xA1B2C3D4, b"\x03\x6a\x79\x2b"
PLAINTEXT = b"\x08\x01\x12\x05/ping"

numbers = st.integers(0, 0xFFFFFFFF)
keys = st.binary(min_size=32, max_size=32)


def x25519(scalar: bytes, point: bytes) -> bytes:
    """Multiply as RFC 7748 section 5 says, with its variable names."""
    p = 2**255 - 19
    k = int.from_bytes(scalar, "little") & ~7 & (2**254 - 1) | 2**254
    x1 = int.from_bytes(point, "little") & (2**255 - 1)
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for t in reversed(range(255)):
        bit = k >> t & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a, b * b, d * a, c * b
        e = aa - bb
        x3, z3 = pow(da + cb, 2, p), x1 * pow(da - cb, 2, p) % p
        x2, z2 = aa * bb % p, e * (aa + 121665 * e) % p
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, p - 2, p) % p).to_bytes(32, "little")


def ccm(key: bytes, nonce: bytes, text: bytes, tag_bytes: int, associated: bytes = b"") -> bytes:
    """Encrypt as RFC 3610 section 2 says; a 13-byte nonce leaves L = 2 bytes for lengths."""

    def aes(block: bytes) -> bytes:
        return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(block)

    def xor(left: bytes, right: bytes) -> bytes:
        return bytes(a ^ b for a, b in zip(left, right, strict=False))

    def padded(data: bytes) -> bytes:
        return data + bytes(-len(data) % 16)

    flags = (64 if associated else 0) + (tag_bytes - 2) // 2 * 8 + (2 - 1)
    authenticated = bytes([flags]) + nonce + len(text).to_bytes(2, "big")
    if associated:
        authenticated += padded(len(associated).to_bytes(2, "big") + associated)
    authenticated += padded(text)
    mac = bytes(16)
    for at in range(0, len(authenticated), 16):
        mac = aes(xor(mac, authenticated[at : at + 16]))
    stream = b"".join(
        aes(b"\x01" + nonce + counter.to_bytes(2, "big")) for counter in range(len(text) // 16 + 2)
    )
    return xor(text, stream[16:]) + xor(mac, stream[:16])[:tag_bytes]


def test_the_ladder_of_this_file_gives_the_shared_secret_of_rfc_7748() -> None:
    assert x25519(ALICE, BOB_PUBLIC) == SHARED
    assert x25519(BOB, (9).to_bytes(32, "little")) == BOB_PUBLIC


def test_the_ccm_of_this_file_gives_packet_vector_1_of_rfc_3610() -> None:
    sealed = ccm(
        bytes(range(0xC0, 0xD0)),
        bytes.fromhex("00000003020100a0a1a2a3a4a5"),
        bytes(range(0x08, 0x1F)),
        8,
        bytes(range(8)),
    )
    assert sealed.hex() == "588c979a61c663d2f066d0c2c0f989806d5f6b61dac38417e8d12cfdf926e0"


def test_a_message_of_the_firmwares_own_test_opens() -> None:
    """From ``test_PKC`` in the firmware's ``test/test_crypto``."""
    key = message_key(
        bytes.fromhex("a00330633e63522f8a4d81ec6d9d1e6617f6c8ffd3a4c698229537d44e522277"),
        bytes.fromhex("db18fc50eea47f00251cb784819a3cf5fc361882597f589f0d7ff820e8064457"),
    )
    assert key[:8].hex() == "777b1545c9d6f9a2"
    sealed = bytes.fromhex("40df24abfcc30a17a3d9046726099e796a1c036a792b")
    assert open_sealed(key, 0x13B2D662, 0x0929, sealed).hex() == "08011204746573744800"


def test_the_message_key_is_the_hash_of_the_shared_secret() -> None:
    assert message_key(ALICE, BOB_PUBLIC) == hashlib.sha256(SHARED).digest()
    assert public_key_of(BOB) == BOB_PUBLIC


@settings(max_examples=20)
@given(keys, keys)
def test_the_message_key_agrees_with_the_ladder_of_this_file(ours: bytes, theirs: bytes) -> None:
    public = x25519(theirs, (9).to_bytes(32, "little"))
    assert public_key_of(theirs) == public
    assert message_key(ours, public) == hashlib.sha256(x25519(ours, public)).digest()


@settings(max_examples=40)
@given(keys, numbers, numbers, st.binary(max_size=240), st.binary(min_size=4, max_size=4))
def test_a_sealed_message_agrees_with_the_ccm_of_this_file(
    key: bytes, packet_id: int, from_num: int, plaintext: bytes, extra_nonce: bytes
) -> None:
    nonce = packet_id.to_bytes(4, "little") + extra_nonce + from_num.to_bytes(4, "little") + b"\x00"
    expected = ccm(key, nonce, plaintext, 8) + extra_nonce
    assert seal(key, packet_id, from_num, plaintext, extra_nonce) == expected


@given(
    keys, numbers, numbers, st.binary(min_size=1, max_size=240), st.binary(min_size=4, max_size=4)
)
def test_what_was_sealed_opens(
    key: bytes, packet_id: int, from_num: int, plaintext: bytes, extra_nonce: bytes
) -> None:
    sealed = seal(key, packet_id, from_num, plaintext, extra_nonce)
    assert len(sealed) == len(plaintext) + OVERHEAD_BYTES
    assert open_sealed(key, packet_id, from_num, sealed) == plaintext


def test_both_sides_share_one_message_key() -> None:
    assert message_key(ALICE, BOB_PUBLIC) == message_key(BOB, public_key_of(ALICE))


def sealed_message() -> bytes:
    return seal(KEY, PACKET_ID, FROM_NUM, PLAINTEXT, EXTRA_NONCE)


def test_one_changed_bit_in_any_byte_is_noticed() -> None:
    sealed = sealed_message()
    for at in range(len(sealed)):
        for bit in range(8):
            altered = bytearray(sealed)
            altered[at] ^= 1 << bit
            with pytest.raises(CannotOpen):
                open_sealed(KEY, PACKET_ID, FROM_NUM, bytes(altered))


def test_a_message_cut_anywhere_at_either_end_is_refused() -> None:
    sealed = sealed_message()
    for cut in range(1, len(sealed) + 1):
        for piece in (sealed[:-cut], sealed[cut:]):
            with pytest.raises(CannotOpen):
                open_sealed(KEY, PACKET_ID, FROM_NUM, piece)


def test_a_message_with_bytes_added_is_refused() -> None:
    with pytest.raises(CannotOpen):
        open_sealed(KEY, PACKET_ID, FROM_NUM, sealed_message() + b"\x00")


def test_an_overhead_around_nothing_is_no_message() -> None:
    with pytest.raises(CannotOpen, match="12"):
        open_sealed(KEY, PACKET_ID, FROM_NUM, seal(KEY, PACKET_ID, FROM_NUM, b"", EXTRA_NONCE))


@pytest.mark.parametrize(
    ("key", "packet_id", "from_num"),
    [
        (bytes(32), PACKET_ID, FROM_NUM),
        (KEY, PACKET_ID + 1, FROM_NUM),
        (KEY, PACKET_ID, FROM_NUM + 1),
        (KEY, FROM_NUM, PACKET_ID),
    ],
    ids=["key", "packet id", "sender", "id and sender swapped"],
)
def test_another_key_id_or_sender_does_not_open_it(
    key: bytes, packet_id: int, from_num: int
) -> None:
    with pytest.raises(CannotOpen):
        open_sealed(key, packet_id, from_num, sealed_message())


@pytest.mark.parametrize("size", [0, 3, 5])
def test_an_extra_nonce_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="extra nonce"):
        seal(KEY, PACKET_ID, FROM_NUM, PLAINTEXT, bytes(size))


@pytest.mark.parametrize(
    "public_key",
    [
        bytes(32),
        (1).to_bytes(32, "little"),
        (2**255 - 20).to_bytes(32, "little"),
        (2**255 - 19).to_bytes(32, "little"),
        bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    ],
    ids=["0", "1", "-1", "p", "order 8"],
)
def test_a_low_order_key_gives_no_message_key(public_key: bytes) -> None:
    with pytest.raises(ValueError):
        message_key(ALICE, public_key)


@pytest.mark.parametrize("size", [0, 1, 31, 33, 64])
def test_a_key_of_another_length_gives_no_message_key(size: int) -> None:
    with pytest.raises(ValueError):
        message_key(ALICE, b"\x09" * size)
    with pytest.raises(ValueError):
        message_key(b"\x09" * size, BOB_PUBLIC)


def test_a_usable_key_is_32_bytes_and_not_all_zero() -> None:
    assert is_usable_key(BOB_PUBLIC)
    assert is_usable_key(bytes(31) + b"\x01"), "zero except for its last byte"
    assert not any(is_usable_key(key) for key in (b"", bytes(32), BOB_PUBLIC[1:]))
    assert not is_usable_key(BOB_PUBLIC + b"\x01")


HIGHEST_BIT = 1 << 255
points = sorted(public_key._LOW_ORDER_POINTS)


@pytest.mark.parametrize("highest_bit", [0, HIGHEST_BIT], ids=["as it is", "with the highest bit"])
@pytest.mark.parametrize("point", points, ids=hex)
def test_each_low_order_point_is_refused_here_and_by_x25519(point: int, highest_bit: int) -> None:
    key = (point | highest_bit).to_bytes(32, "little")
    assert not is_usable_key(key)
    for private_key in (ALICE, BOB):
        with pytest.raises(ValueError):
            X25519PrivateKey.from_private_bytes(private_key).exchange(
                X25519PublicKey.from_public_bytes(key)
            )


@pytest.mark.parametrize("point", points, ids=hex)
def test_the_secret_shared_with_a_low_order_point_is_zero_on_the_ladder_of_this_file(
    point: int,
) -> None:
    assert x25519(ALICE, point.to_bytes(32, "little")) == bytes(32)


@pytest.mark.parametrize("highest_bit", [0, HIGHEST_BIT], ids=["as it is", "with the highest bit"])
def test_the_neighbours_of_low_order_points_are_no_such_points(highest_bit: int) -> None:
    neighbours = {point + step for point in points for step in (-1, 1)} - set(points)
    for number in neighbours - {-1, HIGHEST_BIT}:
        key = (number | highest_bit).to_bytes(32, "little")
        assert is_usable_key(key)
        assert len(message_key(ALICE, key)) == 32


small_or_near_the_prime = st.integers(0, 300) | st.integers(2**255 - 300, 2**255 - 1)


@settings(max_examples=300)
@given(small_or_near_the_prime | st.sampled_from(points) | st.integers(0, 2**256 - 1))
def test_a_32_byte_key_is_usable_if_and_only_if_x25519_takes_it(number: int) -> None:
    key = number.to_bytes(32, "little")
    try:
        message_key(ALICE, key)
        taken = True
    except ValueError:
        taken = False
    assert is_usable_key(key) == taken
