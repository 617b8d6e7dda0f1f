"""The machine and the program at a glance."""

from dataclasses import dataclass, field

from meshbot.model.node_metrics import NodeMetrics


@dataclass(frozen=True)
class SystemStatus:
    """The machine and the program; ``memory_mb`` and ``firmware`` may be unknown."""

    uptime_s: float
    memory_mb: float | None
    version: str
    python: str
    library: str
    firmware: str
    node: NodeMetrics = field(default_factory=NodeMetrics)
    """How our node is, as far as it said."""
    air_percent: float = 0.0
    """How much of the last hour the bot's texts were on the air."""
