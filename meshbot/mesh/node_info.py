"""Copies what a node says of itself, except its key, into what is known of it. Pure."""

import sys
from functools import lru_cache
from typing import Any

from meshtastic.protobuf import config_pb2, mesh_pb2

from meshbot.model.known_node import KnownNode

MAX_NAME_CHARS = 40  # the protocol's long name holds 39 bytes


def copy_user(node: KnownNode, user: mesh_pb2.User) -> bool:
    """Copy names, model and role; return whether any differs. An empty name erases none."""
    before = (node.long_name, node.short_name, node.hw_model, node.role)
    node.long_name = user.long_name[:MAX_NAME_CHARS] or node.long_name
    node.short_name = user.short_name[:MAX_NAME_CHARS] or node.short_name
    if user.hw_model:
        node.hw_model = _enum_name(mesh_pb2.HardwareModel, user.hw_model)
    node.role = _enum_name(config_pb2.Config.DeviceConfig.Role, user.role)
    return before != (node.long_name, node.short_name, node.hw_model, node.role)


def copy_signal(node: KnownNode, info: mesh_pb2.NodeInfo) -> None:
    """Copy when the radio last heard a node, and how."""
    node.last_heard = max(node.last_heard, info.last_heard)
    if info.HasField("hops_away"):
        node.hops = info.hops_away
    if info.snr:
        node.snr_db = info.snr


@lru_cache(maxsize=256)
def _enum_name(enum: Any, value: int) -> str:
    try:
        return sys.intern(enum.Name(value))  # thousands of nodes have a few of these
    except ValueError:
        return str(value)  # newer than our copy of the protocol
