"""One bot on one database: who holds the lock, and that it ends with the process that held it."""

import contextlib
import errno
import fcntl
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from meshbot.store.instance_lock import ATTEMPTS, AlreadyRunning, InstanceLock
from meshbot.store.storage_error import StorageError
from tests.support.limits import PROGRAM_S
from tests.support.program import Program

ROOT = Path(__file__).resolve().parents[2]

HOLDER = """
import sys
from pathlib import Path
from meshbot.store.instance_lock import InstanceLock
from meshbot.store.storage_error import StorageError

lock = InstanceLock(Path(sys.argv[1]))
try:
    lock.acquire()
except StorageError as error:
    print(error)
    sys.exit(1)
print("held", flush=True)
sys.stdin.read()
lock.release()
"""


def start_holder(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )


@contextlib.contextmanager
def held_by_another(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Have another process hold the lock; it gives it back in order at the end, unless killed."""
    with start_holder(path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.communicate(timeout=PROGRAM_S)


def no_pause(_: float) -> None:
    """Try again at once."""


def test_a_second_process_is_refused_with_the_firsts_number_and_a_remedy(path: Path) -> None:
    with held_by_another(path) as other:
        lock = InstanceLock(path, no_pause)
        with pytest.raises(AlreadyRunning) as refusal:
            lock.acquire()
        assert refusal.value.pid == other.pid
        assert refusal.value.passing
        line = str(refusal.value)
        assert line == (
            f"Un autre bot (processus {other.pid}) utilise déjà la base {path} : l'arrêter "
            "(sudo systemctl stop meshbot), ou régler DATABASE_PATH sur un autre fichier"
        )
    lock.acquire()
    lock.release()


@pytest.mark.slow
def test_this_process_refuses_others(path: Path) -> None:
    lock = InstanceLock(path)
    lock.acquire()
    try:
        with start_holder(path) as other:
            said, _ = other.communicate(timeout=PROGRAM_S)
        assert other.returncode == 1
        assert f"(processus {os.getpid()})" in said
    finally:
        lock.release()
    with held_by_another(path):
        pass


def test_two_databases_are_two_locks(tmp_path: Path) -> None:
    with held_by_another(tmp_path / "one.db"):
        lock = InstanceLock(tmp_path / "two.db", no_pause)
        lock.acquire()
        lock.release()


def test_the_lock_ends_with_a_killed_process_and_that_is_noticed(path: Path) -> None:
    with held_by_another(path) as other:
        other.kill()
        other.wait(PROGRAM_S)
        lock = InstanceLock(path, no_pause)
        assert lock.holder() is None
        lock.acquire()
        assert not lock.ended_orderly
        lock.release()
    again = InstanceLock(path)
    again.acquire()
    assert again.ended_orderly
    again.release()


def test_the_first_use_of_a_database_is_known_for_the_first(path: Path) -> None:
    first = InstanceLock(path)
    first.acquire()
    assert (first.used_before, first.ended_orderly) == (False, True)
    first.release()
    refused = InstanceLock(path)
    refused.acquire()
    assert not refused.used_before, "a start that got no further proves nothing"
    refused.store_opened()
    refused.release()
    second = InstanceLock(path)
    second.acquire()
    assert (second.used_before, second.ended_orderly) == (True, True)
    second.release()


def test_to_release_what_is_not_held_is_harmless_and_to_hold_it_again_possible(path: Path) -> None:
    lock = InstanceLock(path)
    lock.release()
    assert not path.with_name("bot.db.lock").exists()
    for _ in range(2):
        lock.acquire()
        assert lock.holder() == os.getpid()
        lock.release()
        lock.release()
        assert lock.holder() is None


def test_who_looks_changes_nothing_and_sees_the_holder_come_and_go(path: Path) -> None:
    looking = InstanceLock(path)
    assert looking.holder() is None
    assert list(path.parent.iterdir()) == []
    with held_by_another(path) as other:
        assert looking.holder() == other.pid
        assert looking.holder() == other.pid
    assert looking.holder() is None


def test_a_holder_that_left_no_number_is_an_unknown_one(path: Path) -> None:
    with held_by_another(path):
        path.with_name("bot.db.lock").write_bytes(b"\xff nonsense")
        assert InstanceLock(path).holder() == 0
        with pytest.raises(AlreadyRunning, match="Un autre bot utilise déjà") as refusal:
            InstanceLock(path, no_pause).acquire()
        assert refusal.value.pid == 0


def test_a_look_while_a_bot_starts_does_not_make_it_fail(path: Path) -> None:
    """The moment for which :meth:`InstanceLock.holder` has the lock, held still."""
    path.with_name("bot.db.lock").touch()
    look = os.open(path.with_name("bot.db.lock"), os.O_RDONLY)
    fcntl.flock(look, fcntl.LOCK_SH)
    pauses: list[float] = []

    def look_ends(pause_s: float) -> None:
        pauses.append(pause_s)
        if len(pauses) == ATTEMPTS - 1:
            os.close(look)

    lock = InstanceLock(path, look_ends)
    lock.acquire()
    lock.release()
    assert len(pauses) == ATTEMPTS - 1
    assert 0 < sum(pauses) < 1


def test_a_bot_that_cannot_have_the_lock_gives_up_soon(path: Path) -> None:
    pauses: list[float] = []
    with held_by_another(path), pytest.raises(AlreadyRunning):
        InstanceLock(path, pauses.append).acquire()
    assert len(pauses) == ATTEMPTS - 1


def test_no_file_is_left_open_by_a_refusal(path: Path) -> None:
    with held_by_another(path):
        before = os.listdir("/proc/self/fd")
        for _ in range(5):
            with pytest.raises(AlreadyRunning):
                InstanceLock(path, no_pause).acquire()
            assert InstanceLock(path).holder()
        assert len(os.listdir("/proc/self/fd")) == len(before)


def test_a_full_disk_does_not_keep_the_bot_from_starting(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", no_room)
    lock = InstanceLock(path)
    lock.acquire()
    assert lock.holder() == 0
    lock.release()
    assert lock.holder() is None


def test_a_folder_that_cannot_be_made_is_said_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError) as refusal:
        InstanceLock(tmp_path / "file" / "bot.db").acquire()
    line = str(refusal.value)
    assert not isinstance(refusal.value, AlreadyRunning)
    assert line.startswith(f"Base {tmp_path}/file/bot.db : son dossier ne peut pas être créé")
    assert f"{tmp_path}/file n'est pas un dossier" in line
    assert "DATABASE_PATH" in line and "\n" not in line
    assert InstanceLock(tmp_path / "file" / "bot.db").holder() is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_said_with_a_remedy(path: Path) -> None:
    path.parent.chmod(0o555)
    try:
        with pytest.raises(StorageError, match="sudo chown"):
            InstanceLock(path).acquire()
    finally:
        path.parent.chmod(0o755)


def test_missing_folders_are_made(tmp_path: Path) -> None:
    lock = InstanceLock(tmp_path / "some" / "where" / "bot.db")
    lock.acquire()
    lock.release()
    assert (tmp_path / "some" / "where" / "bot.db.lock").exists()


# -- The program ---------------------------------------------------------------------------------


def test_a_second_bot_on_one_database_ends_with_a_line_and_the_first_goes_on(
    run: Callable[..., Program], tmp_path: Path
) -> None:
    first = run()
    first.wait_line("SYNC COMPLETE")
    second = run()
    assert second.finish() == 1
    assert len(second.lines) == 1
    assert f"[ERROR] ❌ Un autre bot (processus {first.process.pid}) utilise" in second.lines[0]
    assert first.process.poll() is None
    first.process.terminate()
    assert first.finish() == 0
    assert not [line for line in first.lines if "[ERROR]" in line]
    with sqlite3.connect(tmp_path / "bot.db") as stored:
        assert stored.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    stored.close()


def test_a_bot_starts_where_another_was_killed(run: Callable[..., Program]) -> None:
    first = run()
    first.wait_line("SYNC COMPLETE")
    first.process.kill()
    first.finish()
    second = run()
    second.wait_line("SYNC COMPLETE")
    second.process.terminate()
    assert second.finish() == 0
    assert not [line for line in second.lines if "[ERROR]" in line]
