"""A database that cannot be written: said with its reason, and tried again by systemd.

The unit starts the bot again every five seconds, except after exit code 2: that is for what stays
wrong until somebody changes it.
"""

import errno
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import main_bot
from meshbot.store.database import Database
from meshbot.store.instance_lock import InstanceLock
from meshbot.store.storage_error import StorageError, unusable
from tests.support.limits import PROGRAM_S
from tests.support.program import Program

NO_RIGHT = "Pas le droit"


def error_of(program: Program, code: int) -> str:
    """Return the one line that a program ends with."""
    assert program.finish() == code, program.lines
    (line,) = program.lines
    assert "[ERROR] ❌ " in line
    return line


def skip_if_writable(path: Path) -> None:
    if os.access(path, os.W_OK):
        pytest.skip("root may write anywhere")


# -- Right now: 1 --------------------------------------------------------------------------------


def test_a_file_in_the_place_of_the_folder_is_said_and_tried_again(
    run: Callable[..., Program], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    path = tmp_path / "file" / "data" / "bot.db"
    line = error_of(run(DATABASE_PATH=str(path)), 1)
    assert f"{tmp_path}/file n'est pas un dossier" in line and str(path) in line
    assert "DATABASE_PATH" in line and NO_RIGHT not in line
    assert (tmp_path / "file").read_text() == "mine"


def test_a_database_that_may_only_be_read_is_said_and_tried_again(
    run: Callable[..., Program], tmp_path: Path
) -> None:
    path = tmp_path / "bot.db"
    database = Database(path)
    database.open()
    database.close()
    path.chmod(0o400)
    skip_if_writable(path)
    line = error_of(run(DATABASE_PATH=str(path)), 1)
    assert NO_RIGHT in line and str(path) in line
    assert path.stat().st_mode & 0o777 == 0o400


def test_a_folder_that_cannot_be_made_is_said_and_tried_again(run: Callable[..., Program]) -> None:
    """Nobody can make one in /proc."""
    line = error_of(run(DATABASE_PATH="/proc/meshbot/bot.db"), 1)
    assert "son dossier /proc/meshbot n'existe pas et n'a pas pu être créé (" in line
    assert "DATABASE_PATH" in line and NO_RIGHT not in line


def test_a_link_into_a_folder_that_is_not_there_names_that_folder(
    run: Callable[..., Program], tmp_path: Path
) -> None:
    """As of a card or stick that is not mounted."""
    (tmp_path / "link.db").symlink_to("/proc/meshbot/bot.db")
    line = error_of(run(DATABASE_PATH=str(tmp_path / "link.db")), 1)
    assert "son dossier /proc/meshbot n'existe pas" in line


def test_a_folder_that_may_not_be_written_is_said_and_tried_again(
    run: Callable[..., Program], tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o555)
    skip_if_writable(folder)
    line = error_of(run(DATABASE_PATH=str(folder / "bot.db")), 1)
    assert f"{NO_RIGHT} d'écrire {folder}/bot.db.lock (" in line and "sudo chown" in line


@pytest.mark.parametrize("arguments", [(), ("keys", "list"), ("report",)])
def test_a_file_that_may_not_be_written_is_said_and_tried_again(
    arguments: tuple[str, ...], run: Callable[..., Program], path: Path
) -> None:
    path.touch(mode=0o444)
    skip_if_writable(path)
    line = error_of(run(*arguments), 1)
    assert f"{NO_RIGHT} d'écrire dans {path}" in line and "sudo chown" in line


READ_ONLY = """
import errno, os, sys
import main_bot

real = os.open

def refuse_to_make(name, flags, *rest, **named):
    if flags & os.O_CREAT:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))
    return real(name, flags, *rest, **named)

os.open = refuse_to_make
sys.exit(main_bot.main([]))
"""


@pytest.mark.slow
def test_a_read_only_file_system_is_said_and_tried_again(path: Path) -> None:
    """The program, in a process whose system refuses to make a file, as Linux does there."""
    settings = {"CONNECTION_MODE": "simulated", "DATABASE_PATH": str(path)}
    program = subprocess.run(
        [sys.executable, "-c", READ_ONLY],
        cwd=Path(main_bot.__file__).parent,
        env={**os.environ, **{f"MESHBOT_{name}": value for name, value in settings.items()}},
        capture_output=True,
        encoding="utf-8",
        timeout=PROGRAM_S,
        check=False,
    )
    assert program.returncode == 1
    (line,) = program.stdout.splitlines()
    assert f"Base {path} : le système de fichiers est en lecture seule" in line
    assert NO_RIGHT not in line and "chown" not in line


def test_a_file_system_that_became_read_only_is_told_from_a_missing_right(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite says the same of both."""
    path.touch(mode=0o444)
    refusal = sqlite3.OperationalError("attempt to write a readonly database")
    refusal.sqlite_errorcode = sqlite3.SQLITE_READONLY
    monkeypatch.setattr(os, "access", lambda *_: False)  # for root, too
    told = unusable(path, refusal)
    assert str(told).startswith(f"{NO_RIGHT} d'écrire dans {path}") and told.passing
    there = os.statvfs(path.parent)
    read_only = os.statvfs_result((*there[:8], there.f_flag | os.ST_RDONLY, *there[9:]))
    monkeypatch.setattr(os, "statvfs", lambda _: read_only)
    told = unusable(path, refusal)
    assert "lecture seule" in str(told) and told.passing


def test_a_full_disk_is_not_a_missing_right(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(StorageError) as refusal:
        InstanceLock(path).acquire()
    assert refusal.value.passing
    assert f"Impossible d'écrire {path}.lock (No space left on device)" in str(refusal.value)


def test_what_the_lock_does_not_meet_the_database_says_alike(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path, what in (
        (tmp_path / "file" / "bot.db", "n'est pas un dossier"),
        (Path("/proc/meshbot/bot.db"), "n'existe pas et n'a pas pu être créé"),
    ):
        with pytest.raises(StorageError, match=what) as refusal:
            Database(path).open()
        assert refusal.value.passing and str(path) in str(refusal.value)


# -- Until somebody changes it: 2 ----------------------------------------------------------------


@pytest.mark.parametrize("writable", [True, False])
def test_a_folder_in_the_place_of_the_file_stays_wrong(
    writable: bool, run: Callable[..., Program], tmp_path: Path
) -> None:
    """Also where nothing can be written beside it, as in /proc."""
    folder = tmp_path if writable else Path("/proc/sys")
    line = error_of(run(DATABASE_PATH=str(folder)), 2)
    assert f"DATABASE_PATH = {folder} est un dossier, pas un fichier" in line
