"""Who may read the files of a database."""

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from meshbot.store.file_privacy import narrow_files

OURS = [
    "bot.db",
    "bot.db-wal",
    "bot.db-shm",
    "bot.db.lock",
    "bot.db.copie",
    "bot.db.copie.avant",
    "bot.db.neuve",
    "bot.db.abimee-20261127-054500",
    "bot.db.abimee-20261127-054500-2-wal",
]
NOT_OURS = ["bot.db.html", "bot.dbx", "other.db", "x-bot.db"]


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def make(folder: Path, name: str, mode: int = 0o644) -> Path:
    path = folder / name
    path.write_bytes(b"x")
    path.chmod(mode)
    return path


def test_the_files_of_an_older_version_are_closed_to_others(tmp_path: Path) -> None:
    for name in OURS + NOT_OURS:
        make(tmp_path, name)
    narrow_files(tmp_path / "bot.db")
    assert {name: mode_of(tmp_path / name) for name in OURS} == dict.fromkeys(OURS, 0o600)
    assert {name: mode_of(tmp_path / name) for name in NOT_OURS} == dict.fromkeys(NOT_OURS, 0o644)


@pytest.mark.parametrize(("before", "after"), [(0o444, 0o400), (0o600, 0o600), (0o777, 0o700)])
def test_the_owners_own_rights_stay(tmp_path: Path, before: int, after: int) -> None:
    path = make(tmp_path, "bot.db", before)
    narrow_files(path)
    assert mode_of(path) == after


def test_a_database_named_by_a_link_is_meant(tmp_path: Path) -> None:
    (tmp_path / "card").mkdir()
    make(tmp_path / "card", "real.db")
    make(tmp_path / "card", "real.db-wal")
    link = tmp_path / "bot.db"
    link.symlink_to(tmp_path / "card" / "real.db")
    make(tmp_path, "bot.db.copie")
    narrow_files(link)
    for name in ("card/real.db", "card/real.db-wal", "bot.db.copie"):
        assert mode_of(tmp_path / name) == 0o600


def test_a_link_in_the_place_of_a_side_file_leads_nowhere(tmp_path: Path) -> None:
    theirs = make(tmp_path, "theirs")
    (tmp_path / "bot.db-wal").symlink_to(theirs)
    (tmp_path / "bot.db.lock").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "bot.db-shm", 0o644)
    (tmp_path / "bot.db.copie").mkdir(0o755)
    narrow_files(tmp_path / "bot.db")
    assert mode_of(theirs) == 0o644


def test_anothers_file_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path, "bot.db")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    narrow_files(path)
    assert mode_of(path) == 0o644


def test_what_cannot_be_changed_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path, "bot.db")

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "fchmod", refuse)
    narrow_files(path)
    narrow_files(tmp_path / "no folder" / "bot.db")
    narrow_files(path / "a file is no folder")
    assert mode_of(path) == 0o644


def test_a_file_that_sqlite_adds_later_has_the_databases_rights(tmp_path: Path) -> None:
    path = make(tmp_path, "bot.db")
    path.write_bytes(b"")
    narrow_files(path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE t (x)")
    connection.commit()
    assert {mode_of(entry) for entry in tmp_path.iterdir()} == {0o600}
    connection.close()
