"""The environment that ``make`` sets up: never half of one, and a clear line where it cannot."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.machine import executable
from tests.support.limits import PROGRAM_S
from tests.support.program import ROOT

pytestmark = pytest.mark.slow


def make(venv: Path, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    """Have an environment made, still without libraries."""
    return subprocess.run(
        ["make", "--silent", f"VENV={venv}", f"PYTHON={python}", str(venv / ".made")],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if "MAKE" not in name},
        capture_output=True,
        encoding="utf-8",
        timeout=PROGRAM_S,
        check=False,
    )


def pip_works(venv: Path) -> bool:
    command = [str(venv / "bin/python"), "-m", "pip", "--version"]
    done = subprocess.run(command, capture_output=True, timeout=PROGRAM_S, check=False)
    return done.returncode == 0


def test_a_python_that_makes_no_environments_is_a_clear_line_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    """As on Debian before python3-venv is installed."""
    bare = executable(
        tmp_path / "bare",
        f'#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\nexec "{sys.executable}" "$@"\n',
    )
    done = make(tmp_path / "venv", str(bare))
    assert done.returncode != 0
    (line,) = [line for line in done.stdout.splitlines() if "apt-get" in line]
    assert line == "Python's venv module is missing: sudo apt-get install python3-venv"
    assert not (tmp_path / "venv").exists()


def test_an_environment_that_was_left_half_made_is_made_again(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(venv)], timeout=PROGRAM_S, check=True
    )
    assert not pip_works(venv)
    done = make(venv)
    assert (done.returncode, done.stderr) == (0, "")
    assert pip_works(venv)
    (venv / "mine").touch()
    assert make(venv).stdout == ""
    assert (venv / "mine").exists(), "a finished one stays as it is"
