"""The sections of a node's configuration, as its firmware fills them by default. Pure functions."""

from meshtastic.protobuf import channel_pb2, config_pb2, device_ui_pb2, module_config_pb2

from meshbot.model.lora_airtime import preset_settings
from meshbot.simulation.firmware_profile import FirmwareProfile
from meshbot.simulation.node_identity import NodeIdentity
from meshbot.simulation.settings import UNSET, SimulatedSettings
from meshbot.simulation.wire import bytes_field, number_field

DEFAULT_PSK = b"\x01"
CHANNELS = 8
_Region = config_pb2.Config.LoRaConfig.RegionCode
_POSITION_PRECISION = 13
_TX_POWER_DBM = {_Region.US: 30}
_USUAL_TX_POWER_DBM = 27
_STATUS_MESSAGE_FIELD = 14
# ``mesh_beacon`` of 2.8, which meshtastic 2.7.11 does not know.
_MESH_BEACON_FIELD = 17


def channels(identity: NodeIdentity, settings: SimulatedSettings) -> list[channel_pb2.Channel]:
    """Build all channels: the default one, and empty ones."""
    primary = channel_pb2.Channel(
        index=0,
        # A ham sends in clear: the firmware takes the key off the channels.
        settings=channel_pb2.ChannelSettings(psk=b"" if settings.licensed else DEFAULT_PSK),
        role=channel_pb2.Channel.Role.PRIMARY,
    )
    precision = 0 if identity.profile.is_2_8 else _POSITION_PRECISION
    primary.settings.module_settings.position_precision = precision
    primary.settings.module_settings.SetInParent()
    return [
        primary,
        *(
            channel_pb2.Channel(index=index, settings=channel_pb2.ChannelSettings())
            for index in range(1, CHANNELS)
        ),
    ]


def lora_config(
    profile: FirmwareProfile, settings: SimulatedSettings
) -> config_pb2.Config.LoRaConfig:
    """Build the settings of the radio."""
    lora = config_pb2.Config.LoRaConfig(
        use_preset=True,
        modem_preset=settings.modem_preset,
        override_duty_cycle=settings.override_duty_cycle,
        region=settings.region,
        hop_limit=settings.hop_limit,
        tx_enabled=settings.transmits,
        tx_power=_TX_POWER_DBM.get(settings.region, _USUAL_TX_POWER_DBM),
        sx126x_rx_boosted_gain=True,
    )
    if profile.is_2_7_20:
        modulation = preset_settings(settings.modem_preset)
        lora.spread_factor = modulation.spreading_factor
        lora.coding_rate = modulation.coding_rate
        # LoRaConfig.fem_lna_mode: NOT_PRESENT.
        lora.fem_lna_mode = config_pb2.Config.LoRaConfig.NOT_PRESENT
        if not profile.is_2_8:
            lora.bandwidth = modulation.bandwidth_hz // 1_000
    return lora


def configs(identity: NodeIdentity, settings: SimulatedSettings) -> list[config_pb2.Config]:
    """Build all sections in the order of their numbers; two of them are always empty."""
    profile = identity.profile
    sections = [
        config_pb2.Config(device=_device(profile)),
        config_pb2.Config(position=_position(profile)),
        config_pb2.Config(
            power=config_pb2.Config.PowerConfig(
                wait_bluetooth_secs=60, sds_secs=0xFFFFFFFF, ls_secs=300, min_wake_secs=10
            )
        ),
        config_pb2.Config(network=_network(profile)),
        config_pb2.Config(display=config_pb2.Config.DisplayConfig(screen_on_secs=600)),
        config_pb2.Config(lora=lora_config(profile, settings)),
        config_pb2.Config(
            bluetooth=config_pb2.Config.BluetoothConfig(
                enabled=True,
                mode=config_pb2.Config.BluetoothConfig.PairingMode.FIXED_PIN,
                fixed_pin=123456,
            )
        ),
        config_pb2.Config(security=_security(identity, settings)),
    ]
    for name in ("sessionkey", "device_ui"):
        section = config_pb2.Config()
        getattr(section, name).SetInParent()
        sections.append(section)
    return sections


def module_configs(
    identity: NodeIdentity, settings: SimulatedSettings
) -> list[module_config_pb2.ModuleConfig]:
    """Build all sections in the order of their numbers, with those that say nothing."""
    profile = identity.profile
    sections = [
        _module_config(number, identity, settings)
        for number in range(1, profile.named_module_configs + 1)
    ]
    unnamed = profile.module_configs - profile.named_module_configs
    return sections + [module_config_pb2.ModuleConfig() for _ in range(unnamed)]


