"""The fault matrix, each row with its brief durations; ``fault_matrix.py`` says what they are."""

from pathlib import Path

import pytest

from tests.long_runs.fault_matrix import FAULTS, Fault, run
from tests.support.journal import Journal

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_bot_is_back_in_time(fault: Fault, tmp_path: Path, journal: Journal) -> None:
    run(fault, tmp_path, journal, brief=True)
