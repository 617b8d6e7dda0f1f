"""The attacks' own machinery, and a small edition of those that have no test of their own."""

import sys
from pathlib import Path

import pytest

from tests.long_runs import attack
from tests.long_runs.attack import ATTACKS, BEGIN, END, Attack, block_of, play, wrapped, write_into
from tests.long_runs.frame_fuzz import at_random

FRAMES = 4_000


@pytest.mark.slow
def test_frames_of_real_nodes_changed_at_random_raise_nothing(tmp_path: Path) -> None:
    row = at_random(tmp_path, FRAMES, seed=20_260)
    assert row.startswith(f"{FRAMES:,} frames")


def played(script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> attack.Played:
    folder = tmp_path / "programs"
    folder.mkdir()
    (folder / "program.py").write_text(script, encoding="utf-8")
    monkeypatch.setattr(attack, "HERE", folder.name)
    monkeypatch.setattr(attack, "ROOT", tmp_path)
    return play(Attack("it", "it holds", "program", (), ()), brief=True)


def test_the_last_line_of_a_program_is_its_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = played("print('first'); print('5 of 5')", tmp_path, monkeypatch)
    assert (one.held, one.result) == (True, "5 of 5")
    assert "It held" in block_of(one)
    assert "5 of 5" in block_of(one)


@pytest.mark.parametrize("script", ["print('4 of 5'); raise SystemExit(1)", "import no_such_thing"])
def test_a_program_that_fails_did_not_hold(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = played(script, tmp_path, monkeypatch)
    assert not one.held
    assert "did not hold" in block_of(one)


def test_what_was_not_played_stays_on_the_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n\n{BEGIN}\n\nNot yet.\n\n{END}\n\nafter\n", encoding="utf-8")
    first, second, third = ATTACKS[:3]
    for attacks, result in (((third, first), "old"), ((second, first), "new")):
        write_into(page, [attack.Played(one, True, result, "", 90.0) for one in attacks])
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"before\n\n{BEGIN}\n\nPython ")
    assert text.endswith(f"\n\n{END}\n\nafter\n")
    assert "Not yet" not in text
    assert [line for line in text.splitlines() if line in ("old", "new")] == ["new", "new", "old"]
    assert [line for line in text.splitlines() if line.startswith("### ")] == [
        attack.heading_of(one) for one in (first, second, third)
    ]


def test_no_line_of_the_page_is_wider_than_a_page() -> None:
    lines = wrapped("word " * 60)
    assert max(map(len, lines)) <= 98
    assert " ".join(lines).split() == ["word"] * 60


@pytest.mark.parametrize("one", ATTACKS, ids=lambda one: one.program)
def test_each_attack_has_its_program(one: Attack) -> None:
    assert (attack.ROOT / attack.HERE.replace(".", "/") / f"{one.program}.py").is_file()
    assert one.command(brief=True)[0] == sys.executable
