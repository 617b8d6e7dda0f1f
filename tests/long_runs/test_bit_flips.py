"""What a dying card does to the files of a bot; ``bit_flips.py`` plays thousands of rounds."""

import random
from pathlib import Path

import pytest

from tests.long_runs import bit_flips
from tests.long_runs.bit_flips import Files, make_files, play, random_rounds, schema_rounds

pytestmark = pytest.mark.slow

ROUNDS = 40
SEED = 20_261


@pytest.fixture
def files(tmp_path: Path) -> Files:
    (tmp_path / "made").mkdir()
    return make_files(tmp_path / "made")


def test_no_damage_keeps_a_bot_from_starting_or_is_believed(files: Files, tmp_path: Path) -> None:
    result = play(files, tmp_path, random_rounds(files, ROUNDS, SEED))
    assert not result.failures
    assert result.rounds == ROUNDS
    assert result.repaired > ROUNDS // 4


def test_no_bit_of_the_first_page_keeps_a_bot_from_starting(files: Files, tmp_path: Path) -> None:
    """Those that did: the format of the file, its version, its encoding, the schema's words."""
    header = [8 * byte + bit for byte in (18, 19, 21, 47, 56, 59, 63, 100) for bit in (0, 2)]
    others = random.Random(SEED).sample(files.used_schema_bits(), 14)
    result = play(files, tmp_path, schema_rounds(files, header + others))
    assert not result.failures
    assert result.repaired > len(header) // 2


def test_a_round_that_fails_is_told(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bit_flips, "open_and_judge", lambda *_, **__: "lost")
    result = play(files, tmp_path, random_rounds(files, 2, SEED))
    assert [failure.rpartition(": ")[2] for failure in result.failures] == ["lost"] * 2
