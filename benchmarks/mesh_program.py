"""The simulated node in a process of its own, so that its work counts for no contender.

``python -m benchmarks.mesh_program --nodes 250``; the port is the answer to ``where``.
"""

import argparse
import itertools
import math
import random
import threading
import time
from typing import Any

from meshtastic.protobuf import mesh_pb2

from benchmarks.command_loop import serve
from benchmarks.traffic.city_traffic import CityTraffic
from benchmarks.traffic.mixes import shares_of
from meshbot.simulation import packets
from meshbot.simulation.peer import make_peers
from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.simulation.traits import SimulatedTraits

PING_EVERY_S = 1.0
ANSWER_LIMIT_S = 20.0
CONFIG_LIMIT_S = 60.0
NODE_IDLE_LIMIT_S = 900.0
STRANGERS_SHARE = 0.02
"""How many more than the node knows are heard: a city has visitors."""


class MeshProgram:
    """One node, its mesh, and the faults that a measurement asks for."""

    def __init__(self, nodes: int, seed: int) -> None:
        """Build it; :meth:`run` starts it."""
        self._node = SimulatedNode(peers=nodes, traits=SimulatedTraits(seed=seed))
        self._chance = random.Random(seed)
        everybody = make_peers(nodes + math.ceil(nodes * STRANGERS_SHARE), seed)
        self._traffic = CityTraffic(everybody, self._node.num, seed)
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
                    "trickle": self.trickle,
                    "fault": self.fault,
                    "reconnection": self.reconnection,
                    "quiet_mesh": self.quiet_mesh,
                }
            )

    def where(self) -> dict[str, Any]:
        """Return the port, and what a contender needs to know."""
        return {"port": self._node.port}

    def prepare(self, packets_wanted: int, mix: str) -> dict[str, Any]:
        """Make a burst of new packets, of a mix or of one kind."""
        heard = self._traffic.packets(shares_of(mix), packets_wanted, int(time.time()))
        self._burst = b"".join(packets.frame(mesh_pb2.FromRadio(packet=packet)) for packet in heard)
        self._burst_packets = len(heard)
        return {"bytes": len(self._burst)}

    def burst(self) -> dict[str, Any]:
        """Send the burst, once, as fast as the socket takes it; return when that began.

        Raises ``RuntimeError`` when there is none that is new.
        """
        burst, self._burst = self._burst, b""
        if not burst:
            raise RuntimeError("no new packets were prepared")
        began_s = time.monotonic()
        self._node.send_raw(burst, frames=self._burst_packets)
        return {"began_s": began_s}

    def trickle(self, packets_wanted: int, mix: str, every_s: float) -> dict[str, Any]:
        """Send new packets one by one, so far apart; return when that began."""
        pause = threading.Event()
        began_s = time.monotonic()
        for packet in self._traffic.packets(shares_of(mix), packets_wanted, int(time.time())):
            self._node.send_raw(packets.frame(mesh_pb2.FromRadio(packet=packet)), frames=1)
            pause.wait(every_s)
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
