"""Signs as firmware 2.8 does: XEdDSA with a node's X25519 key. Pure, for a simulation only.

No library at hand signs with a given scalar, so the curve's arithmetic is here (RFC 8032, section
5.1.4), as plain numbers: one signature takes some milliseconds, and neither its time nor its nonce
keeps a secret. The nonce has no chance in it, which the specification would have.
"""

import hashlib
from functools import lru_cache

from meshtastic.protobuf import mesh_pb2

from meshbot.mesh.signatures import signed_bytes, signed_bytes_2_8_0
from meshbot.simulation.wire import bytes_field

_SIGNATURE_FIELD = 10
_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_TWICE_D = -121665 * pow(121666, -1, _P) * 2 % _P
_BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
_BASE_Y = 4 * pow(5, -1, _P) % _P
_MAX_KEYS = 1_000

_Point = tuple[int, int, int, int]
"""X, Y, Z and T of a point (X / Z, Y / Z), with T = X Y / Z."""
_BASE: _Point = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % _P)


def sign(packet: mesh_pb2.MeshPacket, private_key: bytes, *, as_2_8_0: bool = False) -> None:
    """Sign the content of a packet with a 32-byte private key, as 2.8.1 does or as 2.8.0 did."""
    layout = signed_bytes_2_8_0 if as_2_8_0 else signed_bytes
    signature = _signature(private_key, layout(packet, packet.decoded))
    packet.decoded.MergeFromString(bytes_field(_SIGNATURE_FIELD, signature))


def _signature(private_key: bytes, signed: bytes) -> bytes:
    scalar, public_key = _signing_key(private_key)
    nonce = _number(b"nonce", private_key, signed)
    point = _encoded(_times(nonce, _BASE))
    answer = (nonce + _number(point, public_key, signed) * scalar) % _ORDER
    return point + answer.to_bytes(32, "little")


@lru_cache(_MAX_KEYS)
def _signing_key(private_key: bytes) -> tuple[int, bytes]:
    """Return the scalar and the Ed25519 key with the sign bit 0 that it has then."""
    scalar = int.from_bytes(private_key, "little") & (2**254 - 8) | 2**254
    public_key = _encoded(_times(scalar, _BASE))
    if not public_key[31] & 0x80:
        return scalar, public_key
    return _ORDER - scalar % _ORDER, public_key[:31] + bytes([public_key[31] & 0x7F])


def _number(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % _ORDER


def _encoded(point: _Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, _P)
    return (y * inverse % _P | (x * inverse % _P & 1) << 255).to_bytes(32, "little")


def _times(factor: int, point: _Point) -> _Point:
    result: _Point = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            result = _sum(result, point)
        point = _sum(point, point)
        factor >>= 1
    return result


def _sum(one: _Point, other: _Point) -> _Point:
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = other
    a, b = (y1 - x1) * (y2 - x2) % _P, (y1 + x1) * (y2 + x2) % _P
    c, d = t1 * _TWICE_D * t2 % _P, 2 * z1 * z2 % _P
    e, f, g = b - a, d - c, d + c
    return e * f % _P, g * (b + a) % _P, f * g % _P, e * (b + a) % _P
