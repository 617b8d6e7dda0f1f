"""What the server asks of those who know what clients want."""

from typing import Protocol

from meshtastic.protobuf import mesh_pb2


class ClientDesk(Protocol):
    """Deals with what clients say; entered by the loop's thread alone."""

    def client_came(self, client: int, host: str) -> None:
        """Note that a client is there; ``host`` is its machine's address."""

    def client_gone(self, client: int) -> None:
        """Forget a client; never called while the desk is at something else."""

    def frame_came(self, client: int, message: mesh_pb2.ToRadio) -> None:
        """Deal with a frame."""

    def tick(self) -> None:
        """Do what is due; comes each second or so."""
