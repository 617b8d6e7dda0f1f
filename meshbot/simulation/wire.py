"""Protobuf's wire format, for fields newer than the library's own. Pure functions."""


def varint(value: int) -> bytes:
    """Encode a number as protobuf does."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def number_field(field: int, value: int) -> bytes:
    """Encode a field that holds a number; 0 is left out, as proto3 does."""
    return varint(field << 3) + varint(value) if value else b""


def bytes_field(field: int, content: bytes) -> bytes:
    """Encode a field that holds bytes or a message."""
    return varint(field << 3 | 2) + varint(len(content)) + content
