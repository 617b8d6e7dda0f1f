"""Loss rates with the sync after a reconnection, and without it. Pure.

The operator tried both settings of ``TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT``, but at different times:
whatever else changed then is in the difference too. So the comparison accuses nobody.
"""

from dataclasses import dataclass

from meshbot.diagnosis.binomial import binomial_tail, upper_bound
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.loss_rate import LossRate

HOUR_S = 3_600.0
ACQUITTING_LOSSES = 20
ACQUITTING_RATIO = 1.5


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
    def acquits(self) -> bool:
        """Whether it is excluded, at 95 %, that there are half as many losses again with it.

        More losses on some days than on others prove nothing: the days differ in other things too.
        But a cause of many of them would be missed on the days without it.
        """
        total = self.losses_with + self.losses_without
        if total < ACQUITTING_LOSSES or not self.losses_without:
            return False
        most = upper_bound(self.losses_with, total)
        if most >= 1.0:
            return False
        return most / (1 - most) * self.hours_without / self.hours_with < ACQUITTING_RATIO


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
