"""Contender: this program's interface alone, with a callback that counts."""

import threading
from collections.abc import Sequence

from meshtastic.protobuf import mesh_pb2

from benchmarks.contender import CONNECT_LIMIT_S, Contender, run
from meshbot.link.mesh_tcp_interface import MeshTCPInterface
from meshbot.link.session_options import SessionOptions
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.model.link_error import LinkError


class OurInterface(Contender):
    """MeshTCPInterface with a callback."""

    def __init__(self, port: int, speed: float) -> None:
        """Prepare the interface."""
        super().__init__(port, speed)
        self._ready = threading.Event()
        self._interface = MeshTCPInterface(
            self,
            "127.0.0.1",
            port,
            SessionOptions(connect_timeout_s=10.0, queue_wait_s=10.0),
        )

    def connect(self) -> None:
        """Open it and wait for the configuration."""
        self._interface.open(threading.Event())
        if not self._ready.wait(CONNECT_LIMIT_S):
            raise RuntimeError("not connected")

    def stop(self) -> None:
        """Close it."""
        self._interface.close()

    def interface_ready(self, interface: SupervisedInterface) -> None:
        """Note the end of the handshake."""
        self._ready.set()

    def interface_lost(self, interface: SupervisedInterface, loss: LinkError) -> None:
        """Do nothing: a packet that is missing is found by the count."""

    def frame_received(
        self, interface: SupervisedInterface, message: mesh_pb2.FromRadio, payload: bytes
    ) -> None:
        """No matter here."""

    def nodes_downloaded(
        self, interface: SupervisedInterface, nodes: Sequence[mesh_pb2.NodeInfo]
    ) -> None:
        """Do nothing."""

    def packet_received(self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket) -> None:
        """Count."""
        self.count_packet()

    def node_told(self, interface: SupervisedInterface, message: mesh_pb2.FromRadio) -> None:
        """No matter here."""


if __name__ == "__main__":
    run(OurInterface)
