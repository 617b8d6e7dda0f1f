"""One person on the simulated mesh: number, names, keys, place. Pure data, safe in any thread."""

import hashlib
import random
import unicodedata
import zlib
from dataclasses import dataclass, replace
from functools import cached_property

from meshtastic.protobuf import config_pb2, mesh_pb2, telemetry_pb2

from meshbot.mesh import direct_messages

_FIRST_NAMES = (
    "Alice", "Bruno", "Chloé", "Denis", "Émilie", "Fabien", "Gaëlle", "Hugo",
    "Inès", "Jules", "Karine", "Loïc", "Manon", "Nadia", "Olivier", "Paul",
    "Quentin", "Rosa", "Simon", "Théa", "Ulysse", "Vera", "Wanda", "Yann",
)  # fmt: skip
_HARDWARE = (
    mesh_pb2.HardwareModel.HELTEC_V3,
    mesh_pb2.HardwareModel.TBEAM,
    mesh_pb2.HardwareModel.T_DECK,
    mesh_pb2.HardwareModel.RAK4631,
)
_HOPS = (0, 0, 1, 1, 2, 3)
# A node number below this is reserved by the firmware.
_FIRST_USABLE_NUM = 0x1000


@dataclass(frozen=True)
class SimulatedPeer:
    """A node of the simulated mesh other than the one the client is connected to."""

    num: int
    long_name: str
    short_name: str
    private_key: bytes
    hw_model: mesh_pb2.HardwareModel.ValueType = mesh_pb2.HardwareModel.HELTEC_V3
    role: config_pb2.Config.DeviceConfig.Role.ValueType = config_pb2.Config.DeviceConfig.Role.CLIENT
    hops_away: int = 0
    snr_db: float = 6.0
    rssi_dbm: int = -60
    latitude: float = 45.76
    longitude: float = 4.84
    # None: one made from its number.
    macaddr: bytes | None = None
    # Whether the node has heard where it is and how, and not only its name.
    has_said_all: bool = True
    # 2.8.0 signed less than its successors do.
    signs_as_2_8_0: bool = False

    @cached_property
    def public_key(self) -> bytes:
        """The 32-byte key that belongs to the private one."""
        return direct_messages.public_key_of(self.private_key)

    @property
    def node_id(self) -> str:
        """The number as Meshtastic writes it."""
        return f"!{self.num:08x}"

    @property
    def is_2_8(self) -> bool:
        """Whether its firmware numbers it by its key, and signs what it says of itself."""
        return self.num == number_from_key(self.public_key)

    def moved_to_2_8(self) -> "SimulatedPeer":
        """Return it as it is after an update to 2.8: the same key, another number."""
        num = number_from_key(self.public_key)
        return replace(self, num=num, macaddr=self.user().macaddr)

    def user(self) -> mesh_pb2.User:
        """Build what this peer says about itself in a NodeInfo."""
        return mesh_pb2.User(
            id=self.node_id,
            long_name=self.long_name,
            short_name=self.short_name,
            macaddr=self.macaddr or b"\x02\x00" + self.num.to_bytes(4, "big"),
            hw_model=self.hw_model,
            role=self.role,
            public_key=self.public_key,
        )

    def position(self, time_s: int) -> mesh_pb2.Position:
        """Build where this peer says it is, at a time in seconds since 1970."""
        return mesh_pb2.Position(
            latitude_i=int(self.latitude * 1e7),
            longitude_i=int(self.longitude * 1e7),
            altitude=170,
            time=time_s,
            location_source=mesh_pb2.Position.LocSource.LOC_INTERNAL,
        )

    def device_metrics(self) -> telemetry_pb2.DeviceMetrics:
        """Build how this peer was when it last said so: for each peer something else."""
        return telemetry_pb2.DeviceMetrics(
            battery_level=30 + self.num % 71,
            voltage=3.4 + self.num % 80 / 100,
            channel_utilization=self.num % 2_500 / 100,
            air_util_tx=self.num % 500 / 100,
            uptime_seconds=60 + self.num % 1_000_000,
        )


def make_peers(
    count: int, seed: int = 1, *, numbers_from_keys: bool = False
) -> list[SimulatedPeer]:
    """Make ``count`` peers, the same ones for the same seed.

    ``numbers_from_keys`` numbers them as firmware 2.8 does: the CRC-32 of the public key.
    """
    peers: list[SimulatedPeer] = []
    taken: set[int] = set()
    for index in range(count):
        rng = random.Random(f"{seed}/{index}")
        private_key = private_key_from(f"{seed}/{index}")
        if numbers_from_keys:
            num = number_from_key(direct_messages.public_key_of(private_key))
        else:
            num = rng.randrange(_FIRST_USABLE_NUM, 0xFFFFFFFE)
            while num in taken:
                num = rng.randrange(_FIRST_USABLE_NUM, 0xFFFFFFFE)
        taken.add(num)
        hops_away = rng.choice(_HOPS)
        peers.append(
            SimulatedPeer(
                num=num,
                long_name=_long_name(index),
                short_name=_short_name(index),
                private_key=private_key,
                hw_model=rng.choice(_HARDWARE),
                hops_away=hops_away,
                snr_db=round(rng.uniform(-12, 9), 2),
                rssi_dbm=rng.randrange(-120, -40),
                latitude=45.76 + rng.uniform(-0.3, 0.3),
                longitude=4.84 + rng.uniform(-0.3, 0.3),
            )
        )
    return peers


def private_key_from(text: str) -> bytes:
    """Derive a 32-byte private key from any text: for a simulation only, it is guessable."""
    return hashlib.sha256(f"simulated node {text}".encode()).digest()


def number_from_key(public_key: bytes) -> int:
    """Return the node number that firmware 2.8 gives the holder of this public key."""
    return zlib.crc32(public_key)


def _long_name(index: int) -> str:
    name = _FIRST_NAMES[index % len(_FIRST_NAMES)]
    turn = index // len(_FIRST_NAMES)
    return name if turn == 0 else f"{name} {turn + 1}"


def _short_name(index: int) -> str:
    if index >= len(_FIRST_NAMES):
        return f"{index % 10000:04d}"
    plain = unicodedata.normalize("NFD", _FIRST_NAMES[index]).encode("ascii", "ignore").decode()
    return plain[:4].upper()
