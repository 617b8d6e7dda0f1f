"""Builds what a node tells a client about itself after ``want_config_id``. Pure functions.

Compared frame by frame with what real firmware sent, see ``tests/simulation/test_captures.py``.
"""

import time
from dataclasses import dataclass

from meshtastic.protobuf import mesh_pb2, telemetry_pb2

from meshbot.simulation import config_sections
from meshbot.simulation.node_identity import NodeIdentity
from meshbot.simulation.packets import frame
from meshbot.simulation.region_presets import region_presets_frame
from meshbot.simulation.settings import SimulatedSettings

ONLY_CONFIG_ID = 69420
ONLY_NODES_ID = 69421
_BYTES_A_NODE = 129


@dataclass(frozen=True)
class NodeState:
    """What the configuration tells of the node's life so far."""

    reboot_count: int
    # What its own telemetry said last; None: nothing yet.
    metrics: telemetry_pb2.DeviceMetrics | None
    nodes_in_db: int
    knows_time: bool


def own_node_info(
    identity: NodeIdentity, settings: SimulatedSettings, state: NodeState
) -> mesh_pb2.FromRadio:
    """Build the node's own entry of its database."""
    info = mesh_pb2.NodeInfo(num=identity.num, user=identity.user(settings), is_favorite=True)
    info.position.SetInParent()
    if state.knows_time:
        info.position.time = info.last_heard = int(time.time())
    if state.metrics is not None:
        info.device_metrics.CopyFrom(state.metrics)
    return mesh_pb2.FromRadio(node_info=info)


def config_frames(
    identity: NodeIdentity, settings: SimulatedSettings, state: NodeState
) -> list[bytes]:
    """Build the handshake up to the other nodes, framed, in the firmware's order."""
    messages = [mesh_pb2.FromRadio(my_info=_my_info(identity, state))]
    if identity.profile.has_ui_settings:
        messages.append(mesh_pb2.FromRadio(deviceuiConfig=config_sections.ui_settings()))
    messages.append(own_node_info(identity, settings, state))
    messages.append(mesh_pb2.FromRadio(metadata=identity.metadata()))
    if identity.profile.is_2_8:
        messages.append(mesh_pb2.FromRadio.FromString(region_presets_frame()))
    messages.extend(
        mesh_pb2.FromRadio(channel=channel)
        for channel in config_sections.channels(identity, settings)
    )
    messages.extend(
        mesh_pb2.FromRadio(config=config) for config in config_sections.configs(identity, settings)
    )
    messages.extend(
        mesh_pb2.FromRadio(moduleConfig=module)
        for module in config_sections.module_configs(identity, settings)
    )
    return [frame(message) for message in messages]


def file_frames(identity: NodeIdentity, nodes_in_db: int) -> list[bytes]:
    """Build the list of the node's files, which ends every configuration but that of 69421."""
    nodes_bytes = nodes_in_db * _BYTES_A_NODE
    if identity.profile.has_node_file:
        files = {
            "/prefs/device.proto": 105,
            "/prefs/nodes.proto": nodes_bytes,
            "/prefs/channels.proto": 57,
            "/prefs/config.proto": 181,
            "/prefs/module.proto": 98,
        }
    else:
        files = {
            "/prefs/channels.proto": 57,
            "/prefs/config.proto": 172,
            "/prefs/module.proto": 90,
            "/prefs/db.proto": 450 + nodes_bytes,
        }
    if identity.profile.is_2_7_20:
        files["/prefs/transmit_history.dat"] = 13
    return [
        frame(mesh_pb2.FromRadio(fileInfo=mesh_pb2.FileInfo(file_name=name, size_bytes=size)))
        for name, size in files.items()
    ]


def _my_info(identity: NodeIdentity, state: NodeState) -> mesh_pb2.MyNodeInfo:
    profile = identity.profile
    info = mesh_pb2.MyNodeInfo(
        my_node_num=identity.num,
        reboot_count=state.reboot_count,
        min_app_version=30200,
        pio_env="native" if profile.is_native else "heltec-v3",
    )
    if profile.counts_nodes:
        info.nodedb_count = state.nodes_in_db
    if not profile.is_native:
        info.device_id = identity.public_key[:16]
    elif profile.is_2_8:
        info.device_id = identity.mac.ljust(16, b"\0")
    return info
