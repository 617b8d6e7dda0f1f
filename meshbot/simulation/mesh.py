"""Who is on the simulated mesh, and what the node knows of them. Owned by its loop thread."""

import time
from collections.abc import Iterable

from google.protobuf.message import DecodeError
from meshtastic.protobuf import mesh_pb2

from meshbot.simulation.node_db import SimulatedNodeDb
from meshbot.simulation.peer import SimulatedPeer
from meshbot.simulation.replays import SimulatedReplays


class SimulatedMesh:
    """The peers, whether they are in reach, and the node's database of them."""

    def __init__(self, peers: Iterable[SimulatedPeer], *, knows_time: bool) -> None:
        """Know all peers and their keys."""
        self.peers = list(peers)
        self.db = SimulatedNodeDb()
        self.replays = SimulatedReplays()
        self.unreachable: set[int] = set()
        self.knows_time = knows_time
        self._people = {peer.num: peer for peer in self.peers}
        now = self.now()
        for index, peer in enumerate(self.peers):
            self.db.learn_peer(peer, max(0, now - 30 - index))

    def now(self) -> int:
        """Return the time as the node knows it; 0 when it does not."""
        return int(time.time()) if self.knows_time else 0

    def meet(self, peer: SimulatedPeer) -> None:
        """Make somebody heard for the first time part of the mesh, so that answers reach them."""
        if peer.num not in self._people:
            self._people[peer.num] = peer
            self.peers.append(peer)

    def learn(self, peer: SimulatedPeer) -> None:
        """Know a peer and its key."""
        self.meet(peer)
        self.db.learn_peer(peer, self.now())

    def learn_user(self, peer: SimulatedPeer, payload: bytes, *, signed: bool = False) -> None:
        """Take over what a NodeInfo of a peer says, if it can be read."""
        try:
            user = mesh_pb2.User.FromString(payload)
        except DecodeError:
            return
        self.db.learn_user(peer.num, user, self.now(), signed=signed)

    def heard(self, num: int) -> None:
        """Note that a node was heard just now."""
        self.db.heard(num, self.now())

    def reached(self, num: int, hops: int) -> SimulatedPeer | None:
        """Return the peer that a packet for ``num`` reaches over at most so many hops."""
        peer = self._people.get(num)
        if peer is None or num in self.unreachable or peer.hops_away > hops:
            return None
        return peer
