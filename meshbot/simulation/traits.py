"""What a simulated node is made as, and stays."""

import random
from dataclasses import dataclass

from meshbot.mesh import direct_messages
from meshbot.simulation.config_frames import NodeIdentity
from meshbot.simulation.peer import number_from_key, private_key_from

_LONG_NAME = "Noeud simulé"
_SHORT_NAME = "SIMU"


@dataclass(frozen=True, kw_only=True)
class SimulatedTraits:
    """The same traits make the same node, with the same chance in what it does."""

    seed: int = 1
    # None: as its firmware does, from 2.7.5 on.
    answers_heartbeats: bool | None = None
    # None: one made from the seed.
    private_key: bytes | None = None
    # As a managed or locked node does.
    withholds_private_key: bool = False
    # An ESP32 counts its starts, from 1 on; other platforms send 0.
    counts_reboots: bool = True
    # Keys of nodes that are evicted stay in a store of their own; None: from 2.8 on.
    warm_keys: bool | None = None
    # How many packets wait for a client at most.
    kept_packets: int = 50

    def identity(self, firmware: str) -> NodeIdentity:
        """Return who the node is with a firmware such as "2.7.11"; raises ``ValueError``."""
        version = _firmware_tuple(firmware)
        own_key = self.private_key or private_key_from(f"{self.seed}/node")
        public_key = direct_messages.public_key_of(own_key)
        if version >= (2, 8):
            num = number_from_key(public_key)
        else:
            num = random.Random(f"{self.seed}/node").randrange(0x10000, 0xFFFFFFFE)
        return NodeIdentity(
            num=num,
            long_name=_LONG_NAME,
            short_name=_SHORT_NAME,
            firmware=firmware,
            firmware_tuple=version,
            public_key=public_key,
            private_key=None if self.withholds_private_key else own_key,
        )


def _firmware_tuple(firmware: str) -> tuple[int, ...]:
    """Turn "2.7.11" or "2.7.11.abcdef0" into (2, 7, 11)."""
    parts = firmware.split(".")[:3]
    if len(parts) < 2 or not all(part.isdecimal() for part in parts):
        raise ValueError(f"not a firmware version: {firmware!r}")
    return tuple(int(part) for part in parts)
