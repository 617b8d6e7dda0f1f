"""The wheel: what is in it, what it asks for, and the bot that pip installs from it."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from meshbot import VERSION
from meshbot.text.language import compiled_catalogue
from tests.support.limits import PROGRAM_S
from tests.support.program import ROOT, Program

pytestmark = pytest.mark.slow

PIP_S = 180.0
"""Packages come over the network."""
EXTRAS = ("alerts", "status", "terminal")


def run(*command: str | Path, **environment: str) -> str:
    """Run a command that works, and return what it says on standard output."""
    done = subprocess.run(
        [str(word) for word in command],
        env={**{n: v for n, v in os.environ.items() if "MESHBOT" not in n}, **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=PIP_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel made once, by whichever worker comes first, and shared by all of them."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent / "wheel"
        folder.mkdir(exist_ok=True)
    with (folder / "wheel.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return next(folder.glob("*.whl"), None) or build_wheel(folder)


def build_wheel(folder: Path) -> Path:
    """Make it from a copy of the project, as ``make wheel`` and ``pip install .`` do."""
    source = folder / "source"
    source.mkdir()
    made = shutil.ignore_patterns("__pycache__", "*.mo")
    for name in ("meshbot", "tests"):
        shutil.copytree(ROOT / name, source / name, ignore=made)
    for pattern in ("*.py", "*.toml", "*.md", "LICENSE", "requirements*.txt"):
        for file in ROOT.glob(pattern):
            shutil.copy(file, source)
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, source)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def contents(wheel: Path) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(wheel) as archive:
        yield archive


def metadata(contents: zipfile.ZipFile) -> Message:
    (name,) = [name for name in contents.namelist() if name.endswith(".dist-info/METADATA")]
    return BytesParser().parsebytes(contents.read(name))


def pins(file: str) -> set[str]:
    """Return the requirements of a file, in one spelling."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return {str(Requirement(line)) for line in lines if line and not line.startswith("#")}


def test_it_holds_the_bot_with_all_its_files_and_nothing_else(contents: zipfile.ZipFile) -> None:
    files = {
        path.relative_to(ROOT)
        for path in (ROOT / "meshbot").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".mo"
    }
    compiled = {path.with_suffix(".mo") for path in files if path.suffix == ".po"}
    assert compiled, "else there is no language but French"
    front = {path.relative_to(ROOT) for path in ROOT.glob("*.py")} - {Path("setup.py")}
    held = {Path(name) for name in contents.namelist() if ".dist-info/" not in name}
    assert held == files | compiled | front


def test_its_catalogues_are_those_of_the_sources(contents: zipfile.ZipFile) -> None:
    for source in (ROOT / "meshbot").rglob("*.po"):
        name = str(source.relative_to(ROOT).with_suffix(".mo"))
        assert contents.read(name) == compiled_catalogue(source)


def test_it_asks_for_what_was_tested_and_has_the_one_version(contents: zipfile.ZipFile) -> None:
    told = metadata(contents)
    assert told["Version"] == VERSION
    assert "version" not in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = [Requirement(line) for line in told.get_all("Requires-Dist", [])]
    always = {str(one) for one in needed if "extra" not in str(one.marker)}
    assert always == pins("requirements.txt")
    assert set(told.get_all("Provides-Extra", [])) == {*EXTRAS, "all"}
    wanted = {extra: pins(f"requirements-{extra}.txt") for extra in EXTRAS}
    wanted["all"] = set().union(*wanted.values())
    for extra, lines in wanted.items():
        found = {line for line in map(str, needed) if f'extra == "{extra}"' in line}
        assert {re.sub(r"; extra ==.*", "", line) for line in found} == lines


def test_installed_it_checks_answers_and_ends_in_order(wheel: Path, tmp_path: Path) -> None:
    """With the settings of the account, and what it keeps where the account keeps such things."""
    venv, home = tmp_path / "venv", tmp_path / "home"
    run(sys.executable, "-m", "venv", "--without-pip", venv)
    pip = (sys.executable, "-m", "pip", "--python", venv / "bin/python")
    run(*pip, "install", "--quiet", "--no-compile", wheel)
    meshbot = venv / "bin/meshbot"
    assert run(meshbot, "--version") == f"MeshBot {VERSION}\n"

    settings = home / ".config/meshbot/meshbot.env"
    settings.parent.mkdir(parents=True)
    settings.write_text("CONNECTION_MODE=simulated\nMESHBOT_LANGUAGE=en\n", encoding="utf-8")
    account = {"HOME": str(home), "XDG_CONFIG_HOME": "", "XDG_DATA_HOME": ""}
    assert "usage: meshbot " in run(meshbot, "--help", **account)
    said = run(meshbot, "check", **account)
    assert "the bot will create it" in said
    kept = home / ".local/share/meshbot/meshbot.db"
    assert str(kept) in said and not kept.exists()

    unset = ("-u", "MESHBOT_CONNECTION_MODE", "-u", "MESHBOT_DATABASE_PATH")
    given = (f"{name}={value}" for name, value in account.items())
    bot = Program(tmp_path, prefix=("env", *unset, *given), command=(str(meshbot),))
    try:
        assert str(settings) in bot.wait_line("🧪"), "where to say that there is a real node"
        bot.wait_line("Sent to")
        assert "pong" in bot.lines[-1]
        bot.process.terminate()
        assert bot.finish() == 0
    finally:
        bot.process.kill()
        bot.process.wait(PROGRAM_S)
    assert "Bot stopped" in bot.lines[-1]
    assert kept.exists() and kept.parent.stat().st_mode & 0o077 == 0
    assert not list(tmp_path.glob("*.db")), "nothing is kept where it happens to be started"
