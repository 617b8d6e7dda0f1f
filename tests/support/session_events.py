"""What a session reports, noted down."""

import queue

from meshtastic.protobuf import mesh_pb2

from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.model.link_error import LinkError


class Events:
    """Records what an interface reports."""

    def __init__(self) -> None:
        self.ready: queue.Queue[SupervisedInterface] = queue.Queue()
        self.lost: queue.Queue[LinkError] = queue.Queue()
        self.frames: queue.Queue[bytes] = queue.Queue()
        self.nodes: queue.Queue[list[mesh_pb2.NodeInfo]] = queue.Queue()
        self.packets: queue.Queue[mesh_pb2.MeshPacket] = queue.Queue()
        self.told: queue.Queue[mesh_pb2.FromRadio] = queue.Queue()

    def interface_ready(self, interface: SupervisedInterface) -> None:
        self.ready.put(interface)

    def interface_lost(self, interface: SupervisedInterface, loss: LinkError) -> None:
        self.lost.put(loss)

    def frame_received(
        self, interface: SupervisedInterface, message: mesh_pb2.FromRadio, payload: bytes
    ) -> None:
        self.frames.put(payload)

    def nodes_downloaded(
        self, interface: SupervisedInterface, nodes: list[mesh_pb2.NodeInfo]
    ) -> None:
        self.nodes.put(nodes)

    def packet_received(self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket) -> None:
        self.packets.put(packet)

    def node_told(self, interface: SupervisedInterface, message: mesh_pb2.FromRadio) -> None:
        self.told.put(message)
