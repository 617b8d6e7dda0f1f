"""main_bot.py as an operator has edited it, run as a program."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.limits import PROGRAM_S
from tests.support.program import ROOT

pytestmark = pytest.mark.slow

EDITS = {
    "the annotation dropped": (r"TCP_SILENT_TIMEOUT: float = 120", "TCP_SILENT_TIMEOUT = 90"),
    "one of his own": (r"(    FLOOD_BURST.*= 5\n)", r"\1    MY_OWN = 7\n"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edited_program_makes_its_bot(tmp_path: Path, edit: tuple[str, str]) -> None:
    shutil.copytree(ROOT / "meshbot", tmp_path / "meshbot")
    for file in ROOT.glob("*.py"):
        shutil.copy(file, tmp_path)
    main = tmp_path / "main_bot.py"
    text, count = re.subn(*edit, main.read_text(encoding="utf-8"))
    assert count == 1
    main.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", "import main_bot; main_bot.MeshBot(environment={})"],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=PROGRAM_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
