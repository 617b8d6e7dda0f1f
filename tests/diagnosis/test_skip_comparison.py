"""Both settings of the skip flag are compared; that accuses nobody, and may acquit."""

import pytest

from meshbot.diagnosis.link_diagnosis import diagnose
from meshbot.diagnosis.skip_comparison import SkipComparison, skip_comparison
from tests.diagnosis.made import DAY_S, HOUR_S, End, lived, uneven
from tests.diagnosis.sample_weeks import sample_history


def test_both_settings_are_compared() -> None:
    history = sample_history("sync 0.5, FIN", seed=2, days=14, tries_both=True)
    comparison = skip_comparison(history)
    assert comparison is not None
    assert comparison.losses_with + comparison.losses_without == pytest.approx(
        len(history.losses), abs=14
    )
    assert comparison.hours_with + comparison.hours_without == pytest.approx(14 * 24, rel=0.1)


def test_one_setting_alone_is_not_compared() -> None:
    assert skip_comparison(lived(*uneven(10))) is None
    assert skip_comparison(lived(*uneven(10), skips=[None] * 11)) is None


def test_less_than_an_hour_of_one_is_not_compared() -> None:
    skips = [False] * 10 + [True]
    assert skip_comparison(lived(*uneven(10), skips=skips, last_s=0.9 * HOUR_S)) is None
    assert skip_comparison(lived(*uneven(10), skips=skips, last_s=1.1 * HOUR_S)) is not None


def test_equal_rates_are_no_difference() -> None:
    assert SkipComparison(10, 100.0, 10, 100.0).p_value == pytest.approx(1.0)
    assert SkipComparison(20, 100.0, 0, 100.0).p_value == pytest.approx(2 / 2**20)
    assert SkipComparison(0, 100.0, 0, 100.0).p_value == 1.0


def test_more_losses_with_it_accuse_nobody() -> None:
    """The flag was set on the day the node was moved nearer."""
    many = [End(2_000.0 + 300 * (n % 7)) for n in range(80)]
    few = uneven(12, least_s=0.3 * DAY_S)
    history = lived(*many, *few, skips=[False] * 80 + [True] * 13)
    diagnosis = diagnose(history)
    assert diagnosis.comparison is not None and diagnosis.comparison.p_value < 1e-6
    assert not diagnosis.comparison.acquits
    assert diagnosis.sync_accused is not True
    (reason,) = [one for one in diagnosis.sync_reasons if "coupures par jour" in one]
    assert "à des moments différents" in reason and "ne prouve rien" in reason


@pytest.mark.parametrize(
    ("comparison", "acquits"),
    [
        (SkipComparison(118, 168.0, 123, 168.0), True),  # 16.8 and 17.6 a day
        (SkipComparison(60, 168.0, 120, 168.0), True),  # fewer with it
        (SkipComparison(120, 168.0, 60, 168.0), False),
        (SkipComparison(5, 168.0, 5, 168.0), False),  # too few
        (SkipComparison(40, 168.0, 0, 168.0), False),
    ],
)
def test_losses_that_did_not_change_acquit(comparison: SkipComparison, acquits: bool) -> None:
    assert comparison.acquits is acquits


def test_what_acquits_is_said_and_counts() -> None:
    ends = uneven(120, least_s=4_000.0)
    diagnosis = diagnose(lived(*ends, skips=[n // 10 % 2 == 1 for n in range(121)]))
    assert diagnosis.comparison is not None and diagnosis.comparison.acquits
    assert diagnosis.sync_accused is False
    assert any("le réglage n'y change rien" in reason for reason in diagnosis.sync_reasons)
