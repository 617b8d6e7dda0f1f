"""A few thousand frames of clients; ``client_fuzz.py`` sends a million."""

from pathlib import Path

import pytest

from tests.long_runs.client_fuzz import Fuzz

pytestmark = pytest.mark.slow


def test_nothing_that_clients_make_up_reaches_the_link(tmp_path: Path) -> None:
    fuzz = Fuzz(6_000, 9, tmp_path)
    fuzz.run()
    assert fuzz.problems == []
    assert fuzz.pings
