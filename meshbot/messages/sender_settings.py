"""How the bot sends."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SenderSettings:
    """Spacing and limits of what is sent; times in seconds.

    ``confirm_timeout_s``: how long the node's word on a packet is waited for;
    ``late_confirm_timeout_s``: of a node that is known to give it.
    ``max_age_s``: a text that waited longer is dropped.
    """

    spacing_s: float
    max_age_s: float
    confirm_timeout_s: float = 5.0
    late_confirm_timeout_s: float = 60.0
    max_bytes: int = 200
    max_parts: int = 5
