"""The soak, a minute of it with a fixed seed; ``make soak`` runs an hour with a random one."""

from pathlib import Path

import pytest

from tests.long_runs.soak import Soak

pytestmark = pytest.mark.slow

SEED = 20_260
SECONDS = 60.0


def test_a_minute_of_random_faults_breaks_no_promise(tmp_path: Path) -> None:
    soak = Soak(SEED, tmp_path)
    soak.run(SECONDS)
    assert soak.faults.total() > 30
