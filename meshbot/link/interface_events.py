"""Who is told what happens on an interface."""

from typing import TYPE_CHECKING, Protocol

from meshtastic.protobuf import mesh_pb2

from meshbot.model.link_error import LinkError

if TYPE_CHECKING:
    from meshbot.link.supervised_interface import SupervisedInterface


class InterfaceEvents(Protocol):
    """Called on the interface's reader thread, or on the one whose write found the link broken.

    No lock is held meanwhile; nevertheless, none of this may block.
    """

    def interface_ready(self, interface: "SupervisedInterface") -> None:
        """Hear that the node finished sending its configuration."""

    def interface_lost(self, interface: "SupervisedInterface", loss: LinkError) -> None:
        """Hear, once, that the link is gone though nobody closed it, and why."""

    def frame_received(
        self, interface: "SupervisedInterface", message: mesh_pb2.FromRadio, payload: bytes
    ) -> None:
        """Receive a frame of any kind, before anything else is made of it.

        ``payload``: its bytes as they came. The message is changed afterwards: what is to be kept
        of it has to be copied.
        """

    def nodes_downloaded(
        self, interface: "SupervisedInterface", nodes: list[mesh_pb2.NodeInfo]
    ) -> None:
        """Receive entries of the node's own database, in its order."""

    def packet_received(
        self, interface: "SupervisedInterface", packet: mesh_pb2.MeshPacket
    ) -> None:
        """Receive a mesh packet, whether or not the library understood its payload."""

    def node_told(self, interface: "SupervisedInterface", message: mesh_pb2.FromRadio) -> None:
        """Hear what the node says to its client: a notification, or that it is locked."""
