"""Loss rates with the sync after a reconnection, and without it. Pure.

If the operator tried both settings of ``TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT`` and the difference is
beyond doubt, that decides.
"""

from dataclasses import dataclass

from meshbot.diagnosis.binomial import binomial_tail
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.loss_rate import LossRate

HOUR_S = 3_600.0
SKIP_P = 0.001
SKIP_RATIO = 3.0
SKIP_LOSSES = 10


@dataclass(frozen=True)
class SkipComparison:
    """Loss rates on days with the sync after a reconnection, and without."""

    losses_with: int
    hours_with: float
    losses_without: int
    hours_without: float

    @property
    def p_value(self) -> float:
        """The probability of so unequal rates if the setting makes no difference."""
        total = self.losses_with + self.losses_without
        share = self.hours_with / (self.hours_with + self.hours_without)
        more = binomial_tail(self.losses_with, total, share)
        less = binomial_tail(self.losses_without, total, 1 - share)
        return min(1.0, 2 * min(more, less))

    @property
    def accuses(self) -> bool:
        """Whether the sync costs losses beyond doubt."""
        rate_with = self.losses_with / self.hours_with
        rate_without = self.losses_without / self.hours_without
        return (
            self.p_value < SKIP_P
            and self.losses_with >= SKIP_LOSSES
            and rate_with >= SKIP_RATIO * rate_without
        )


def skip_comparison(history: LinkHistory) -> SkipComparison | None:
    """Return the loss rates under both settings, if there was an hour under each."""
    synced, skipped = LossRate(), LossRate()
    for session in history.sessions:
        if session.skips_sync is not None:
            rate = skipped if session.skips_sync else synced
            rate.add(history.end_of(session) - session.start_s, lost=session.loss is not None)
    if min(synced.time_s, skipped.time_s) < HOUR_S:
        return None
    return SkipComparison(
        synced.losses, synced.time_s / HOUR_S, skipped.losses, skipped.time_s / HOUR_S
    )
