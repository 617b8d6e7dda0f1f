"""What a node says of itself in its handshake, as far as it matters to the link. Pure."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from meshtastic.protobuf import config_pb2, localonly_pb2, mesh_pb2

from meshbot.model.known_node import node_id
from meshbot.model.lora_airtime import LoraSettings, own_settings, preset_settings

if TYPE_CHECKING:
    from meshbot.link.supervised_interface import SupervisedInterface

_REGIONS = config_pb2.Config.LoRaConfig.RegionCode
UNSET_REGION = "UNSET"
MAX_HOPS, DEFAULT_HOPS = 7, 3  # HOP_MAX and HOP_RELIABLE of the firmware's MeshTypes.h
_Role = config_pb2.Config.DeviceConfig.Role
_EU_866_ROUTERS = (_Role.ROUTER, _Role.ROUTER_LATE)
_DUTY_CYCLES: dict[int, float] = {
    _REGIONS.EU_433: 10.0,
    _REGIONS.EU_868: 10.0,
    _REGIONS.EU_866: 2.5,
    _REGIONS.EU_N_868: 10.0,
    _REGIONS.TH: 10.0,
    _REGIONS.UA_433: 10.0,
    _REGIONS.UA_868: 1.0,
}
"""How many percent of an hour a node may transmit, of the regions where that is limited."""


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What is known; None or empty for what the node did not say."""

    id: str = ""
    firmware: str = ""
    region: str = ""
    transmits: bool | None = None
    reboots: int | None = None
    """How often it has started, by its own count."""

    def as_json(self) -> str:
        """Return what was said, but for the reboots, as the link's journal keeps it."""
        said = {
            "id": self.id,
            "firmware": self.firmware,
            "region": self.region,
            "transmits": self.transmits,
        }
        return json.dumps({name: value for name, value in said.items() if value not in ("", None)})

    def restarted_since(self, before: "NodeFacts") -> bool:
        """Say whether the same node has started again since it said ``before``."""
        if self.id != before.id or self.reboots is None or before.reboots is None:
            return False
        return self.reboots > before.reboots


def firmware_of(session: "SupervisedInterface") -> str:
    """Return the version that a node gave in a session so far, empty if it gave none."""
    metadata: Any = session.metadata
    return str(metadata.firmware_version) if metadata is not None else ""


def facts_of(session: "SupervisedInterface") -> NodeFacts:
    """Return what the node said in a session so far.

    The firmware keeps count of its reboots on the ESP32 only (``main-esp32.cpp``, from 1 on); the
    other platforms send 0, which says nothing. To a client it does not trust, 2.8 sends a LoRa
    section with the region in it, but without the transmitter (``PhoneAPI.cpp``): absent and off
    look the same there. Its MyNodeInfo then lacks the oldest version of the app it works with.
    """
    my_info: Any = session.myInfo
    if my_info is None:
        return NodeFacts()
    config = session.localNode.localConfig
    told_lora = config.HasField("lora")
    trusted = bool(my_info.min_app_version)
    return NodeFacts(
        id=node_id(int(my_info.my_node_num)),
        firmware=firmware_of(session),
        region=_region_name(config.lora.region) if told_lora else "",
        transmits=bool(config.lora.tx_enabled) if told_lora and trusted else None,
        reboots=int(my_info.reboot_count) or None,
    )


def is_locked(session: "SupervisedInterface") -> bool:
    """Say whether a node tells its client next to nothing, as 2.8 does while it is locked.

    Then neither its MyNodeInfo nor its metadata name a version (``PhoneAPI.cpp``). One of them
    alone is no sign of that: an intermediary may leave it out.
    """
    my_info: Any = session.myInfo
    metadata: Any = session.metadata
    if my_info is None or metadata is None:
        return False
    return not my_info.min_app_version and not metadata.firmware_version


def duty_cycle_percent(config: localonly_pb2.LocalConfig) -> float | None:
    """Return how much of an hour a node may transmit by its settings; None without a limit.

    From there on ``Router::send`` refuses (``RadioInterface.cpp``, ``getEffectiveDutyCycle``).
    """
    if config.lora.override_duty_cycle:
        return None
    if config.lora.region == _REGIONS.EU_866 and config.device.role in _EU_866_ROUTERS:
        return 10.0
    return _DUTY_CYCLES.get(config.lora.region)


def lora_settings_of(config: localonly_pb2.LocalConfig) -> LoraSettings | None:
    """Return how a node's radio modulates; None where it did not say.

    A region of its own has the 2.4 GHz band, whose bandwidths are wider (``wideLora``). A locked
    2.8 tells the region only: a preset is in use there or not, nobody knows which.
    """
    lora = config.lora
    if not config.HasField("lora"):
        return None
    if lora.use_preset:
        wide = lora.region == _REGIONS.LORA_24
        return preset_settings(lora.modem_preset, lora.coding_rate, wide=wide)
    if not lora.bandwidth and not lora.spread_factor:
        return None
    return own_settings(lora.bandwidth, lora.spread_factor, lora.coding_rate)


def may_seal(own_user: mesh_pb2.User | None) -> bool:
    """Say whether our node, of which this is the ``User``, may transmit what somebody sealed.

    A licensed (ham) station may not: the firmware seals nothing then (``perhapsEncode``: "Don't use
    PKC with Ham mode"), but transmits as it is what its client sealed. Nor may one of which we do
    not know yet.
    """
    return own_user is not None and not own_user.is_licensed


def hops_allowed(hop_limit: int) -> int:
    """Return over how many hops a packet may go where a node's settings say ``hop_limit``.

    0 means that they do not say, as Meshtastic's apps take it (``computeHopLimit`` of Android's):
    sent as it is, the packet would go no further than our neighbours.
    """
    return min(hop_limit, MAX_HOPS) or DEFAULT_HOPS


def _region_name(region: int) -> str:
    """Return the name of a region, or its number if it is newer than the library."""
    named = _REGIONS.DESCRIPTOR.values_by_number.get(region)
    return named.name if named is not None else str(region)
