"""How much a node may send until its configuration is complete. Pure, but for one line.

The largest honest configuration: 250 nodes (``MAX_NUM_NODES`` of an ESP32-S3 with 16 MB of flash),
8 channels, some 30 sections, 64 files (all of a small flash before 2.8): 400 frames of 516 bytes
at most, 0.2 MB, 18 s at 115,200 baud. On Linux ``MaxNodes`` is the operator's; ten thousand nodes
fit. Whoever sends more has no end in view.

Owned by one session's receiver, and used by its reader thread alone.
"""

import logging

from meshbot.model.cause import Cause
from meshbot.model.link_error import LinkError
from meshbot.text.language import tr

log = logging.getLogger(__name__)

MAX_FRAMES = 20_000
MAX_BYTES = 8 << 20
MAX_PACKETS = 2_000
"""Packets of the mesh in the middle of it, as a relay passes them on: so many are heeded."""
MAX_CHANNELS = 32
"""The firmware has 8; the library keeps each one that comes until the next ``my_info``."""
ENDS_HEEDED = 8
"""Ends of configurations that others asked for, of which each is a step on the way to ours."""


class HandshakeBudget:
    """What came of a configuration so far."""

    def __init__(self) -> None:
        """Nothing came."""
        self._frames = 0
        self._bytes = 0
        self._packets = 0
        self._ends = 0

    def take_bytes(self, count: int) -> None:
        """Note bytes, of frames or not. Raises :class:`LinkError` when they are too many."""
        self._bytes += count
        if self._bytes > MAX_BYTES:
            raise LinkError(Cause.ENDLESS)

    def take_frame(self) -> None:
        """Note a frame. Raises :class:`LinkError` when they are too many."""
        self._frames += 1
        if self._frames > MAX_FRAMES:
            raise LinkError(Cause.ENDLESS)

    def heeds_packet(self) -> bool:
        """Note a packet of the mesh; say whether there is still room for it."""
        self._packets += 1
        if self._packets == MAX_PACKETS + 1:
            log.warning(
                tr(
                    "⚠️ Plus de %d paquets avant la fin de la configuration du nœud : les "
                    "suivants sont "
                    "ignorés"
                ),
                MAX_PACKETS,
            )
        return self._packets <= MAX_PACKETS

    def heeds_end(self) -> bool:
        """Note the end of another configuration than ours; say whether ours may still follow."""
        self._ends += 1
        return self._ends <= ENDS_HEEDED
