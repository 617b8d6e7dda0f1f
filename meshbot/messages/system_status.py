"""The machine and the program at a glance."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SystemStatus:
    """The machine and the program; ``memory_mb`` and ``firmware`` may be unknown."""

    uptime_s: float
    memory_mb: float | None
    version: str
    python: str
    library: str
    firmware: str
