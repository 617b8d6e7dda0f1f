"""What was counted, as it stood at one moment. Pure."""

from dataclasses import dataclass, field

from meshbot.model.cause import Cause
from meshbot.model.reply_fate import ReplyFate
from meshbot.status.distribution import Distribution

OUTAGE_BOUNDS_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600, 14_400)
HANDSHAKE_BOUNDS_S = (0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60)
PROBE_BOUNDS_S = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20)
LOSS_CAUSES = tuple(dict.fromkeys(cause.group for cause in Cause))
"""What a loss can be counted as: a small set that never grows."""


@dataclass(slots=True)
class Counts:
    """Since the start of the bot."""

    losses: dict[Cause, int] = field(default_factory=lambda: dict.fromkeys(LOSS_CAUSES, 0))
    reconnections: int = 0
    key_syncs: int = 0
    injected_keys: int = 0
    commands: dict[str, int] = field(default_factory=dict)
    """By name; without one those that the bot does not know."""
    replies: dict[ReplyFate, int] = field(default_factory=lambda: dict.fromkeys(ReplyFate, 0))
    outages: Distribution = field(default_factory=lambda: Distribution(*OUTAGE_BOUNDS_S))
    handshakes: Distribution = field(default_factory=lambda: Distribution(*HANDSHAKE_BOUNDS_S))
    probes: Distribution = field(default_factory=lambda: Distribution(*PROBE_BOUNDS_S))
    down_since_s: float | None = None
    """Since when there is no link, on the bot's clock; None while there is one."""

    def copy(self) -> "Counts":
        """Return the same, which does not change any more."""
        return Counts(
            dict(self.losses),
            self.reconnections,
            self.key_syncs,
            self.injected_keys,
            dict(self.commands),
            dict(self.replies),
            self.outages.copy(),
            self.handshakes.copy(),
            self.probes.copy(),
            self.down_since_s,
        )
