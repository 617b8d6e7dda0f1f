"""Open and seal PKI direct messages. Pure: no threads, no I/O, no state.

The scheme is the firmware's (``CryptoEngine::encryptCurve25519``, 2.5 and later):
``key = SHA-256(X25519(our private, their public))``; the sealed bytes are
``ciphertext | tag (8 bytes) | extra nonce (4 bytes)``; the cipher is AES-256-CCM with an 8-byte
tag, no associated data and the 13-byte nonce
``packet id (4, little endian) | extra nonce (4) | sender (4, little endian) | 0``.
The plaintext is a serialized ``Data`` protobuf.
"""

import hashlib
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

TAG_BYTES = 8
EXTRA_NONCE_BYTES = 4
_NONCE = struct.Struct("<I4sIx")
OVERHEAD_BYTES = TAG_BYTES + EXTRA_NONCE_BYTES


class CannotOpen(ValueError):
    """The packet is not a message sealed for us by the holder of that key."""


def public_key_of(private_key: bytes) -> bytes:
    """Return the 32-byte public key that belongs to a 32-byte private key."""
    return X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def message_key(private_key: bytes, public_key: bytes) -> bytes:
    """Return the 32-byte AES key that our private key and the other side's public key share.

    It depends on the two nodes only, so one computation serves every packet between them.
    Raises ``ValueError`` for a key of the wrong length or a low-order point.
    """
    shared = X25519PrivateKey.from_private_bytes(private_key).exchange(
        X25519PublicKey.from_public_bytes(public_key)
    )
    return hashlib.sha256(shared).digest()


def seal(key: bytes, packet_id: int, from_num: int, plaintext: bytes, extra_nonce: bytes) -> bytes:
    """Seal a serialized ``Data`` sent as packet ``packet_id`` by node ``from_num``.

    ``key`` comes from :func:`message_key`; ``extra_nonce`` is 4 random bytes.
    """
    if len(extra_nonce) != EXTRA_NONCE_BYTES:
        raise ValueError(f"extra nonce of {len(extra_nonce)} bytes, not {EXTRA_NONCE_BYTES}")
    nonce = _NONCE.pack(packet_id, extra_nonce, from_num)
    return cipher_of(key).encrypt(nonce, plaintext, None) + extra_nonce


def open_sealed(key: bytes, packet_id: int, from_num: int, sealed: bytes) -> bytes:
    """Return the serialized ``Data`` inside ``sealed``.

    Raises :class:`CannotOpen` when it is too short, was altered, or another key sealed it.
    """
    return decrypt(cipher_of(key), packet_id, from_num, sealed)


def cipher_of(key: bytes) -> AESCCM:
    """Return the cipher that belongs to a key of :func:`message_key`, to be used any often."""
    return AESCCM(key, tag_length=TAG_BYTES)


def decrypt(cipher: AESCCM, packet_id: int, from_num: int, sealed: bytes) -> bytes:
    """Do as :func:`open_sealed`, with a cipher at hand."""
    if len(sealed) <= OVERHEAD_BYTES:
        raise CannotOpen(f"{len(sealed)} bytes are too few for a sealed message")
    nonce = _NONCE.pack(packet_id, sealed[-EXTRA_NONCE_BYTES:], from_num)
    try:
        return cipher.decrypt(nonce, sealed[:-EXTRA_NONCE_BYTES], None)
    except InvalidTag:
        raise CannotOpen("altered, or sealed with another key") from None
