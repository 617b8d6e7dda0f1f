"""A killed program: every key that was said to be saved is there; ``make kill`` plays more."""

from pathlib import Path

import pytest

from tests.long_runs.kill_rounds import KillRounds

pytestmark = pytest.mark.slow

ROUNDS = 10


def test_no_kill_in_the_middle_of_writing_costs_a_key_or_the_file(tmp_path: Path) -> None:
    rounds = KillRounds(tmp_path / "bot.db", seed=20_260)
    for _ in range(ROUNDS):
        rounds.round()
    assert len(rounds.saved) > ROUNDS


def test_a_key_that_is_not_there_would_be_noticed(tmp_path: Path) -> None:
    rounds = KillRounds(tmp_path / "bot.db", seed=1)
    rounds.saved = {5}
    try:
        rounds.round()
    except AssertionError as error:
        assert "not there: [5]" in str(error)
    else:
        raise AssertionError("a lost key went unnoticed")
