"""A quarter of an hour of the shared node's day; ``shared_day.py`` plays all of it."""

from pathlib import Path

import pytest

from tests.long_runs.shared_day import SharedDay

pytestmark = pytest.mark.slow


def test_faults_of_the_node_and_a_bad_client_cost_the_others_nothing(tmp_path: Path) -> None:
    SharedDay(faults=8, seed=5, folder=tmp_path).run()
