"""What it costs to open a direct message, beside the cipher alone."""

import os
import time
from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from meshtastic.protobuf import mesh_pb2, portnums_pb2

from benchmarks.figure import Figure
from benchmarks.line import FLOOR, OURS, Line, Medians
from meshbot.mesh import direct_messages
from meshbot.mesh.sealed_messages import SealedMessages

MESSAGES = 2_000
SENDERS = 200
PACKET_ID = 0x12345678
SENDER = 0xA1B2C3D4
TEXT = "/ping, et quelques mots de plus pour la longueur d'un message de tous les jours"
FLOOR_SHARE = 2.0


class SealedMessage(Figure):
    """In this process, microseconds a message."""

    title = "Opening a sealed direct message"
    about = (
        f"`SealedMessages.open` of a text of {len(TEXT)} characters, until what it says is at "
        "hand (a `Data` protobuf). Floor: `AESCCM.decrypt` of the same bytes, with cipher, nonce "
        "and bytes at hand; for a new sender the X25519 exchange and the making of the cipher "
        "before it. Twice the floor is out of reach for a known sender: taking the fields out of "
        "the protobuf, cutting the nonce off, finding the shared key under its lock and parsing "
        "the text cost as much as the decryption itself, each a fraction of a microsecond; all "
        "of it written out in one function still took 2.3 times the floor. A mesh brings a message "
        "every few seconds."
    )

    def finish(self) -> list[Line]:
        """Measure in turn."""
        known = Line(
            "known sender", "µs", f"≤ {FLOOR_SHARE:g} × AES-CCM alone", _at_most_of_the_floor
        )
        new = Line("new sender", "µs")
        ours, theirs = os.urandom(32), [os.urandom(32) for _ in range(SENDERS)]
        own_public_key = direct_messages.public_key_of(ours)
        peers = [direct_messages.public_key_of(key) for key in theirs]
        packets = [_packet(key, own_public_key) for key in theirs]
        senders = [(packet, ours, peer) for packet, peer in zip(packets, peers, strict=True)]
        cipher = direct_messages.cipher_of(direct_messages.message_key(ours, peers[0]))
        content, nonce = _parts(packets[0])
        for _ in range(self.runs):
            sealed = SealedMessages()
            new.add(OURS, _each_us(sealed.open, senders))
            known.add(OURS, _each_us(sealed.open, senders[:1] * MESSAGES))
            new.add(FLOOR, _each_us(_bare_opening, senders))
            known.add(FLOOR, _each_us(cipher.decrypt, [(nonce, content, None)] * MESSAGES))
        return [known, new]


def _bare_opening(packet: mesh_pb2.MeshPacket, private_key: bytes, public_key: bytes) -> bytes:
    content, nonce = _parts(packet)
    key = direct_messages.message_key(private_key, public_key)
    return AESCCM(key, tag_length=8).decrypt(nonce, content, None)


def _packet(their_private_key: bytes, own_public_key: bytes) -> mesh_pb2.MeshPacket:
    data = mesh_pb2.Data(portnum=portnums_pb2.PortNum.TEXT_MESSAGE_APP, payload=TEXT.encode())
    packet = mesh_pb2.MeshPacket(id=PACKET_ID)
    setattr(packet, "from", SENDER)
    packet.encrypted = direct_messages.seal(
        direct_messages.message_key(their_private_key, own_public_key),
        PACKET_ID,
        SENDER,
        data.SerializeToString(),
        os.urandom(4),
    )
    return packet


def _parts(packet: mesh_pb2.MeshPacket) -> tuple[bytes, bytes]:
    content, extra_nonce = packet.encrypted[:-4], packet.encrypted[-4:]
    nonce = PACKET_ID.to_bytes(4, "little") + extra_nonce + SENDER.to_bytes(4, "little") + b"\0"
    return content, nonce


def _each_us(call: Callable[..., object], items: Sequence[tuple[object, ...]]) -> float:
    began_s = time.perf_counter()
    for item in items:
        call(*item)
    return (time.perf_counter() - began_s) / len(items) * 1e6


def _at_most_of_the_floor(medians: Medians) -> bool:
    ours, floor = medians.get(OURS), medians.get(FLOOR)
    return ours is not None and floor is not None and ours <= FLOOR_SHARE * floor
