"""What a simulated node is made as, and stays."""

import random
from dataclasses import dataclass

from meshbot.mesh import direct_messages
from meshbot.simulation.firmware_profile import FirmwareProfile, Platform
from meshbot.simulation.node_identity import NodeIdentity
from meshbot.simulation.peer import number_from_key, private_key_from


@dataclass(frozen=True, kw_only=True)
class SimulatedTraits:
    """The same traits make the same node, with the same chance in what it does."""

    seed: int = 1
    # "native": built for Linux with a simulated radio, as those whose frames were captured.
    platform: Platform = "esp32"
    # None: made from the seed, or from 2.8 on from the key.
    num: int | None = None
    long_name: str = "Noeud simulé"
    short_name: str = "SIMU"
    # None: as its firmware does, from 2.7.5 on.
    answers_heartbeats: bool | None = None
    # None: one made from the seed.
    private_key: bytes | None = None
    # As a locked 2.8 does.
    withholds_private_key: bool = False
    # An ESP32 counts its starts, from 1 on; other platforms send 0.
    counts_reboots: bool = True
    # What its own telemetry said last in an earlier life; None: nothing.
    past_uptime_s: int | None = None
    # Keys of nodes that are evicted stay in a store of their own; None: from 2.8 on.
    warm_keys: bool | None = None
    # How many packets wait for a client at most.
    kept_packets: int = 50

    def identity(self, firmware: str) -> NodeIdentity:
        """Return who the node is with a firmware such as "2.7.11"; raises ``ValueError``."""
        profile = FirmwareProfile(_firmware_tuple(firmware), self.platform)
        own_key = self.private_key or private_key_from(f"{self.seed}/node")
        public_key = direct_messages.public_key_of(own_key)
        first_num = self.num
        if first_num is None:
            first_num = random.Random(f"{self.seed}/node").randrange(0x10000, 0xFFFFFFFE)
        return NodeIdentity(
            num=number_from_key(public_key) if profile.is_2_8 else first_num,
            long_name=self.long_name,
            short_name=self.short_name,
            firmware=firmware,
            profile=profile,
            public_key=public_key,
            private_key=None if self.withholds_private_key else own_key,
            mac=b"\x02\x00" + first_num.to_bytes(4, "big"),
        )

    @property
    def tells_reboots(self) -> bool:
        """Whether its first words say how often it started."""
        return self.counts_reboots and self.platform == "esp32"


def _firmware_tuple(firmware: str) -> tuple[int, ...]:
    """Turn "2.7.11" or "2.7.11.abcdef0" into (2, 7, 11)."""
    parts = firmware.split(".")[:3]
    if len(parts) < 2 or not all(part.isdecimal() for part in parts):
        raise ValueError(f"not a firmware version: {firmware!r}")
    return tuple(int(part) for part in parts)
