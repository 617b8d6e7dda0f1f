"""The radio's own database of nodes, with its rule about keys: the first one seen stays.

Owned by the node's loop thread; others look under the node's lock.
"""

from google.protobuf.message import DecodeError
from meshtastic.protobuf import mesh_pb2, portnums_pb2, telemetry_pb2

from meshbot.simulation.packets import frame
from meshbot.simulation.peer import SimulatedPeer
from meshbot.simulation.wire import number_field

_HAS_SIGNED_FIELD = 14
_Port = portnums_pb2.PortNum


class SimulatedNodeDb:
    """Nodes known to the radio, and their frames of the handshake, serialized once."""

    def __init__(self) -> None:
        """Start empty."""
        self._nodes: dict[int, mesh_pb2.NodeInfo] = {}
        self._frames: dict[int, bytes] = {}
        self._frames_are_whole = True
        # Of nodes that were evicted: the WarmNodeStore of 2.8.
        self._warm_keys: dict[int, bytes] = {}

    def __len__(self) -> int:
        """Count the nodes known."""
        return len(self._nodes)

    def __contains__(self, num: int) -> bool:
        """Say whether a node is known."""
        return num in self._nodes

    def key_of(self, num: int) -> bytes:
        """Return a node's public key, empty when the radio has none."""
        node = self._nodes.get(num)
        return node.user.public_key if node is not None else self._warm_keys.get(num, b"")

    def learn_peer(self, peer: SimulatedPeer, last_heard: int) -> None:
        """Know a peer as after its NodeInfo and, if it has said all, position and telemetry."""
        self.learn_user(peer.num, peer.user(), last_heard)
        node = self._nodes[peer.num]
        node.snr = peer.snr_db
        node.hops_away = peer.hops_away
        if peer.has_said_all:
            self._keep_position(node, peer.position(last_heard))
            node.device_metrics.CopyFrom(peer.device_metrics())

    def learn_data(self, num: int, data: mesh_pb2.Data) -> None:
        """Keep where a node known is, and how, if a packet says so."""
        node = self._nodes.get(num)
        if node is None:
            return
        try:
            if data.portnum == _Port.POSITION_APP:
                self._keep_position(node, mesh_pb2.Position.FromString(data.payload))
            elif data.portnum == _Port.TELEMETRY_APP:
                telemetry = telemetry_pb2.Telemetry.FromString(data.payload)
                if telemetry.HasField("device_metrics"):
                    node.device_metrics.CopyFrom(telemetry.device_metrics)
        except DecodeError:
            return
        self._frames.pop(num, None)

    def _keep_position(self, node: mesh_pb2.NodeInfo, position: mesh_pb2.Position) -> None:
        """Keep of a position what ``TypeConversions::ConvertToPositionLite`` does."""
        node.position.Clear()
        for name in ("latitude_i", "longitude_i", "altitude"):
            if getattr(position, name):
                setattr(node.position, name, getattr(position, name))
        node.position.location_source = position.location_source
        node.position.time = position.time

    def learn_user(
        self, num: int, user: mesh_pb2.User, last_heard: int, *, signed: bool = False
    ) -> None:
        """Take over what a NodeInfo says, except a key other than the first one seen."""
        node = self._nodes.setdefault(num, mesh_pb2.NodeInfo(num=num))
        first_key = node.user.public_key or self._warm_keys.pop(num, b"")
        node.user.CopyFrom(user)
        if first_key:
            node.user.public_key = first_key
        if signed:
            node.MergeFromString(number_field(_HAS_SIGNED_FIELD, 1))
        node.last_heard = last_heard
        self._frames.pop(num, None)

    def add_contact(self, num: int, user: mesh_pb2.User, last_heard: int) -> None:
        """Take over what the client says of a node, key and all, as the firmware does."""
        self._warm_keys.pop(num, None)
        self._nodes[num] = mesh_pb2.NodeInfo(
            num=num, user=user, last_heard=last_heard, is_favorite=True
        )
        self._frames.pop(num, None)

    def heard(self, num: int, now: int) -> None:
        """Note that a node known was heard just now."""
        node = self._nodes.get(num)
        if node is not None:
            node.last_heard = now
            self._frames.pop(num, None)

    def evict(self, num: int, *, keeps_key: bool) -> None:
        """Forget a node, as a full database does, and its key with it or not."""
        key = self.key_of(num)
        self._nodes.pop(num, None)
        self._warm_keys.pop(num, None)
        if keeps_key and key:
            self._warm_keys[num] = key
        self._frames.pop(num, None)

    def frames(self, *, whole: bool) -> list[bytes]:
        """Return one framed ``node_info`` for each node known; whole ones as before 2.8."""
        if whole is not self._frames_are_whole:
            self._frames.clear()
            self._frames_are_whole = whole
        for num, node in self._nodes.items():
            if num not in self._frames:
                self._frames[num] = frame(mesh_pb2.FromRadio(node_info=_told(node, whole)))
        return [self._frames[num] for num in self._nodes]


def _told(node: mesh_pb2.NodeInfo, whole: bool) -> mesh_pb2.NodeInfo:
    """Leave out what 2.8 tells in packets of its own (``ConvertToNodeInfoThin``)."""
    if whole:
        return node
    thin = mesh_pb2.NodeInfo()
    thin.CopyFrom(node)
    thin.ClearField("position")
    thin.ClearField("device_metrics")
    return thin
