"""Opens and seals direct messages with the keys at hand, one shared secret a peer.

Owns the cache of message keys. Used by the worker and the sender; ``_lock`` guards the cache and is
a leaf. Private keys and message keys live in memory only and are in no ``repr``.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from google.protobuf.message import DecodeError
from meshtastic.protobuf import mesh_pb2

from meshbot.mesh import direct_messages
from meshbot.model.tolerant_parse import parse_tolerantly

MAX_CACHED_PEERS = 2_000


@dataclass(frozen=True, slots=True, repr=False)
class _SharedSecret:
    """What two nodes share."""

    key: bytes
    cipher: AESCCM


class SealedMessages:
    """Message keys between our node and its peers, computed once each."""

    def __init__(self) -> None:
        """Start with an empty cache."""
        self._lock = threading.Lock()
        self._shared: OrderedDict[tuple[bytes, bytes], _SharedSecret] = OrderedDict()

    def __repr__(self) -> str:
        """Say nothing of the keys."""
        return "SealedMessages()"

    def message_key(self, private_key: bytes, public_key: bytes) -> bytes:
        """Return the key shared with a peer.

        Raises :class:`direct_messages.CannotOpen` when either key is unusable.
        """
        return self._shared_secret(private_key, public_key).key

    def _shared_secret(self, private_key: bytes, public_key: bytes) -> _SharedSecret:
        pair = private_key, public_key
        with self._lock:
            known = self._shared.get(pair)
            if known is not None:
                self._shared.move_to_end(pair)
                return known
        try:
            key = direct_messages.message_key(private_key, public_key)
        except ValueError as error:
            raise direct_messages.CannotOpen(f"unusable key: {error}") from None
        shared = _SharedSecret(key, direct_messages.cipher_of(key))
        with self._lock:
            self._shared[pair] = shared
            if len(self._shared) > MAX_CACHED_PEERS:
                self._shared.popitem(last=False)
        return shared

    def open(
        self, packet: mesh_pb2.MeshPacket, private_key: bytes, public_key: bytes
    ) -> mesh_pb2.Data:
        """Return what ``packet`` holds, sealed for ``private_key`` by ``public_key``'s owner.

        Raises :class:`direct_messages.CannotOpen`.
        """
        plaintext = direct_messages.decrypt(
            self._shared_secret(private_key, public_key).cipher,
            packet.id,
            getattr(packet, "from"),
            packet.encrypted,
        )
        try:
            return parse_tolerantly(mesh_pb2.Data, plaintext)
        except DecodeError:
            raise direct_messages.CannotOpen("opened, but holds no Data") from None


def is_sealed_for(packet: mesh_pb2.MeshPacket, own_num: int) -> bool:
    """Say whether a packet is a direct message to us that nobody has opened yet.

    A channel of 0 tells it from one under a channel key that the radio lacks or will not use,
    which carries the channel's hash (firmware 2.7 delivers those still encrypted).
    """
    return packet.WhichOneof("payload_variant") == "encrypted" and (
        packet.to == own_num and packet.channel == 0 and own_num != 0
    )
