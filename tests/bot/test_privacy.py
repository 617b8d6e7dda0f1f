"""What others see of the program's memory and of its files, whatever umask it was started with."""

import ctypes
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from meshbot.service import process_privacy
from tests.support.limits import PROGRAM_S
from tests.support.program import ROOT, Program

SAY = """
import ctypes, resource
from meshbot.service.process_privacy import keep_process_private
keep_process_private()
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE))
"""  # 3: PR_GET_DUMPABLE


@pytest.fixture
def open_umask() -> Iterator[None]:
    umask = os.umask(0o022)
    yield
    os.umask(umask)


def modes(folder: Path) -> dict[str, int]:
    return {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in folder.iterdir()}


@pytest.mark.slow
def test_no_core_is_left_and_no_memory_read() -> None:
    said = subprocess.run(
        [sys.executable, "-c", SAY],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=PROGRAM_S,
        check=True,
    )
    assert said.stdout == "0 (0, 0)\n"


@pytest.mark.usefixtures("open_umask")
def test_the_files_of_the_bot_are_for_its_own_user(
    run: Callable[..., Program], tmp_path: Path
) -> None:
    for name in ("bot.db.copie", "bot.db.lock"):
        (tmp_path / name).touch(0o644)
    program = run()
    program.wait_line("Connexion TCP établie")
    found = modes(tmp_path)
    assert {"bot.db", "bot.db-wal", "bot.db-shm", "bot.db.lock", "bot.db.copie"} <= found.keys()
    assert set(found.values()) == {0o600}
    limits = Path(f"/proc/{program.process.pid}/limits").read_text(encoding="ascii")
    (core,) = (line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"]
    program.process.terminate()
    assert program.finish() == 0


@pytest.mark.usefixtures("open_umask")
def test_a_page_that_is_asked_for_is_for_whom_the_operator_wants(
    run: Callable[..., Program], tmp_path: Path
) -> None:
    first = run()
    first.wait_line("Connexion TCP établie")
    first.process.terminate()
    assert first.finish() == 0
    assert run("report", "--html", "page.html").finish() == 0
    assert modes(tmp_path) == {"bot.db": 0o600, "bot.db.lock": 0o600, "page.html": 0o644}


def test_a_system_that_refuses_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the service's does: its calls to set limits are filtered."""

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(resource, "setrlimit", refuse)
    monkeypatch.setattr(ctypes, "CDLL", refuse)
    process_privacy.keep_process_private()
