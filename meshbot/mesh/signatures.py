"""Signatures under packets (XEdDSA), which firmware signs with from 2.8 on. Pure.

A node has one X25519 key for sealing and for signing. ``CryptoEngine::curve_to_ed_pub`` maps it to
an Ed25519 key: ``y = (u - 1) / (u + 1)`` (RFC 7748, section 4.1), the sign bit 0, as Signal's
XEdDSA specification wants it. What is left is an ordinary Ed25519 signature.

What is signed, by ``buildSigningBuffer`` in ``src/mesh/CryptoEngine.cpp`` (of 2.8.1 also
``XEDDSA_SIGNED_HEADER_LEN`` and the flags in ``CryptoEngine.h``), all numbers little-endian:

- 2.8.0: from, packet id, port (4 bytes each), payload;
- from 2.8.1 on: version 1 (1 byte), from, id, to, port, request_id, reply_id, emoji, bitfield
  (4 bytes each), flags (1 byte: want_response 1, has a bitfield 2), payload.

``Router.cpp``, ``perhapsEncode``, signs what goes to everybody if it still fits a frame; nothing
that is sealed. The signature is ``Data.xeddsa_signature`` (field 10, 64 bytes). Our protobufs may
not know that field: it is then read from what they kept unread. The node's own word on it is
``MeshPacket.xeddsa_signed`` (22), and ``NodeInfo.has_xeddsa_signed`` (14) in its database. Radios
before 2.8 hand over no signature: they drop fields that they do not know.

Which version signed is not said, so both layouts are tried. That proves who signed a NodeInfo in
either: the sender's number and the payload are in both.
"""

import struct

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet
from meshtastic.protobuf import mesh_pb2

from meshbot.model.public_key import is_number_of, is_usable_key

SIGNATURE_BYTES = 64
_SIGNATURE_FIELD = 10
_HAS_SIGNED_FIELD = 14
_FIELD_PRIME = 2**255 - 19
_U_MASK = 2**255 - 1
_VERSION = 1
_WANT_RESPONSE = 1
_HAS_BITFIELD = 2


def signature_of(data: mesh_pb2.Data) -> bytes:
    """Return the signature that a packet's content carries; empty if none of 64 bytes."""
    value = _last_value(data, _SIGNATURE_FIELD)
    return value if isinstance(value, bytes) and len(value) == SIGNATURE_BYTES else b""


def radio_saw_signature(info: mesh_pb2.NodeInfo) -> bool:
    """Say whether the radio verified a signature of a node of its database (2.8).

    It keeps that with the key (``checkXeddsaReceivePolicy``), and no key changes there.
    """
    value = _last_value(info, _HAS_SIGNED_FIELD)
    return isinstance(value, int) and bool(value)


def shows_holder(packet: mesh_pb2.MeshPacket, data: mesh_pb2.Data, key: bytes) -> bool:
    """Say whether a NodeInfo shows that the holder of ``key`` himself uses its sender's number.

    So if that number is the one which ``key`` gives, and the signature is made with ``key``. That
    is what 2.8 asks of a node that it meets (``verifyFirstContactNodeInfo``). Costs a
    quarter of a millisecond on a PC, and next to nothing where the number does not fit.
    """
    if not is_number_of(getattr(packet, "from"), key):
        return False
    return is_signed_by(packet, data, key)


def is_signed_by(packet: mesh_pb2.MeshPacket, data: mesh_pb2.Data, key: bytes) -> bool:
    """Say whether the content of a packet is signed with an X25519 ``key`` (32 bytes)."""
    signature = signature_of(data)
    verifier = _verifier_of(key) if signature else None
    if verifier is None:
        return False
    return any(
        _is_signature(verifier, signature, signed)
        for signed in (signed_bytes(packet, data), signed_bytes_2_8_0(packet, data))
    )


def signed_bytes(packet: mesh_pb2.MeshPacket, data: mesh_pb2.Data) -> bytes:
    """Return what firmware signs from 2.8.1 on; ``data`` is the packet's content, opened."""
    flags = _WANT_RESPONSE if data.want_response else 0
    if data.HasField("bitfield"):
        flags |= _HAS_BITFIELD
    header = struct.pack(
        "<B8IB",
        _VERSION,
        getattr(packet, "from"),
        packet.id,
        packet.to,
        data.portnum & 0xFFFFFFFF,
        data.request_id,
        data.reply_id,
        data.emoji,
        data.bitfield,
        flags,
    )
    return header + data.payload


def signed_bytes_2_8_0(packet: mesh_pb2.MeshPacket, data: mesh_pb2.Data) -> bytes:
    """Return what firmware 2.8.0 signs."""
    numbers = getattr(packet, "from"), packet.id, data.portnum & 0xFFFFFFFF
    return struct.pack("<3I", *numbers) + data.payload


def edwards_key(key: bytes) -> bytes:
    """Return the Ed25519 key of an X25519 one (32 bytes each).

    Raises ``ValueError`` for what can be nobody's key, and for the one point without a counterpart.
    """
    if not is_usable_key(key):
        raise ValueError("no usable key")
    u = (int.from_bytes(key, "little") & _U_MASK) % _FIELD_PRIME
    y = (u - 1) * pow(u + 1, -1, _FIELD_PRIME) % _FIELD_PRIME
    return y.to_bytes(len(key), "little")


def _verifier_of(key: bytes) -> Ed25519PublicKey | None:
    try:
        return Ed25519PublicKey.from_public_bytes(edwards_key(key))
    except ValueError:
        return None


def _is_signature(verifier: Ed25519PublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        verifier.verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def _last_value(message: Message, number: int) -> object:
    """Return a field's value by its number, whether our protobufs know it or not; None: no such.

    As protobuf reads a field that comes more than once, the last one counts.
    """
    known = message.DESCRIPTOR.fields_by_number.get(number)
    if known is not None:
        return getattr(message, known.name)
    unread = UnknownFieldSet(message)
    values = [field.data for i in range(len(unread)) if (field := unread[i]).field_number == number]
    return values[-1] if values else None
