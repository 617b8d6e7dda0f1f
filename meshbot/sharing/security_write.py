"""Keeps the node's keys where a client writes the security config back without them. Pure.

A client changes one setting and writes back the whole config, as it was given it. Without the
private key in it, 2.5 and 2.6 lose the node's key, and 2.7 makes the node a new pair
(``handleSetConfig``): to the mesh it is then another node. From 2.8 the old pair is kept.
"""

from google.protobuf.message import DecodeError
from meshtastic.protobuf import admin_pb2

from meshbot.sharing.admin_rules import variants
from meshbot.sharing.refusal import RefusalKind

KEY_BYTES = 32
MAX_PAYLOAD_BYTES = 233
"""``DATA_PAYLOAD_LEN``: the node's parser rejects a packet with more, and says nothing."""


def with_keys(payload: bytes, public_key: bytes, private_key: bytes) -> bytes | RefusalKind:
    """Return an admin message with our keys filled in where they are left out, or what is wrong.

    A new pair that the client chose itself passes: it holds a private key.
    """
    try:
        message = admin_pb2.AdminMessage.FromString(payload)
    except DecodeError:
        return RefusalKind.MALFORMED
    if variants(payload) != 1:
        return RefusalKind.MALFORMED
    security = message.set_config.security
    if not message.set_config.HasField("security") or _is_key(security.private_key):
        return payload
    told = security.public_key
    if _is_key(told) and _is_key(public_key) and told != public_key:
        return RefusalKind.KEYS
    if not _is_key(private_key):
        return RefusalKind.KEYS_UNKNOWN
    security.private_key = private_key
    if _is_key(public_key):
        security.public_key = public_key
    filled = message.SerializeToString()
    return filled if len(filled) <= MAX_PAYLOAD_BYTES else RefusalKind.TOO_LONG


def _is_key(key: bytes) -> bool:
    return len(key) == KEY_BYTES and any(key)
