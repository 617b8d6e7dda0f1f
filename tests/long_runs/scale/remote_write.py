"""Requests of Prometheus' remote write protocol, as far as stored samples need it. Pure.

The protocol: <https://prometheus.io/docs/concepts/remote_write_spec/>, a protobuf ``WriteRequest``
in a block of snappy, here one literal that is not compressed
(<https://github.com/google/snappy/blob/main/format_description.txt>).
"""

import struct
from collections.abc import Iterable, Sequence

_SAMPLE = "3sd7s"
"""Tag and length of the sample with the tag of its value; the value; the time with its tag."""
_SAMPLE_BYTES = 18
_TIME_BYTES = 6
_LONG_LITERAL = 63 << 2
_VALUE_HEAD = bytes((0x12, _SAMPLE_BYTES - 2, 0x09))


class WriteTimes:
    """The times of samples that many series have in common, in milliseconds since 1970."""

    def __init__(self, times_ms: Sequence[int]) -> None:
        """Prepare them."""
        self._heads = [b"\x10" + _varint(time_ms) for time_ms in times_ms]
        if any(len(head) != 1 + _TIME_BYTES for head in self._heads):
            raise ValueError("times of this century are expected")
        self._struct = struct.Struct("<" + _SAMPLE * len(times_ms))

    def series(self, labels: bytes, values: Sequence[float]) -> bytes:
        """Return a series with a value for each time; ``labels`` by :func:`labels_of`."""
        parts: list[bytes | float] = []
        for value, head in zip(values, self._heads, strict=True):
            parts += (_VALUE_HEAD, value, head)
        body = labels + self._struct.pack(*parts)
        return b"\x0a" + _varint(len(body)) + body


def labels_of(labels: dict[str, str]) -> bytes:
    """Return the labels of a series, the name of what it measures as ``__name__``."""
    return b"".join(
        _field(1, _field(1, name.encode()) + _field(2, value.encode()))
        for name, value in sorted(labels.items())
    )


def request_of(series: Iterable[bytes]) -> bytes:
    """Return a request with these series."""
    body = b"".join(series)
    literal = bytes((_LONG_LITERAL,)) + (len(body) - 1).to_bytes(4, "little")
    return _varint(len(body)) + literal + body


def _field(number: int, value: bytes) -> bytes:
    return bytes((number << 3 | 2,)) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
