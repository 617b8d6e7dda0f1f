"""Whether a packet that our radio opened proves who sent it."""

import logging
import time
from collections.abc import Callable
from typing import Protocol

from meshtastic.protobuf import mesh_pb2

from meshbot.mesh.radio_keys import RadioKeys
from meshbot.messages.key_book import KeyBook
from meshbot.model.public_key import fingerprint
from meshbot.text.line_limiter import LineLimiter

log = logging.getLogger(__name__)

ALARM_LINE_S = 3_600.0
MAX_ALARM_LINES = 60
_FOREIGN = (
    mesh_pb2.MeshPacket.TransportMechanism.TRANSPORT_MQTT,
    mesh_pb2.MeshPacket.TransportMechanism.TRANSPORT_MULTICAST_UDP,
)
"""Ways to the node on which a packet brings the marks that its publisher gave it."""


class ShownKeys(KeyBook, Protocol):
    """The keys known, and where one is learned from a message."""

    def learn_from_message(self, num: int, public_key: bytes) -> None:
        """Take the key with which the radio opened a message of node ``num``."""


class SenderProof:
    """Compares the key that the radio used with the one known. Owned by the worker thread."""

    def __init__(
        self, keys: ShownKeys, radio_keys: RadioKeys, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Name the collaborators."""
        self._keys = keys
        self._radio_keys = radio_keys
        self._clock = clock
        self._alarm_lines = LineLimiter(ALARM_LINE_S, MAX_ALARM_LINES)

    def is_proven(self, packet: mesh_pb2.MeshPacket) -> bool:
        """Say whether the radio opened a packet with the key that we, too, know as its sender's.

        Over a network the mark of that can come with the packet: older firmware's
        ``onReceiveProto`` copies it from MQTT as its publisher wrote it.
        """
        if not packet.pki_encrypted or packet.via_mqtt or packet.transport_mechanism in _FOREIGN:
            return False
        if not packet.public_key:
            return True
        sender = getattr(packet, "from")
        self._radio_keys.note_held(sender, packet.public_key)
        self._keys.learn_from_message(sender, packet.public_key)
        known = self._keys.public_key(sender)
        if known == packet.public_key:
            return True
        if self._alarm_lines.allows(sender, self._clock()):
            log.warning(
                "⚠️ La radio ouvre les messages de %s avec la clé %s, et non %s : non authentifiés "
                "(voir : main_bot.py keys list)",
                self._keys.label(sender),
                fingerprint(packet.public_key),
                fingerprint(known) or "une clé connue",
            )
        return False
