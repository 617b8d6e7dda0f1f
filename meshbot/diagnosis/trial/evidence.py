"""What the tosses of a trial prove, at any time, with a stated error. Pure.

Each direction is a bet against what it would refute (an e-process): its stake begins at 1, can only
be expected to shrink while that is true, and reaches 20 with a chance of at most 1 in 20, however
often one looks (Ville's inequality). Both hold for any background, steady or in bursts, and for any
dependence of a session on those before it, because they use only that the coin was fair:

- **guilty** refutes "it makes no difference": then the arm of a lost session is still a fair coin,
  and that of a session that survived, too. The bet is on lost ones having it more often. Nothing is
  said before four losses with it, and three sessions without: an accident of the coin alone must
  not accuse.
- **innocent** refutes "it kills every fifth session or more that would have lived". Of a session
  let s be the chance to live without it, and r with it, so that r is at most 0.8 s. A payoff that
  is fair or worse for (s, r) = (0, 0), (1, 0) and (1, 0.8) is so for every such pair, since what it
  pays on average is linear in both, and they are the corners.

How much is staked on which case is a choice that costs time at most: a mixture over backgrounds and
effects.
"""

import enum
import math
from collections.abc import Callable
from dataclasses import dataclass

ALPHA = 0.05
"""The chance to be wrong, of each of the two statements."""
EXCLUDED = 0.2
"""What "innocent" excludes: the share of sessions that it kills."""
MIN_LOSSES = 4
MIN_WITHOUT = 3
"""Nobody believes a comparison with nothing."""
MAX_TOSSES = 400
MAX_LOG = 700.0


class Result(enum.StrEnum):
    """How a trial ended. The values are stored in ``TRIAL_ENDED`` events and must not change."""

    GUILTY = "guilty"
    INNOCENT = "innocent"
    NO_EFFECT_SEEN = "no_effect_seen"
    """Neither, with as many tosses as there will be."""


@dataclass(frozen=True)
class Counts:
    """How many sessions were lost and survived, with what is on trial and without."""

    lost_with: int = 0
    lost_without: int = 0
    survived_with: int = 0
    survived_without: int = 0

    def plus(self, *, suspect: bool, lost: bool) -> "Counts":
        """Return them with one session more."""
        return Counts(
            self.lost_with + (suspect and lost),
            self.lost_without + (lost and not suspect),
            self.survived_with + (suspect and not lost),
            self.survived_without + (not suspect and not lost),
        )

    @property
    def tosses(self) -> int:
        """All of them."""
        return sum(self.each)

    @property
    def each(self) -> tuple[int, int, int, int]:
        """The four of them."""
        return self.lost_with, self.lost_without, self.survived_with, self.survived_without


@dataclass(frozen=True)
class _Bet:
    """A share of the stake, and by what it is multiplied for each kind of session."""

    share: float
    payoffs: tuple[float, float, float, float]
    """In the order of ``Counts.each``."""

    def stake(self, counts: Counts) -> float:
        """Return what became of the share, in logarithms as it may be very small."""
        log_stake = math.log(self.share)
        for payoff, count in zip(self.payoffs, counts.each, strict=True):
            if count:
                log_stake += count * math.log(payoff) if payoff else -math.inf
        return math.exp(min(log_stake, MAX_LOG))


def _accusing(background: float, kills: float) -> tuple[float, float, float, float]:
    """Return the best payoffs if so many are lost anyway, and it kills so many of the others."""
    with_it = background + kills * (1 - background)
    lost, survived = with_it + background, 2 - with_it - background
    return (
        2 * with_it / lost,
        2 * background / lost,
        2 * (1 - with_it) / survived,
        2 * (1 - background) / survived,
    )


def _clearing(background: float) -> tuple[float, float, float, float]:
    """Return the best payoffs if so many are lost anyway, and it kills none."""

    def payoffs(lost_with: float) -> tuple[float, float, float, float]:
        room = 2 - EXCLUDED * lost_with
        without = min(room / 2, 2 - lost_with)
        return lost_with, 2 - lost_with, (room - without) / (1 - EXCLUDED), without

    def growth(lost_with: float) -> float:
        _, lost_without, survived_with, survived_without = payoffs(lost_with)
        losses = math.log(lost_with) + math.log(lost_without)
        survivals = math.log(survived_with) + math.log(survived_without)
        return background * losses + (1 - background) * survivals

    return payoffs(_argmax(growth) if background else 0.0)


def _argmax(function: Callable[[float], float]) -> float:
    """Return where a concave function is largest between 0 and 1."""
    low, high = 0.0, 1.0
    for _ in range(60):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        if function(left) < function(right):
            low = left
        else:
            high = right
    return (low + high) / 2


_ACCUSING = tuple(
    _Bet(share, _accusing(background, kills))
    for share, background, kills in (
        (0.45, 0.004, 0.33),  # the usual link: few losses, and a sync that kills one in three
        (0.15, 0.03, 0.33),
        (0.08, 0.1, 0.35),
        (0.10, 0.3, 0.4),
        (0.08, 0.003, 0.15),
        (0.07, 0.05, 0.15),
        (0.07, 0.2, 0.2),
    )
)
_CLEARING = tuple(
    _Bet(share, _clearing(background))
    for share, background in (
        (0.40, 0.0),
        (0.20, 0.02),
        (0.15, 0.06),
        (0.10, 0.15),
        (0.10, 0.3),
        (0.05, 0.45),
    )
)


def guilt(counts: Counts) -> float:
    """Return what the bet against "it makes no difference" has become."""
    return _sum(_ACCUSING, counts)


def innocence(counts: Counts) -> float:
    """Return what the bet against "it kills every fifth session" has become."""
    return _sum(_CLEARING, counts)


def accuses(counts: Counts) -> bool:
    """Say whether these sessions accuse what is on trial."""
    without = counts.lost_without + counts.survived_without
    compared = counts.lost_with >= MIN_LOSSES and without >= MIN_WITHOUT
    return compared and guilt(counts) >= 1 / ALPHA


def result_after(counts: Counts) -> Result | None:
    """Return what these sessions prove, None while the trial must go on."""
    if accuses(counts):
        return Result.GUILTY
    if innocence(counts) >= 1 / ALPHA:
        return Result.INNOCENT
    return Result.NO_EFFECT_SEEN if counts.tosses >= MAX_TOSSES else None


def _sum(bets: tuple[_Bet, ...], counts: Counts) -> float:
    return math.fsum(bet.stake(counts) for bet in bets)
