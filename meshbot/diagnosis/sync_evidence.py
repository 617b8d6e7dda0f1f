"""What speaks for and against the key sync, and what follows from it. Pure.

Operators ask whether the key sync kills the link. Two things answer that:

- **Order.** A sync that ran after the link had died cannot have killed it. Only the last sign of
  life tells when the link died (a crashed node says so half a minute later, a silent one never),
  and a live node may say nothing for some time after it. So a sync within three quarters of a
  minute of the last sign of life is no alibi, if that happens more often than by chance.
- **Chance.** Losses in the minute and a half after a sync are compared with losses in comparable
  time without one: the six minutes before the sync and the six minutes after that minute and a
  half, and the beginnings of sessions that were reopened and had no sync. If the sync does nothing,
  the chance that a loss falls into the time after a sync is that time's share of the whole (an
  exact binomial test). Losses come in bad hours, and syncs follow reconnections, so only time this
  near is compared. Losses must also be twice as frequent as before the sync, as after its minute
  and a half, as at the same age of sessions whose sync was skipped, and as at any time: sessions
  may be frail at that age for another reason. Where sessions end in the same way shortly before or
  after that as well, they must be four times as frequent.

The strongest evidence is that hardly a session outlives its sync. And some things look like a sync
that kills and are none: losses that come only after their like (somebody takes the place back and
back), a FIN where sessions are frail without a sync as well, silences of a node out of reach where
periodic syncs, which do the same, do no harm.
"""

import math
from dataclasses import dataclass, field

from meshbot.diagnosis.binomial import binomial_tail, poisson_tail, upper_bound
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.loss_rate import LossRate
from meshbot.model.cause import Cause

ALPHA = 0.01
FRAIL_ALPHA = 0.001
CALM_ALPHA = 0.016
CALM_FAR_P = 0.0001
"""Where losses are rare otherwise, a few close together say more."""
MIN_ACCUSING = 3
MIN_RATE_RATIO = 2.0
FRAIL_RATIO = 4.0
FRAIL_P = 0.01
FRAIL_SHARE = 0.05
"""Of the losses after syncs: fewer near them are no more than losses dated a little wrong."""
EARLY_RATIO = 1.2
"""Where a kill may be dated before the sync, that many times as often after it is enough."""
UNASKED_FRAIL_SHARE = 0.2
UNASKED_EARLY_RATIO = 1.0
"""The same of a bot that does not ask: its last packet may be long before the end."""
MAX_CLEARED_EXCESS = 0.2
"""The sync is cleared when it is excluded (95 %) that more than this share of syncs kills."""
JUST_BEFORE_S = 45.0
"""Longest time that a live node says nothing: heartbeats are half a minute apart."""
WAITING_SHARE = 0.5
"""Of the losses after syncs: where more sessions die while they wait for their sync, it is their
age that they die of, however few outlive the sync."""
MIN_DOUBTFUL = 5
DOUBTFUL_P = 0.001
DOUBTFUL_SHARE = 0.3
MIN_NONE_OUTLIVES = 8
NONE_OUTLIVES = 0.1
NONE_LOST_BEFORE = 0.04
"""If no larger share of sessions outlives its sync, and no larger one is lost before it, that is
no matter of chance."""


