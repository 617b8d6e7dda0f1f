"""Builds what a node tells a client about itself after ``want_config_id``. Pure functions."""

from dataclasses import dataclass

from meshtastic.protobuf import (
    channel_pb2,
    config_pb2,
    device_ui_pb2,
    mesh_pb2,
    module_config_pb2,
    telemetry_pb2,
)

from meshbot.simulation.settings import UNSET, SimulatedSettings

ONLY_CONFIG_ID = 69420
ONLY_NODES_ID = 69421
DEFAULT_PSK = b"\x01"
CHANNELS = 8
# The newest sections exist from 2.8 on; older firmware stops at paxcounter.
_LAST_MODULE_BEFORE_2_8 = 13
_LAST_CONFIG_SECTION = 9


@dataclass(frozen=True)
class NodeIdentity:
    """What the configuration frames are built from."""

    num: int
    long_name: str
    short_name: str
    firmware: str
    firmware_tuple: tuple[int, ...]
    public_key: bytes
    private_key: bytes | None
    hw_model: mesh_pb2.HardwareModel.ValueType = mesh_pb2.HardwareModel.HELTEC_V3

    def user(self, settings: SimulatedSettings) -> mesh_pb2.User:
        """Build what the node says about its owner."""
        return mesh_pb2.User(
            id=f"!{self.num:08x}",
            long_name=self.long_name,
            short_name=self.short_name,
            macaddr=b"\x02\x00" + self.num.to_bytes(4, "big"),
            hw_model=self.hw_model,
            is_licensed=settings.licensed,
            public_key=b"" if settings.region == UNSET else self.public_key,
        )

    def metadata(self) -> mesh_pb2.DeviceMetadata:
        """Build the device metadata, in the handshake and in the answer to an admin request."""
        return mesh_pb2.DeviceMetadata(
            firmware_version=self.firmware,
            device_state_version=24,
            canShutdown=True,
            hasWifi=True,
            hasBluetooth=True,
            hw_model=self.hw_model,
            hasPKC=True,
        )


def own_node_info(
    identity: NodeIdentity, settings: SimulatedSettings, uptime_s: int
) -> mesh_pb2.FromRadio:
    """Build the node's own entry of its database."""
    return mesh_pb2.FromRadio(
        node_info=mesh_pb2.NodeInfo(
            num=identity.num,
            user=identity.user(settings),
            device_metrics=telemetry_pb2.DeviceMetrics(
                battery_level=101, voltage=4.1, uptime_seconds=uptime_s
            ),
        )
    )


def lora_config(settings: SimulatedSettings) -> config_pb2.Config.LoRaConfig:
    """Build the settings of the radio."""
    return config_pb2.Config.LoRaConfig(
        use_preset=True,
        region=settings.region,
        hop_limit=settings.hop_limit,
        tx_enabled=settings.transmits,
        tx_power=27,
    )


def config_frames(
    identity: NodeIdentity,
    settings: SimulatedSettings,
    *,
    reboot_count: int,
    uptime_s: int,
    nodes_in_db: int,
) -> list[mesh_pb2.FromRadio]:
    """Build the handshake up to the other nodes, in the firmware's order."""
    frames = [
        mesh_pb2.FromRadio(
            my_info=mesh_pb2.MyNodeInfo(
                my_node_num=identity.num,
                reboot_count=reboot_count,
                min_app_version=30200,
                device_id=identity.public_key[:16],
                pio_env="heltec-v3",
                nodedb_count=nodes_in_db,
            )
        )
    ]
    if identity.firmware_tuple >= (2, 6):
        frames.append(mesh_pb2.FromRadio(deviceuiConfig=device_ui_pb2.DeviceUIConfig(version=1)))
    frames.append(own_node_info(identity, settings, uptime_s))
    frames.append(mesh_pb2.FromRadio(metadata=identity.metadata()))
    frames.extend(
        mesh_pb2.FromRadio(channel=_channel(index, settings)) for index in range(CHANNELS)
    )
    frames.extend(mesh_pb2.FromRadio(config=config) for config in _configs(identity, settings))
    frames.extend(mesh_pb2.FromRadio(moduleConfig=module) for module in _modules(identity))
    return frames


def _channel(index: int, settings: SimulatedSettings) -> channel_pb2.Channel:
    if index == 0:
        return channel_pb2.Channel(
            index=0,
            # A ham sends in clear: the firmware takes the key off the channels.
            settings=channel_pb2.ChannelSettings(psk=b"" if settings.licensed else DEFAULT_PSK),
            role=channel_pb2.Channel.Role.PRIMARY,
        )
    return channel_pb2.Channel(index=index, role=channel_pb2.Channel.Role.DISABLED)


def _configs(identity: NodeIdentity, settings: SimulatedSettings) -> list[config_pb2.Config]:
    known = {
        "device": config_pb2.Config(
            device=config_pb2.Config.DeviceConfig(node_info_broadcast_secs=10800)
        ),
        "network": config_pb2.Config(
            network=config_pb2.Config.NetworkConfig(
                wifi_enabled=True, wifi_ssid="simulation", ntp_server="meshtastic.pool.ntp.org"
            )
        ),
        "lora": config_pb2.Config(lora=lora_config(settings)),
        "security": config_pb2.Config(
            security=config_pb2.Config.SecurityConfig(
                # NodeDB.cpp makes a key only once there is a region.
                public_key=b"" if settings.region == UNSET else identity.public_key,
                private_key=b"" if settings.region == UNSET else identity.private_key or b"",
                serial_enabled=True,
                is_managed=settings.managed,
            )
        ),
    }
    sections: list[config_pb2.Config] = []
    for field in config_pb2.Config.DESCRIPTOR.fields:
        if field.number > _LAST_CONFIG_SECTION:
            continue
        config = known.get(field.name)
        if config is None:
            config = config_pb2.Config()
            getattr(config, field.name).SetInParent()
        sections.append(config)
    return sections


def _modules(identity: NodeIdentity) -> list[module_config_pb2.ModuleConfig]:
    sections: list[module_config_pb2.ModuleConfig] = []
    for field in module_config_pb2.ModuleConfig.DESCRIPTOR.fields:
        if field.number > _LAST_MODULE_BEFORE_2_8 and identity.firmware_tuple < (2, 8):
            continue
        module = module_config_pb2.ModuleConfig()
        getattr(module, field.name).SetInParent()
        sections.append(module)
    return sections
