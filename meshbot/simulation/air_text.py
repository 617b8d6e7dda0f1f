"""A text of the client as the simulated air saw it. Pure data, safe in any thread."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AirText:
    """A text message that went on the air, or that the 2 s rule kept off it."""

    to: int
    text: str
    packet_id: int
    at_s: float
    want_ack: bool
    reply_id: int
    channel: int
    sealed_by_client: bool
    pki: bool