@dataclass
class SyncEvidence:
    """Losses after syncs against losses in comparable time without one."""

    syncs: int = 0
    """Syncs during a live link."""
    after: LossRate = field(default_factory=LossRate)
    """In the minute and a half after one."""
    before: LossRate = field(default_factory=LossRate)
    """Between the beginning of the session and its first sync."""
    beyond: LossRate = field(default_factory=LossRate)
    """In the minutes after that minute and a half."""
    same_age: LossRate = field(default_factory=LossRate)
    """In sessions whose sync was skipped, at the age at which others are after theirs."""
    whole: LossRate = field(default_factory=LossRate)
    """In all the time that the link was up."""
    outlived: int = 0
    """Sessions that reached their sync and were alive a minute and a half after one."""
    killed: int = 0
    """Sessions that reached their sync and were lost before that, the just before included."""
    killed_just_before: int = 0
    """Of these, the ones whose last sign of life came shortly before the sync."""
    quiet: bool = False
    """Whether the mesh is known not to be busy."""
    periodic_outlived: int = 0
    """Periodic syncs that their session outlived."""
    reach_s: float = 90.0
    """How long after a sync most losses speak against it: until it is noticed, if it killed."""
    silences: int = 0
    began_before: int = 0
    """Silences that had begun when the sync in them ran: it cannot have caused them."""
    just_before: int = 0
    """Of these, the ones whose last sign of life came shortly before the sync."""
    example: tuple[Loss, float] | None = None
    """One of the silences begun before, and when the sync in it ran."""
    deferred_only: bool = False
    near: "SyncEvidence | None" = None
    """The evidence of the deferred syncs, if most of the suspect losses came after those."""
    early: "SyncEvidence | None" = None
    """The same with losses dated as on a busy mesh, where it is not known whether it is one."""
    spared: bool = False
    """Whether losses follow periodic syncs, but not the deferred ones, which do the same."""
    of_own_kind: bool = False
    """Whether losses after syncs come mostly after losses like themselves."""
    harmless: bool = False
    """Whether periodic syncs, which do the same as deferred ones, are followed by no losses."""
    asked: bool = True
    """Whether the bot asks a quiet node."""
    suspects: list[Loss] = field(default_factory=list)
    """The losses that began within a minute and a half of a sync."""
    strays: list[Loss] = field(default_factory=list)
    """The losses in comparable time."""

    @property
    def control(self) -> LossRate:
        """In comparable time."""
        return LossRate(
            self.before.losses + self.beyond.losses, self.before.time_s + self.beyond.time_s
        )

    @property
    def doubtful(self) -> bool:
        """Whether last signs of life come just before syncs more often than by chance."""
        up_s = self.whole.time_s
        if self.just_before < max(MIN_DOUBTFUL, DOUBTFUL_SHARE * self.silences) or not up_s:
            return False
        syncs = self.syncs + self.began_before
        chance = min(1.0, syncs * JUST_BEFORE_S / up_s)
        return binomial_tail(self.just_before, self.silences, chance) < DOUBTFUL_P

    @property
    def bound(self) -> float:
        """The largest share of syncs that may kill the link unnoticed (95 %)."""
        if not self.syncs:
            return 1.0
        after = min(self.after.losses, self.syncs)
        most = upper_bound(after, self.syncs) * self.syncs
        # No more than came after syncs can have come there anyway.
        return max(0.0, (most - min(self.background, after)) / self.syncs)

    @property
    def expected(self) -> float:
        """How many losses would follow syncs by chance, at the rate of all the other time."""
        other_s = self.whole.time_s - self.after.time_s
        if other_s <= 0:
            return 0.0
        return (self.whole.losses - self.after.losses) * self.after.time_s / other_s

    @property
    def background(self) -> float:
        """How many losses there would be after syncs at the rate of the comparable time."""
        return self.control.per_s * self.after.time_s

    @property
    def p_value(self) -> float:
        """The probability of so many, or more, if the sync does nothing."""
        control = self.control
        both_s = self.after.time_s + control.time_s
        if not both_s:
            return 1.0
        both = self.after.losses + control.losses
        return binomial_tail(self.after.losses, both, self.after.time_s / both_s)

    @property
    def none_outlives(self) -> bool:
        """Whether hardly a session that reaches its sync outlives it, and most reach it."""
        reached = self.killed + self.outlived
        # Without questions, a last sign of life before the sync is no sign that it died before.
        unasked = 0 if self.asked else self.killed_just_before
        return (
            self.killed >= MIN_NONE_OUTLIVES
            and self.outlived <= NONE_OUTLIVES * reached
            and self.before.losses - unasked <= NONE_LOST_BEFORE * reached
        )

    @property
    def suspect(self) -> bool:
        """Whether losses follow syncs more often than chance allows."""
        if self.is_of_the_network:
            return False
        if self.none_outlives:
            return True
        if self.after.losses < MIN_ACCUSING or not self.after.time_s:
            return False
        if (
            self.of_own_kind
            or self.spared
            or self.before.losses > WAITING_SHARE * self.after.losses
        ):
            return False
        far_p = self._far_p
        return (
            self.p_value < self._alpha(far_p)
            and far_p < ALPHA
            and self.after.losses >= MIN_RATE_RATIO * self.expected
            and self._stands_out(1.5 if self.deferred_only else 1.0)
            and (self.near is None or self.near._stands_out(1.0))
            and not self.is_late_only
            and not self.may_be_a_client
        )

    @property
    def _far_p(self) -> float:
        """The probability of so many, or more, if losses come at any time alike.

        Exact: the rate of the other time is known no better than its losses are many.
        """
        if not self.whole.time_s:
            return 1.0
        share = self.after.time_s / self.whole.time_s
        return binomial_tail(self.after.losses, self.whole.losses, share)

    def _alpha(self, far_p: float) -> float:
        """Return how unlikely chance must be."""
        if self.deferred_only:  # the second look must see more
            return ALPHA / 3
        if self.frail:
            return FRAIL_ALPHA
        return CALM_ALPHA if far_p < CALM_FAR_P else ALPHA

    def _stands_out(self, factor: float) -> bool:
        """Say whether losses are clearly more frequent after syncs than in each comparable time."""
        ratio = factor * (FRAIL_RATIO if self.frail else MIN_RATE_RATIO)
        # One or two in the few seconds before a sync are no rate.
        parts = (self.before, self.beyond, self.same_age)
        told = [self.control, *(part for part in parts if part.losses >= MIN_ACCUSING)]
        return self.after.per_s >= ratio * max(rate.per_s for rate in told)

    @property
    def is_of_the_network(self) -> bool:
        """Whether the node fell silent and was out of reach, and other syncs did no harm.

        Then sessions of the first minutes are lost to a bad radio.
        """
        away = sum(
            loss.cause is Cause.SILENCE and Cause.UNREACHABLE in loss.group_of_failures
            for loss in self.suspects
        )
        return self.harmless and 2 * away > len(self.suspects) > 0

    @property
    def may_be_a_client(self) -> bool:
        """Whether the node said FIN and was there: so it does when somebody else connects."""
        closed = sum(loss.cause is Cause.FIN and not loss.failures for loss in self.suspects)
        frail = self.frail or (self.near is not None and self.near.frail)
        return frail and 2 * closed > len(self.suspects)

    @property
    def is_late_only(self) -> bool:
        """Whether what accuses the sync rests on dating losses late, which may be wrong here."""
        if self.early is None:
            return False
        early_ratio = EARLY_RATIO if self.asked else UNASKED_EARLY_RATIO
        ratio = FRAIL_RATIO if self.frail else early_ratio
        return self.early.after.per_s < ratio * self.early.before.per_s

    @property
    def frail(self) -> bool:
        """Whether sessions end alike near a sync, but without one, more often than far away."""
        alike = self._strays_alike
        share = FRAIL_SHARE if self.asked else UNASKED_FRAIL_SHARE
        control = self.control
        far_s = self.whole.time_s - self.after.time_s - control.time_s
        if far_s <= 0 or not alike or alike < share * self.after.losses:
            return False
        far = self.whole.losses - self.after.losses - control.losses
        return poisson_tail(alike, max(far, 0.5) * control.time_s / far_s) < FRAIL_P

    @property
    def _strays_alike(self) -> int:
        """How many of the losses near a sync without one ended as most suspects did."""
        causes = [loss.cause for loss in self.suspects]
        usual = max(set(causes), key=causes.count, default=None)
        return sum(loss.cause is usual for loss in self.strays) if causes else len(self.strays)

    @property
    def cleared(self) -> bool:
        """Whether it is excluded, at 95 %, that every fifth sync kills the link."""
        if self.suspect or self.doubtful or not self.syncs:
            return False
        if self.p_value < 0.05 and self.after.losses > self.expected:
            return False
        return self.bound < MAX_CLEARED_EXCESS or (
            self.after.losses >= MIN_ACCUSING and self.after.losses + self._spread < self.expected
        )

    @property
    def _spread(self) -> float:
        return 2 * math.sqrt(self.expected)
