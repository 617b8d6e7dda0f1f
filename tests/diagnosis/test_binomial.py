"""Tails and bounds have their known values, and stay probabilities."""

import pytest

from meshbot.diagnosis.binomial import (
    binomial_tail,
    hypergeometric_tail,
    poisson_tail,
    upper_bound,
)


@pytest.mark.parametrize(
    ("successes", "trials", "chance", "tail"),
    [
        (0, 10, 0.5, 1.0),
        (10, 10, 0.5, 1 / 1_024),
        (8, 10, 0.5, 56 / 1_024),
        (1, 3, 0.1, 0.271),
        (2, 20, 0.05, 1 - 0.95**20 - 0.95**19),
        (3, 5, 0.375, 9_018 / 32_768),
        (1, 5, 0.0, 0.0),
        (5, 5, 1.0, 1.0),
    ],
)
def test_binomial_tails_have_their_known_values(
    successes: int, trials: int, chance: float, tail: float
) -> None:
    assert binomial_tail(successes, trials, chance) == pytest.approx(tail, rel=1e-9)


def test_binomial_tails_of_large_numbers_stay_probabilities() -> None:
    assert binomial_tail(50_000, 100_000, 0.5) == pytest.approx(0.5, abs=0.01)
    assert binomial_tail(60_000, 100_000, 0.5) == 0.0
    assert binomial_tail(1, 100_000, 0.9) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("successes", "trials", "bound"),
    [
        (0, 10, 0.2588656),  # 1 - 0.05 ** (1 / 10)
        (0, 59, 0.0495071),
        (1, 10, 0.3941633),
        (5, 10, 0.7775589),
        (10, 10, 1.0),
        (0, 0, 1.0),
    ],
)
def test_upper_bounds_are_those_of_clopper_and_pearson(
    successes: int, trials: int, bound: float
) -> None:
    assert upper_bound(successes, trials) == pytest.approx(bound, abs=1e-6)


@pytest.mark.parametrize(
    ("number", "expected", "tail"),
    [
        (0, 3.0, 1.0),
        (1, 0.0, 0.0),
        (1, 1.0, 0.6321205588),  # 1 - 1 / e
        (2, 1.0, 0.2642411177),  # 1 - 2 / e
        (5, 2.0, 0.0526530174),
        (10, 0.1, 2.5163e-17),  # far too small for a difference from 1
        (3, 10.0, 0.9972306043),
        (1, 1e-12, 1e-12),
    ],
)
def test_poisson_tails_have_their_known_values(number: int, expected: float, tail: float) -> None:
    assert poisson_tail(number, expected) == pytest.approx(tail, rel=1e-4)


def test_poisson_tails_of_large_numbers_stay_probabilities() -> None:
    assert poisson_tail(10_000, 10_000.0) == pytest.approx(0.5, abs=0.01)
    assert 0.0 <= poisson_tail(20_000, 10_000.0) < 1e-100
    assert poisson_tail(1, 10_000.0) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("hits", "draws", "marked", "total", "tail"),
    [
        (0, 3, 5, 10, 1.0),
        (3, 3, 5, 10, 10 / 120),
        (2, 3, 5, 10, 60 / 120),
        (1, 1, 0, 10, 0.0),
        (4, 4, 4, 8, 1 / 70),
        (1, 5, 8, 10, 1.0),  # there are only two that are not marked
        (6, 5, 8, 10, 0.0),
    ],
)
def test_hypergeometric_tails_have_their_known_values(
    hits: int, draws: int, marked: int, total: int, tail: float
) -> None:
    assert hypergeometric_tail(hits, draws, marked, total) == pytest.approx(tail, rel=1e-9)
