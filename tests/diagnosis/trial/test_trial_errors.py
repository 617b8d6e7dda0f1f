"""How often a trial is wrong, smaller than the table of ``docs/trial.md`` and with fixed seeds."""

import pytest

from meshbot.diagnosis.trial.evidence import Result
from tests.long_runs.trial_errors import BACKGROUNDS, SOON, played

pytestmark = pytest.mark.slow

TRIALS = 150
ALLOWED = 0.05 + 0.035
"""Of 150 trials with an error of 5 %, more than this are wrong once in forty."""


@pytest.mark.slow
@pytest.mark.parametrize("background", BACKGROUNDS)
def test_a_sync_that_does_nothing_is_hardly_ever_accused(background: str) -> None:
    assert played(background, 0.0, TRIALS).share(Result.GUILTY) <= ALLOWED


@pytest.mark.slow
@pytest.mark.parametrize("background", BACKGROUNDS)
def test_a_sync_that_kills_every_fifth_is_hardly_ever_cleared(background: str) -> None:
    assert played(background, 0.2, TRIALS).share(Result.INNOCENT) <= ALLOWED


@pytest.mark.parametrize("background", ["none", "3 a day"])
def test_a_sync_that_kills_three_in_ten_is_found_soon(background: str) -> None:
    assert played(background, 0.3, TRIALS).share(Result.GUILTY, SOON) >= 0.87


@pytest.mark.parametrize("background", ["none", "3 a day"])
def test_a_sync_that_does_nothing_is_cleared_where_losses_are_few(background: str) -> None:
    assert played(background, 0.0, TRIALS).share(Result.INNOCENT) >= 0.95
