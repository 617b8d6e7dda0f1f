"""One stage of an app's handshake: what came, and what an app would stumble over. Pure."""

from collections import Counter

from meshtastic.protobuf import mesh_pb2

ONLY_CONFIG_ID = 69420
ONLY_NODES_ID = 69421
CHANNELS = 8
# Before 2.6.8 a node knows no 69421 and sends everything.
FIRST_WITH_NODES_ONLY = (2, 6, 8)
_CONFIG_KINDS = frozenset(
    ("my_info", "deviceuiConfig", "metadata", "channel", "config", "moduleConfig", "fileInfo")
)
# What every firmware from 2.5 on tells; newer ones have more.
_SECTIONS = frozenset(
    ("device", "position", "power", "network", "display", "lora", "bluetooth", "security")
)
_MODULES = frozenset(
    (
        "mqtt",
        "serial",
        "external_notification",
        "store_forward",
        "range_test",
        "telemetry",
        "canned_message",
        "audio",
        "remote_hardware",
        "neighbor_info",
        "ambient_lighting",
        "detection_sensor",
        "paxcounter",
    )
)


class AppStage:
    """Collects the frames that answer one ``want_config_id``; used by one thread."""

    def __init__(self, config_id: int, own_num: int = 0, *, everything: bool = False) -> None:
        """``everything``: the node is one that answers 69421 like any other number."""
        self.config_id = config_id
        self.own_num = own_num
        self._tells_config = config_id != ONLY_NODES_ID or everything
        self._tells_nodes = config_id != ONLY_CONFIG_ID
        self.is_done = False
        self.complaints: list[str] = []
        self.frames: list[mesh_pb2.FromRadio] = []
        self.my_info: mesh_pb2.MyNodeInfo | None = None
        self.metadata: mesh_pb2.DeviceMetadata | None = None
        self.nodes: list[mesh_pb2.NodeInfo] = []

    @property
    def has_begun(self) -> bool:
        """Whether the first frame of the answer has come."""
        return bool(self.frames)

    def take(self, message: mesh_pb2.FromRadio) -> None:
        """Take the next frame from the node."""
        kind = message.WhichOneof("payload_variant")
        if kind in {"packet", "queueStatus", "clientNotification"}:
            self._take_other(kind)
            return
        self.frames.append(message)
        if kind == "my_info":
            self._take_my_info(message.my_info)
        elif kind == "metadata":
            self.metadata = message.metadata
        elif kind == "node_info":
            self._take_node(message.node_info)
        elif kind == "config_complete_id":
            self._end(message.config_complete_id)
        if kind in _CONFIG_KINDS and not self._tells_config:
            self._complain(f"{kind} in the answer to {self.config_id}")

    def _take_other(self, kind: str) -> None:
        if kind == "packet" and (self._tells_config or self.has_begun):
            self._complain(f"packet before config_complete_id {self.config_id}")
        elif self.has_begun:
            self._complain(f"{kind} amid the answer to {self.config_id}")

    def _take_my_info(self, my_info: mesh_pb2.MyNodeInfo) -> None:
        if len(self.frames) > 1:
            self._complain("my_info is not the first frame")
        self.my_info = my_info
        self.own_num = my_info.my_node_num

    def _take_node(self, node: mesh_pb2.NodeInfo) -> None:
        if any(known.num == node.num for known in self.nodes):
            self._complain(f"node {node.num:08x} twice")
        self.nodes.append(node)
        if len(self.nodes) == 1 and node.num != self.own_num:
            self._complain(f"node {node.num:08x} before the own one")
        if len(self.nodes) == 2 and not self._tells_nodes:
            self._complain(f"other nodes in the answer to {self.config_id}")

    def _end(self, config_id: int) -> None:
        if config_id != self.config_id:
            self._complain(f"config_complete_id {config_id} while {self.config_id} was asked")
            return
        self.is_done = True
        if not self.nodes:
            self._complain("no entry of the own node")
        if self._tells_config:
            self._look_for_all()

    def _look_for_all(self) -> None:
        if self.my_info is None:
            self._complain("no my_info")
        if self.metadata is None or not self.metadata.firmware_version:
            self._complain("no metadata with a firmware version")
        channels = [frame.channel.index for frame in self.frames if frame.HasField("channel")]
        if channels != list(range(CHANNELS)):
            self._complain(f"channels {channels}")
        sections = _names(self.frames, "config")
        modules = _names(self.frames, "moduleConfig")
        self._compare("config", sections, _SECTIONS)
        self._compare("moduleConfig", modules, _MODULES)

    def _compare(self, what: str, came: Counter[str], needed: frozenset[str]) -> None:
        if missing := needed - came.keys():
            self._complain(f"{what} without {sorted(missing)}")
        if twice := sorted(name for name, count in came.items() if name and count > 1):
            self._complain(f"{what} has {twice} twice")

    def _complain(self, text: str) -> None:
        self.complaints.append(text)


def _names(frames: list[mesh_pb2.FromRadio], kind: str) -> Counter[str]:
    """Count the sections; one that these protobufs do not know has no name."""
    return Counter(
        getattr(frame, kind).WhichOneof("payload_variant") or ""
        for frame in frames
        if frame.WhichOneof("payload_variant") == kind
    )


def firmware_numbers(version: str) -> tuple[int, ...]:
    """Return the first three numbers of a version, 2.7.11.ee68575 for one."""
    return tuple(int(part) for part in version.split(".")[:3] if part.isdigit())
