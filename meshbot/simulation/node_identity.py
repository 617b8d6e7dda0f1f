"""Who a simulated node is. Pure data."""

from dataclasses import dataclass

from meshtastic.protobuf import mesh_pb2

from meshbot.simulation.firmware_profile import FirmwareProfile
from meshbot.simulation.settings import UNSET, SimulatedSettings
from meshbot.simulation.wire import number_field

_XEDDSA_FIELD = 14
_POSITION_FLAGS = 811
_NO_MAC = bytes(6)


@dataclass(frozen=True)
class NodeIdentity:
    """What does not change while it runs, but for its key."""

    num: int
    long_name: str
    short_name: str
    firmware: str
    profile: FirmwareProfile
    public_key: bytes
    private_key: bytes | None
    mac: bytes

    @property
    def hw_model(self) -> mesh_pb2.HardwareModel.ValueType:
        """Return what it runs on."""
        native = self.profile.is_native
        return mesh_pb2.HardwareModel.PORTDUINO if native else mesh_pb2.HardwareModel.HELTEC_V3

    def user(self, settings: SimulatedSettings, *, on_air: bool = False) -> mesh_pb2.User:
        """Build what the node says about its owner, to its client or to the mesh."""
        # NodeDB.cpp makes a key only once there is a region; NodeInfoModule.cpp takes it off a ham.
        has_key = settings.region != UNSET and not settings.licensed
        user = mesh_pb2.User(
            id=f"!{self.num:08x}",
            long_name=self.long_name,
            short_name=self.short_name,
            # The database of 2.8 does not keep it.
            macaddr=_NO_MAC if self.profile.is_2_8 and not on_air else self.mac,
            hw_model=self.hw_model,
            is_licensed=settings.licensed,
            public_key=self.public_key if has_key else b"",
        )
        if self.profile.tells_unmessagable:
            user.is_unmessagable = False
        return user

    def metadata(self) -> mesh_pb2.DeviceMetadata:
        """Build the device metadata, in the handshake and in the answer to an admin request."""
        on_esp32 = not self.profile.is_native
        metadata = mesh_pb2.DeviceMetadata(
            firmware_version=self.firmware,
            device_state_version=self.profile.device_state_version,
            canShutdown=on_esp32,
            hasWifi=True,
            hasBluetooth=on_esp32,
            position_flags=_POSITION_FLAGS,
            hw_model=self.hw_model,
            hasPKC=True,
            excluded_modules=self.profile.excluded_modules,
        )
        if self.profile.is_2_8:
            metadata.MergeFromString(number_field(_XEDDSA_FIELD, 1))
        return metadata
