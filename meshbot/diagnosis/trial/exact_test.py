"""How surprising two shares are, and what difference could have been seen. Pure."""

import math

from meshbot.diagnosis.binomial import binomial_tail
from meshbot.diagnosis.trial.evidence import MIN_LOSSES, Counts, accuses

POWER = 0.8
"""An effect counts as one that would have been seen if it would be so often."""
STEPS = 20
"""Effects are looked at in steps of a twentieth."""
UNLIKELY = 1e-6


def fisher_p_value(counts: Counts) -> float:
    """Return the chance of so many losses with it, or more, if it makes no difference.

    Fisher's exact test, one-sided: given how many were lost, and how often the coin said which.
    """
    lost = counts.lost_with + counts.lost_without
    with_it = counts.lost_with + counts.survived_with
    ways = math.comb(counts.tosses, with_it)
    if not ways:
        return 1.0
    most = min(lost, with_it)
    more = sum(
        math.comb(lost, number) * math.comb(counts.tosses - lost, with_it - number)
        for number in range(counts.lost_with, most + 1)
    )
    return more / ways


def smallest_visible_effect(counts: Counts) -> float | None:
    """Return the smallest share of sessions killed that so many tosses would have shown by now.

    Would have: four times in five, on this background. None where no effect would have been.
    """
    tosses_with = counts.lost_with + counts.survived_with
    tosses_without = counts.lost_without + counts.survived_without
    if tosses_with < MIN_LOSSES:
        return None
    background = (counts.lost_without + 0.5) / (tosses_without + 1)
    needed = [
        (chance, _losses_needed(tosses_with, tosses_without, lost))
        for lost in range(tosses_without + 1)
        if (chance := _exactly(lost, tosses_without, background)) > UNLIKELY
    ]
    for step in range(1, STEPS + 1):
        killed = background + step / STEPS * (1 - background)
        seen = sum(
            chance * binomial_tail(losses, tosses_with, killed)
            for chance, losses in needed
            if losses is not None
        )
        if seen >= POWER:
            return step / STEPS
    return None


def _losses_needed(tosses_with: int, tosses_without: int, lost_without: int) -> int | None:
    """Return how many losses with it would accuse it, None if all would not."""
    low, high = 0, tosses_with + 1
    while low < high:
        middle = (low + high) // 2
        counts = Counts(middle, lost_without, tosses_with - middle, tosses_without - lost_without)
        if middle > tosses_with or accuses(counts):
            high = middle
        else:
            low = middle + 1
    return low if low <= tosses_with else None


def _exactly(number: int, trials: int, chance: float) -> float:
    return math.comb(trials, number) * chance**number * (1 - chance) ** (trials - number)
