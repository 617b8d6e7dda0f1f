"""Who is told what the link brings."""

from typing import Protocol

from meshtastic.protobuf import mesh_pb2

from meshbot.link.supervised_interface import SupervisedInterface


class LinkListener(Protocol):
    """The first three are called on the link thread, the others on a reader's; none may block."""

    def link_opened(self, interface: SupervisedInterface, *, first: bool) -> None:
        """Hear that an interface finished its handshake and is the live one."""

    def link_failed(self) -> None:
        """Hear that an attempt failed, or a session ended."""

    def reconnection_succeeded(self, interface: SupervisedInterface) -> None:
        """Hear that the new interface has been stable long enough to count."""

    def frame_received(
        self, interface: SupervisedInterface, message: mesh_pb2.FromRadio, payload: bytes
    ) -> None:
        """Receive a frame of any kind; see ``InterfaceEvents.frame_received``."""

    def nodes_downloaded(
        self, interface: SupervisedInterface, nodes: list[mesh_pb2.NodeInfo]
    ) -> None:
        """Receive entries of the node's own database."""

    def packet_received(self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket) -> None:
        """Receive a packet heard on the mesh."""

    def node_told(self, interface: SupervisedInterface, message: mesh_pb2.FromRadio) -> None:
        """Hear what the node says to its client: a notification, or that it is locked."""
