"""What a heard packet says."""

from dataclasses import dataclass

from meshtastic.protobuf import mesh_pb2

from meshbot.messages.heard_packet import HeardPacket
from meshbot.messages.proof import Proof


@dataclass(frozen=True, slots=True)
class DecodedPacket:
    """A packet that can be read, since it came that way or the bot has opened it."""

    heard: HeardPacket
    data: mesh_pb2.Data
    proven: bool
    """Whether its sender's key sealed it, which proves his number."""
    age_s: float
    """How old it is now; more than when it was heard if it had to wait for a key."""
    opened_here: bool = False
    """Whether the bot opened it, because the radio could not."""
    other_key: bool = False
    """Whether the radio opened it with another key than the one known: it gets no answer."""
    proof: Proof | None = None
    """What the radio's marks are worth, None where the bot opened it itself."""

    @property
    def hops(self) -> int | None:
        """How many hops it took, None if nobody knows."""
        return self.heard.hops_with(self.data)
