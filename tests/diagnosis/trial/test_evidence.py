"""What the tosses prove: payoffs that are fair whatever the link is like, known examples."""

import itertools
import math

import pytest

from meshbot.diagnosis.trial import evidence
from meshbot.diagnosis.trial.evidence import Counts, Result, result_after
from meshbot.diagnosis.trial.exact_test import fisher_p_value, smallest_visible_effect

PAIRS = list(itertools.product([number / 10 for number in range(11)], repeat=2))


def expected(payoffs: tuple[float, float, float, float], lives: float, lives_with: float) -> float:
    """Return what a session pays on average, by its chance to live without it and with it."""
    lost_with, lost_without, survived_with, survived_without = payoffs
    with_it = (1 - lives_with) * lost_with + lives_with * survived_with
    without = (1 - lives) * lost_without + lives * survived_without
    return (with_it + without) / 2


@pytest.mark.parametrize("bet", evidence._ACCUSING)
@pytest.mark.parametrize(("lives", "lives_with"), PAIRS)
def test_no_bet_on_guilt_gains_where_the_sync_does_not_kill(
    bet: evidence._Bet, lives: float, lives_with: float
) -> None:
    if lives_with >= lives:
        assert expected(bet.payoffs, lives, lives_with) <= 1 + 1e-9


@pytest.mark.parametrize("bet", evidence._CLEARING)
@pytest.mark.parametrize(("lives", "lives_with"), PAIRS)
def test_no_bet_on_innocence_gains_where_the_sync_kills_every_fifth(
    bet: evidence._Bet, lives: float, lives_with: float
) -> None:
    if lives_with <= (1 - evidence.EXCLUDED) * lives:
        assert expected(bet.payoffs, lives, lives_with) <= 1 + 1e-9


@pytest.mark.parametrize("bets", [evidence._ACCUSING, evidence._CLEARING])
def test_the_stake_is_1(bets: tuple[evidence._Bet, ...]) -> None:
    assert math.isclose(sum(bet.share for bet in bets), 1.0)
    assert all(payoff >= 0 for bet in bets for payoff in bet.payoffs)


def test_a_run_of_the_coin_accuses_nobody() -> None:
    """No loss at all, and thirty times in a row the coin said: without."""
    assert evidence.guilt(Counts(0, 0, 0, 30)) > 20
    assert result_after(Counts(0, 0, 0, 30)) is None
    assert result_after(Counts(3, 0, 0, 30)) is None
    assert evidence.guilt(Counts(9, 0, 0, 2)) > 20
    assert result_after(Counts(9, 0, 0, 2)) is None


def test_every_second_session_lost_with_it_and_none_without_accuses() -> None:
    assert result_after(Counts(7, 0, 7, 13)) is Result.GUILTY
    assert result_after(Counts(4, 1, 20, 24)) is None


def test_no_loss_at_all_clears_when_both_arms_were_tried_often() -> None:
    assert result_after(Counts(0, 0, 10, 10)) is None
    assert result_after(Counts(0, 0, 20, 20)) is Result.INNOCENT
    assert result_after(Counts(0, 0, 0, 40)) is None


def test_it_ends_after_four_hundred_tosses() -> None:
    assert result_after(Counts(90, 80, 115, 114)) is None
    assert result_after(Counts(90, 80, 115, 115)) is Result.NO_EFFECT_SEEN


@pytest.mark.parametrize(
    ("counts", "p_value"),
    [
        (Counts(), 1.0),
        (Counts(0, 0, 5, 5), 1.0),
        (Counts(3, 1, 1, 3), 17 / 70),  # the lady who tastes tea
        (Counts(4, 0, 0, 4), 1 / 70),
        (Counts(5, 0, 9, 13), 2_002 / 80_730),
    ],
)
def test_fishers_exact_test(counts: Counts, p_value: float) -> None:
    assert math.isclose(fisher_p_value(counts), p_value)


def test_more_tosses_show_smaller_effects_and_losses_hide_them() -> None:
    assert smallest_visible_effect(Counts()) is None
    assert smallest_visible_effect(Counts(0, 0, 4, 4)) is None
    few = smallest_visible_effect(Counts(0, 0, 10, 10))
    many = smallest_visible_effect(Counts(0, 0, 40, 40))
    hidden = smallest_visible_effect(Counts(16, 16, 24, 24))
    assert few is not None and many is not None and hidden is not None
    assert many < few < 1 and many < hidden