def asked_config(
    number: int, identity: NodeIdentity, settings: SimulatedSettings
) -> config_pb2.Config:
    """Build the section that an admin request numbers; one that is not known says nothing."""
    sections = configs(identity, settings)
    return sections[number] if 0 <= number < len(sections) else config_pb2.Config()


def asked_module_config(
    number: int, identity: NodeIdentity, settings: SimulatedSettings
) -> module_config_pb2.ModuleConfig:
    """Build the section that an admin request numbers, from 0 on.

    The administration of 2.7.20 knows one more than its handshake names.
    """
    profile = identity.profile
    known = profile.named_module_configs
    if profile.is_2_7_20:
        known = max(known, _STATUS_MESSAGE_FIELD)
    if 0 <= number < known:
        return _module_config(number + 1, identity, settings)
    return module_config_pb2.ModuleConfig()


def ui_settings() -> device_ui_pb2.DeviceUIConfig:
    """Build the settings of a screen."""
    return device_ui_pb2.DeviceUIConfig(screen_brightness=153, screen_timeout=30)


def _device(profile: FirmwareProfile) -> config_pb2.Config.DeviceConfig:
    return config_pb2.Config.DeviceConfig(
        node_info_broadcast_secs=10800, disable_triple_click=not profile.has_node_file
    )


def _position(profile: FirmwareProfile) -> config_pb2.Config.PositionConfig:
    recent = profile.is_2_7_20
    return config_pb2.Config.PositionConfig(
        position_broadcast_secs=3600 if recent else 900,
        position_broadcast_smart_enabled=True,
        gps_update_interval=120,
        position_flags=811,
        broadcast_smart_minimum_distance=100,
        broadcast_smart_minimum_interval_secs=300 if recent else 30,
        gps_mode=config_pb2.Config.PositionConfig.GpsMode.NOT_PRESENT,
    )


def _network(profile: FirmwareProfile) -> config_pb2.Config.NetworkConfig:
    network = config_pb2.Config.NetworkConfig(
        ntp_server="meshtastic.pool.ntp.org", enabled_protocols=1
    )
    if not profile.is_native:
        network.wifi_enabled, network.wifi_ssid = True, "simulation"
    return network


def _security(
    identity: NodeIdentity, settings: SimulatedSettings
) -> config_pb2.Config.SecurityConfig:
    # NodeDB.cpp makes a key only once there is a region.
    has_key = settings.region != UNSET
    return config_pb2.Config.SecurityConfig(
        public_key=identity.public_key if has_key else b"",
        private_key=(identity.private_key or b"") if has_key else b"",
        serial_enabled=True,
        is_managed=settings.managed,
    )


def _module_config(
    number: int, identity: NodeIdentity, settings: SimulatedSettings
) -> module_config_pb2.ModuleConfig:
    if number == _MESH_BEACON_FIELD:
        return module_config_pb2.ModuleConfig.FromString(bytes_field(number, number_field(1, 5)))
    module = module_config_pb2.ModuleConfig()
    name = module.DESCRIPTOR.fields_by_number[number].name
    section = getattr(module, name)
    for field, value in _module_values(name, identity, settings).items():
        setattr(section, field, value)
    section.SetInParent()
    return module


def _module_values(
    name: str, identity: NodeIdentity, settings: SimulatedSettings
) -> dict[str, object]:
    match name:
        case "mqtt":
            return {
                "address": "mqtt.meshtastic.org",
                "username": "meshdev",
                "password": "large4cats",
                "encryption_enabled": True,
                "root": f"msh/{_Region.Name(settings.region)}",
            }
        case "telemetry" if not identity.profile.telemetry_goes_on_air:
            return {"device_update_interval": 0x7FFFFFFF}
        case "ambient_lighting":
            # The colour is that of its first number.
            red, green, blue = identity.mac[3:]
            return {"current": 10, "red": red, "green": green, "blue": blue}
        case "detection_sensor":
            trigger = module_config_pb2.ModuleConfig.DetectionSensorConfig.TriggerType
            return {
                "minimum_broadcast_secs": 45,
                "detection_trigger_type": trigger.LOGIC_HIGH,
            }
        case "traffic_management":
            return {"position_min_interval_secs": 39600}
    return {}
