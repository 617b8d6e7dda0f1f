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
    return zlib.crc32(b"".join([_USUAL.get(value) or _part(value) for value in values]))


def _part(value: object) -> bytes:
    """Return a value's kind, one byte, how long it is, so that no two rows are alike, and it."""
    kind, data = b"i", b""
    if isinstance(value, int):
        data = b"%d" % value
    elif isinstance(value, str):
        kind, data = b"t", value.encode("utf-8", "surrogatepass")
    elif isinstance(value, bytes):
        kind, data = b"b", value
    elif value is None:
        kind = b"n"
    elif isinstance(value, float):
        return _float_part(value)
    else:
        raise TypeError(f"no column holds a {type(value).__name__}")
    return _HEAD.pack(kind, len(data)) + data


def _float_part(value: float) -> bytes:
    if math.isnan(value):
        return _part(None)
    if abs(value) < _EXACT and value.is_integer():
        return _part(int(value))
    data = struct.pack(">d", value)
    return _HEAD.pack(b"f", len(data)) + data


_USUAL: dict[object, bytes] = {value: _part(value) for value in (0, 1, 2, 3, 4, 5, 6, 7, "", None)}
"""Half of the values of a usual row. Those that are equal are encoded alike: True as 1."""
