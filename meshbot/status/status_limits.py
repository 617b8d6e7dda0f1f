"""How much of the machine those may take who ask the bot by HTTP."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StatusLimits:
    """Counts, and times in seconds."""

    connections: int = 100
    request_s: float = 10.0
    """How long a request may take to come, and a connection to have another one."""
    unread_s: float = 20.0
    """How long somebody may read nothing of what he was sent."""
    look_s: float = 2.0
    """How often connections are looked at, while there are any."""
    head_bytes: int = 16_384
    """How long a request may be."""
    retry_s: float = 60.0
    """After how long a port that is taken is tried again."""
    end_s: float = 0.2
    """How long answers under way have when the server ends, once they were told."""
