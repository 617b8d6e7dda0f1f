"""The checksum of a row: tells a row that the card has changed from one that was written. Pure.

CRC-32 finds each error of up to 32 bits in a row, as a flipped bit or a spoilt byte is; it is no
proof against somebody who writes into the file on purpose, who could write a checksum as well.
"""

import math
import struct
import zlib
from collections.abc import Sequence

_HEAD = struct.Struct(">cI")
_EXACT = 1 << 53
"""Below this each whole number is a float as well, and SQLite may give back either."""


def checksum_of(values: Sequence[object]) -> int:
    """Return the checksum (0 to 2**32 - 1) of a row's values, all but the checksum itself.

    The order is that of the table's columns: ``simulated`` and the key's columns count as well. A
    value and what SQLite gives back of it have the same checksum: True and 1, 3 and 3.0, -0.0 and
    0, NaN and None. Raises ``TypeError`` for what no column can hold.
    """
    parts = []
    for value in values:
        if type(value) is int:  # most are, and the call would take a third of the time
            kind, data = b"i", b"%d" % value
        else:
            kind, data = _encoded(value)
        parts.append(_HEAD.pack(kind, len(data)))  # so that no two rows are encoded alike
        parts.append(data)
    return zlib.crc32(b"".join(parts))


def _encoded(value: object) -> tuple[bytes, bytes]:
    """Return the kind of a value, one byte, and its contents."""
    if isinstance(value, int):
        return b"i", b"%d" % value
    if isinstance(value, str):
        return b"t", value.encode("utf-8", "surrogatepass")
    if isinstance(value, float):
        return _encoded_float(value)
    if isinstance(value, bytes):
        return b"b", value
    if value is None:
        return b"n", b""
    raise TypeError(f"no column holds a {type(value).__name__}")


def _encoded_float(value: float) -> tuple[bytes, bytes]:
    if math.isnan(value):
        return b"n", b""
    if abs(value) < _EXACT and value.is_integer():
        return b"i", b"%d" % int(value)
    return b"f", struct.pack(">d", value)
