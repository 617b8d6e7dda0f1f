"""Public keys: which can be one at all, and how people are shown them. Pure."""

import binascii
import zlib

KEY_BYTES = 32
FINGERPRINT_CHARS = 12
_FIELD_PRIME = 2**255 - 19
_LOW_ORDER_POINTS = frozenset(
    point + wrapped
    for wrapped in (0, _FIELD_PRIME)
    for point in (
        0,
        1,
        _FIELD_PRIME - 1,
        0x00B8495F16056286FDB1329CEB8D09DA6AC49FF1FAE35616AEB8413B7C7AEBE0,
        0x57119FD0DD4E22D8868E1C58C45C44045BEF839C55B1D0B1248C50A3BC959C5F,
    )
    if point + wrapped < 2**255
)
"""The u-coordinates, reduced or not, of Curve25519's points of order 1, 2, 4 and 8 and their
twist's: the secret shared with any of them is zero (RFC 7748, section 6.1)."""


def is_usable_key(key: bytes) -> bool:
    """Say whether ``key`` can be a Curve25519 key at all: 32 bytes, and no low-order point.

    With a low-order point (zero is one) anybody knows the shared secret. X25519 ignores the
    highest bit, and so does this.
    """
    if len(key) != KEY_BYTES:
        return False
    return int.from_bytes(key, "little") & ((1 << 255) - 1) not in _LOW_ORDER_POINTS


def base64_text(key: bytes) -> str:
    """Return a key as Meshtastic's apps show it and its library stores it."""
    return binascii.b2a_base64(key, newline=False).decode("ascii")


def fingerprint(key: bytes) -> str:
    """Return the beginning of a key as the apps show it: 72 of its 256 bits."""
    return base64_text(key)[:FINGERPRINT_CHARS]


def is_number_of(num: int, key: bytes) -> bool:
    """Say whether firmware 2.8 would give the holder of ``key`` the number ``num``.

    It numbers a node with the CRC-32 of its public key. That is evidence, not proof: somebody who
    tries four thousand million keys finds one for any number.
    """
    return bool(key) and zlib.crc32(key) == num
