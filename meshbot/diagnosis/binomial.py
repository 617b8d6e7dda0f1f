"""What the diagnosis needs of the binomial distribution and of Poisson's, exactly. Pure.

scipy and statsmodels have it, and would be fifty times as large as the bot.
"""

import math


def binomial_tail(successes: int, trials: int, chance: float) -> float:
    """Return the probability of ``successes`` or more in ``trials`` of probability ``chance``."""
    if successes <= 0:
        return 1.0
    if chance <= 0.0:
        return 0.0
    if chance >= 1.0:
        return 1.0
    if successes > trials * chance:
        return min(1.0, _probability_of(range(successes, trials + 1), trials, chance))
    return max(0.0, 1.0 - _probability_of(range(successes - 1, -1, -1), trials, chance))


def upper_bound(successes: int, trials: int, confidence: float = 0.95) -> float:
    """Return the largest chance not excluded by ``successes`` in ``trials`` (Clopper-Pearson)."""
    if successes >= trials:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        # P(so few or fewer) falls as the chance grows.
        if 1.0 - binomial_tail(successes + 1, trials, middle) > 1.0 - confidence:
            low = middle
        else:
            high = middle
    return high


def _probability_of(numbers: range, trials: int, chance: float) -> float:
    """Add up the probabilities of numbers that lead away from the likeliest."""
    total = 0.0
    for number in numbers:
        term = math.exp(
            math.lgamma(trials + 1)
            - math.lgamma(number + 1)
            - math.lgamma(trials - number + 1)
            + number * math.log(chance)
            + (trials - number) * math.log1p(-chance)
        )
        total += term
        if term < total * 1e-15:
            break
    return total


def hypergeometric_tail(hits: int, draws: int, marked: int, total: int) -> float:
    """Return the probability of ``hits`` or more marked ones in ``draws`` out of ``total``."""
    lowest = max(hits, 0, draws + marked - total)
    ways = _log_choices(total, draws)
    return min(
        1.0,
        math.fsum(
            math.exp(
                _log_choices(marked, count) + _log_choices(total - marked, draws - count) - ways
            )
            for count in range(lowest, min(draws, marked) + 1)
        ),
    )


def _log_choices(total: int, chosen: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(chosen + 1) - math.lgamma(total - chosen + 1)


def poisson_tail(number: int, expected: float) -> float:
    """Return the probability of ``number`` or more where ``expected`` come on average."""
    if number <= 0:
        return 1.0
    if expected <= 0.0:
        return 0.0
    below = 0.0
    for count in range(number - 1, -1, -1):
        term = math.exp(count * math.log(expected) - expected - math.lgamma(count + 1))
        below += term
        if term < below * 1e-15:
            break
    if below < 0.9:
        return max(0.0, 1.0 - below)
    above, count = 0.0, number
    while True:  # a small tail is added up by itself: the difference from 1 would be lost
        term = math.exp(count * math.log(expected) - expected - math.lgamma(count + 1))
        above += term
        count += 1
        if term <= above * 1e-15:
            return min(1.0, above)
