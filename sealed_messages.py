"""Opens and seals direct messages with the keys at hand, one shared secret a peer.

Owns the cache of message keys. Used by the worker and the sender; ``_lock`` guards the cache and is
a leaf. Private keys and message keys live in memory only and are in no ``repr``.
"""

import hashlib
import threading
from collections import OrderedDict

from google.protobuf.message import DecodeError
from meshtastic.protobuf import mesh_pb2

import direct_messages

MAX_CACHED_PEERS = 2_000


class SealedMessages:
    """Message keys between our node and its peers, computed once each."""

    def __init__(self) -> None:
        """Start with an empty cache."""
        self._lock = threading.Lock()
        self._keys: OrderedDict[bytes, bytes] = OrderedDict()

    def __repr__(self) -> str:
        """Say nothing of the keys."""
        return "SealedMessages()"

    def message_key(self, private_key: bytes, public_key: bytes) -> bytes:
        """Return the key shared with a peer.

        Raises :class:`direct_messages.CannotOpen` when either key is no usable one.
        """
        pair = hashlib.sha256(private_key + public_key).digest()
        with self._lock:
            known = self._keys.get(pair)
            if known is not None:
                self._keys.move_to_end(pair)
                return known
        try:
            key = direct_messages.message_key(private_key, public_key)
        except ValueError as error:
            raise direct_messages.CannotOpen(f"unusable key: {error}") from None
        with self._lock:
            self._keys[pair] = key
            if len(self._keys) > MAX_CACHED_PEERS:
                self._keys.popitem(last=False)
        return key

    def open(
        self, packet: mesh_pb2.MeshPacket, private_key: bytes, public_key: bytes
    ) -> mesh_pb2.Data:
        """Return what ``packet`` holds, sealed for ``private_key`` by ``public_key``'s owner.

        Raises :class:`direct_messages.CannotOpen`.
        """
        plaintext = direct_messages.open_sealed(
            self.message_key(private_key, public_key),
            packet.id,
            getattr(packet, "from"),
            packet.encrypted,
        )
        try:
            return mesh_pb2.Data.FromString(plaintext)
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
