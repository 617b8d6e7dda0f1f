"""The radio's own database of nodes, with its rule about keys: the first one seen stays.

Owned by the node's loop thread; others look under the node's lock.
"""

from meshtastic.protobuf import mesh_pb2

from meshbot.simulation.packets import frame
from meshbot.simulation.peer import SimulatedPeer
from meshbot.simulation.wire import number_field

_HAS_SIGNED_FIELD = 14


class SimulatedNodeDb:
    """Nodes known to the radio, and their frames of the handshake, serialized once."""

    def __init__(self) -> None:
        """Start empty."""
        self._nodes: dict[int, mesh_pb2.NodeInfo] = {}
        self._frames: dict[int, bytes] = {}
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
        """Know a peer wholly, as after its NodeInfo."""
        self.learn_user(peer.num, peer.user(), last_heard)
        node = self._nodes[peer.num]
        node.snr = peer.snr_db
        node.hops_away = peer.hops_away

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

    def frames(self) -> list[bytes]:
        """Return one framed ``node_info`` for each node known."""
        for num, node in self._nodes.items():
            if num not in self._frames:
                self._frames[num] = frame(mesh_pb2.FromRadio(node_info=node))
        return [self._frames[num] for num in self._nodes]
