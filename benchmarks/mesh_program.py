"""The simulated node in a process of its own, so that its work counts for no contender.

``python -m benchmarks.mesh_program --nodes 250``; the port is the answer to ``where``.
"""

import argparse
import itertools
import random
import threading
import time
from typing import Any

from meshtastic.protobuf import mesh_pb2

from benchmarks.command_loop import serve
from meshbot.simulation import packets
from meshbot.simulation.peer import SimulatedPeer
from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.simulation.traits import SimulatedTraits

PING_EVERY_S = 1.0
ANSWER_LIMIT_S = 20.0
CONFIG_LIMIT_S = 60.0
NODE_IDLE_LIMIT_S = 900.0
SHARES = {"telemetry": 0.5, "position": 0.35, "node_info": 0.1, "text": 0.05}
"""What a mesh talks about."""


class MeshProgram:
    """One node, its mesh, and the faults that a measurement asks for."""

    def __init__(self, nodes: int, seed: int) -> None:
        """Build it; :meth:`run` starts it."""
        self._node = SimulatedNode(peers=nodes, traits=SimulatedTraits(seed=seed))
        self._chance = random.Random(seed)
        self._burst = b""
        self._burst_packets = 0

    def run(self) -> None:
        """Serve until the input ends."""
        with self._node:
            serve(
                {
                    "where": self.where,
                    "prepare": self.prepare,
                    "burst": self.burst,
                    "fault": self.fault,
                    "reconnection": self.reconnection,
                    "quiet_mesh": self.quiet_mesh,
                }
            )

    def where(self) -> dict[str, Any]:
        """Return the port, and what a contender needs to know."""
        return {"port": self._node.port}

    def prepare(self, packets_wanted: int) -> dict[str, Any]:
        """Make a burst of mixed traffic from everybody, to be sent any number of times."""
        kinds = list(SHARES)
        frames = []
        for _ in range(packets_wanted):
            peer = self._chance.choice(self._node.peers)
            kind = self._chance.choices(kinds, list(SHARES.values()))[0]
            packet = packets.packet_from_peer(
                peer, to=packets.BROADCAST_NUM, packet_id=self._chance.getrandbits(32)
            )
            packet.decoded.CopyFrom(self._data(kind, peer))
            frames.append(packets.frame(mesh_pb2.FromRadio(packet=packet)))
        self._burst, self._burst_packets = b"".join(frames), len(frames)
        return {"bytes": len(self._burst)}

    def _data(self, kind: str, peer: SimulatedPeer) -> mesh_pb2.Data:
        if kind == "telemetry":
            return packets.telemetry_data(self._chance)
        if kind == "position":
            return packets.position_data(peer)
        if kind == "node_info":
            return packets.node_info_data(peer.user().SerializeToString())
        return packets.text_data("bonne journée à tout le monde".encode(), None)

    def burst(self) -> dict[str, Any]:
        """Send the burst as fast as the socket takes it; return when that began."""
        began_s = time.monotonic()
        self._node.send_raw(self._burst, frames=self._burst_packets)
        return {"began_s": began_s}

    def fault(self, kind: str, limit_s: float) -> dict[str, Any]:
        """Cut the client off; return how long it takes until somebody's ``/ping`` is answered.

        None: not within the limit. Counted from when the node would serve a client again; after a
        silence, from the last byte it sent.
        """
        node = self._node
        if kind == "silent":
            node.hear_telemetry(node.peers[0])
            since_s = time.monotonic()
            node.go_silent()
        elif kind == "away":
            node.reboot(5.0)
            node.wait_until(lambda n: n.is_listening, ANSWER_LIMIT_S)
            since_s = time.monotonic()
        else:
            since_s = time.monotonic()
            (node.close_by_rst if kind == "rst" else node.close_by_fin)()
        return {"answered_s": self._ping(since_s, limit_s)}

    def _ping(self, since_s: float, limit_s: float) -> float | None:
        """Ask again and again, one peer after another, until the first answer."""
        node = self._node
        answers_before = len(node.texts_on_air)
        for peer in itertools.cycle(node.peers):
            node.hear_text(peer, "/ping")
            left_s = since_s + limit_s - time.monotonic()
            if node.wait_until(
                lambda n: len(n.texts_on_air) > answers_before, min(PING_EVERY_S, max(left_s, 0))
            ):
                break
            if left_s <= 0:
                return None
        return node.read(lambda n: n.texts_on_air[answers_before].at_s) - since_s

    def reconnection(self) -> dict[str, Any]:
        """Close the connection; return what the next one costs the node, up to its last frame."""
        node = self._node
        bytes_before, frames_before = node.bytes_sent, node.frames_sent
        completed = node.configs_completed
        began_s = time.monotonic()
        node.close_by_fin()
        if not node.wait_until(lambda n: n.configs_completed > completed, CONFIG_LIMIT_S):
            raise RuntimeError("the client did not come back")
        return {
            "seconds": time.monotonic() - began_s,
            "bytes": node.bytes_sent - bytes_before,
            "frames": node.frames_sent - frames_before,
        }

    def quiet_mesh(self, hours: float, speed: float, packet_every_s: float) -> dict[str, Any]:
        """Let almost nothing happen, ``speed`` times as fast; return how many came back.

        ``packet_every_s``: how long it is on average from one packet that is heard to the next.
        Raises ``RuntimeError`` when the client does not answer in the end.
        """
        node = self._node
        connections = node.connections_total
        node.idle_limit_s = NODE_IDLE_LIMIT_S / speed
        pause = threading.Event()
        ends_s = time.monotonic() + hours * 3600 / speed
        while (left_s := ends_s - time.monotonic()) > 0:
            pause.wait(min(left_s, self._chance.expovariate(speed / packet_every_s)))
            node.hear_telemetry(self._chance.choice(node.peers))
        reconnections = node.connections_total - connections
        if self._ping(time.monotonic(), ANSWER_LIMIT_S) is None:
            raise RuntimeError("the client answers no more")
        return {"reconnections": reconnections}


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    MeshProgram(options.nodes, options.seed).run()


if __name__ == "__main__":
    main()
