"""XEdDSA as its specification has it (Signal, "The XEdDSA and VXEdDSA Signature Schemes").

On plain integers, independent of the program's own code and of any library of curves. Slow.
"""

import hashlib

_P = 2**255 - 19
_Q = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_B_Y = 4 * pow(5, -1, _P) % _P

Point = tuple[int, int]


def _x_of(y: int) -> int:
    """Return the even x of a point on the curve -x² + y² = 1 + d x² y²."""
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    return x if x % 2 == 0 else _P - x


_BASE: Point = (_x_of(_B_Y), _B_Y)


def _sum(one: Point, other: Point) -> Point:
    (x1, y1), (x2, y2) = one, other
    product = _D * x1 * x2 * y1 * y2 % _P
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, _P) % _P
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, _P) % _P
    return x, y


def _times(factor: int, point: Point) -> Point:
    result: Point = (0, 1)
    while factor:
        if factor & 1:
            result = _sum(result, point)
        point = _sum(point, point)
        factor >>= 1
    return result


def _bytes_of(point: Point) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def _number(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % _Q


def signing_key(private_key: bytes) -> tuple[int, bytes]:
    """Return the scalar and the Ed25519 key of an X25519 private key (``calculate_key_pair``)."""
    scalar = int.from_bytes(private_key, "little")
    scalar = scalar & ~7 & (2**255 - 1) | 2**254
    point = _times(scalar, _BASE)
    if point[0] & 1:
        scalar, point = -scalar % _Q, (_P - point[0], point[1])
    return scalar % _Q, _bytes_of(point)


def sign(private_key: bytes, signed: bytes, chance: bytes = bytes(64)) -> bytes:
    """Return the signature of 64 bytes; ``chance`` is the specification's Z, also 64 bytes."""
    scalar, public = signing_key(private_key)
    prefix = b"\xfe" + b"\xff" * 31
    nonce = _number(prefix, scalar.to_bytes(32, "little"), signed, chance)
    first = _bytes_of(_times(nonce, _BASE))
    second = (nonce + _number(first, public, signed) * scalar) % _Q
    return first + second.to_bytes(32, "little")
