"""A hostile node for a few seconds; ``frame_flood.py`` plays it for as long as one likes."""

from pathlib import Path

import pytest

from tests.long_runs.frame_flood import flood

pytestmark = pytest.mark.slow


def test_a_hostile_node_costs_little_and_keeps_nobody_from_ending(tmp_path: Path) -> None:
    assert flood(9.0, 7, tmp_path).endswith("all limits held")
