"""Records the configuration that a node sends, to play it to others. Pure.

It begins with ``my_info`` and ends with ``config_complete_id``; one that was broken off is
forgotten when another begins. What the node says unasked among its frames is left out. Whose
question is answered is not known here: a node answers the last one only, and a relay may hand on
the ends of others, so an end that comes too early is none.

Of an answer to 69421 (:mod:`meshbot.sharing.node_configuration`) comes no ``my_info``: it renews
the nodes of the configuration before.

Bounded like a handshake (``handshake_budget.py``), also after it: a frame too many is left out.
"""

from dataclasses import dataclass, field, replace

from meshtastic.protobuf import mesh_pb2

from meshbot.link.supervised_interface import ONLY_CONFIG_ID, ONLY_NODES_ID
from meshbot.model.known_node import BROADCAST_NUM
from meshbot.sharing.node_configuration import (
    MAX_FRAME_BYTES,
    NodeConfiguration,
)

MAX_PARTS = 1_000
"""An honest node sends some hundred: 8 channels, 30 sections, 64 files."""
MAX_NODES = 10_000
"""On Linux ``MaxNodes`` is the operator's; an ESP32 has 250 at most."""
_LIVE = frozenset(
    (
        "packet",
        "log_record",
        "queueStatus",
        "xmodemPacket",
        "mqttClientProxyMessage",
        "clientNotification",
        "lockdown_status",
    )
)
"""What a node says when it happens, and not of its configuration."""


@dataclass(slots=True)
class _Draft:
    """What came of a configuration so far."""

    own_num: int
    pio_env: str
    parts: list[bytes] = field(default_factory=list)
    own_at: int | None = None
    nodes: dict[int, mesh_pb2.NodeInfo] = field(default_factory=dict)
    nodes_at: int | None = None
    """After how many parts the first other node came."""
    sections_end: int = 0
    """How many parts came up to the last section of the settings."""
    has_settings: bool = False
    firmware_version: str = ""
    short_name: str = ""

    def add(self, kind: str | None, message: mesh_pb2.FromRadio, payload: bytes) -> None:
        """Add a frame that is not of a node."""
        if len(self.parts) >= MAX_PARTS:
            return
        self.parts.append(payload)
        if kind in ("config", "moduleConfig"):
            self.sections_end = len(self.parts)
            self.has_settings = True
        elif kind == "metadata":
            self.firmware_version = message.metadata.firmware_version

    def add_node(self, info: mesh_pb2.NodeInfo, payload: bytes) -> None:
        """Add an entry of the node's database; what it says of itself last is what counts."""
        if info.num != self.own_num:
            if self.nodes_at is None:
                self.nodes_at = len(self.parts)
            _put(self.nodes, info)
            return
        self.short_name = info.user.short_name
        if self.own_at is not None:
            self.parts[self.own_at] = payload
        elif len(self.parts) < MAX_PARTS:
            self.own_at = len(self.parts)
            self.parts.append(payload)

    def finished(self, config_id: int) -> NodeConfiguration:
        """Return the configuration, complete now."""
        nodes_at = self.nodes_at if self.nodes_at is not None else self.sections_end
        return NodeConfiguration(
            self.own_num,
            tuple(self.parts),
            self.own_at,
            nodes_at,
            light=config_id == ONLY_CONFIG_ID and not self.nodes,
            nodes=tuple(self.nodes.values()),
            firmware_version=self.firmware_version,
            pio_env=self.pio_env,
            short_name=self.short_name,
        )


class ConfigurationRecorder:
    """Listens to one session; used by one thread."""

    def __init__(self) -> None:
        """Nothing came yet."""
        self._draft: _Draft | None = None
        self._last: NodeConfiguration | None = None
        self._own_entry = b""
        self._nodes: dict[int, mesh_pb2.NodeInfo] = {}
        """The node's own entry and others that came since, outside of a configuration."""

    def take(self, message: mesh_pb2.FromRadio, payload: bytes) -> NodeConfiguration | None:
        """Take a frame; return the configuration that is complete with it, if one is.

        ``payload``: the message's bytes. To be given every frame of the session, in order.
        """
        kind = message.WhichOneof("payload_variant")
        if kind in _LIVE or not 0 < len(payload) <= MAX_FRAME_BYTES:
            return None
        if kind == "config_complete_id":
            return self._end(message.config_complete_id)
        if kind == "rebooted":
            if message.rebooted:
                self._begin(None)
        elif kind == "node_info":
            self._take_node(message.node_info, payload)
        else:
            if kind == "my_info":
                my_info = message.my_info
                self._begin(_Draft(my_info.my_node_num, my_info.pio_env))
            if self._draft is not None:
                self._draft.add(kind, message, payload)
        return None

    def _begin(self, draft: _Draft | None) -> None:
        self._draft = draft
        self._own_entry, self._nodes = b"", {}

    def _take_node(self, info: mesh_pb2.NodeInfo, payload: bytes) -> None:
        if info.num in (0, BROADCAST_NUM):
            return
        if self._draft is not None:
            self._draft.add_node(info, payload)
        elif self._last is not None and info.num == self._last.own_num:
            self._own_entry = payload
        elif self._last is not None:
            _put(self._nodes, info)

    def _end(self, config_id: int) -> NodeConfiguration | None:
        draft = self._draft
        if draft is None:
            return self._renew(config_id, self._own_entry, self._nodes)
        configuration = draft.finished(config_id)
        if config_id == ONLY_NODES_ID and configuration.knows_only_nodes:
            # Somebody asked for the nodes meanwhile: ours may go on, if a relay serves us both.
            return self._renew(config_id, configuration.own_entry, draft.nodes)
        if not draft.has_settings:
            return None  # somebody else's
        self._begin(None)
        self._last = configuration
        return configuration

    def _renew(
        self, config_id: int, own_entry: bytes, nodes: dict[int, mesh_pb2.NodeInfo]
    ) -> NodeConfiguration | None:
        """Return the last configuration with what came of nodes since, if anything did."""
        last = self._last
        self._own_entry, self._nodes = b"", {}
        if last is None or not (nodes or own_entry):
            return None
        only_nodes = config_id == ONLY_NODES_ID
        if not only_nodes:
            # The rest of what an end of somebody else's cut off.
            nodes = {info.num: info for info in last.nodes} | nodes
        parts = list(last.parts)
        if own_entry and last.own_at is not None:
            parts[last.own_at] = own_entry
        self._last = replace(
            last,
            parts=tuple(parts),
            nodes=tuple(nodes.values()),
            light=last.light and not only_nodes,
        )
        return self._last


def _put(nodes: dict[int, mesh_pb2.NodeInfo], info: mesh_pb2.NodeInfo) -> None:
    if info.num in nodes or len(nodes) < MAX_NODES:
        nodes[info.num] = info
