"""Something else has the name of the database, of its lock or of a copy: a line, and no harm.

Never waits for what a pipe would bring, and changes no file of somebody else's.
"""

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from meshbot.model.known_node import KnownNode
from meshbot.service.bot_store import BotStore
from meshbot.store.backup import Backup
from meshbot.store.database import Database
from meshbot.store.instance_lock import InstanceLock
from meshbot.store.storage_error import ForeignFile, NotAFile, StorageError
from tests.support.program import Program

ANNE = KnownNode(7, "Anne", "A", public_key=b"\x09" * 32)
LETTER = b"a letter to a friend, longer than any lock\n" * 20


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def contents(folder: Path) -> dict[str, bytes | str]:
    return {
        entry.name: os.readlink(entry)
        if entry.is_symlink()
        else (entry.read_bytes() if entry.is_file() else "no file")
        for entry in folder.iterdir()
    }


def make_folder(path: Path) -> None:
    path.mkdir()


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(path.parent)  # the whole path may be too long for one
        try:
            listening.bind(path.name)
        finally:
            os.chdir(here)


def make_loop(path: Path) -> None:
    path.symlink_to(path.name)


def make_link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


NO_FILES = [make_folder, make_pipe, make_socket, make_loop, make_link_to_a_device]
no_file = pytest.mark.parametrize("make", NO_FILES, ids=lambda make: make.__name__[5:])


def link_to_a_letter(path: Path) -> Path:
    letter = path.parent / "letter.txt"
    letter.write_bytes(LETTER)
    path.symlink_to(letter)
    return letter


# -- The database --------------------------------------------------------------------------------


@no_file
def test_what_is_no_file_is_refused_for_good_and_nothing_is_made(
    path: Path, make: Callable[[Path], None]
) -> None:
    make(path)
    before = contents(path.parent)
    with pytest.raises(NotAFile, match=r"DATABASE_PATH = .*bot\.db est un") as refusal:
        BotStore(path, simulated=True).open()
    assert not refusal.value.passing
    assert contents(path.parent) == before


@pytest.mark.parametrize("arguments", [(), ("keys", "list"), ("report",), ("check",)])
def test_the_program_neither_waits_for_a_pipe_nor_shows_a_traceback(
    arguments: tuple[str, ...], run: Callable[..., Program], path: Path
) -> None:
    make_pipe(path)
    program = run(*arguments)
    assert program.finish() == (1 if arguments == ("check",) else 2)
    (line,) = [line for line in program.lines if "❌" in line]
    assert "est un tube, pas un fichier" in line
    assert not [line for line in program.lines if "Traceback" in line]


def test_a_foreign_file_is_refused_and_gets_no_lock_beside_it(
    run: Callable[..., Program], path: Path
) -> None:
    path.write_bytes(LETTER)
    program = run()
    assert program.finish() == 2
    assert len(program.lines) == 1 and "n'est pas une base du bot" in program.lines[0]
    assert contents(path.parent) == {"bot.db": LETTER}


def test_a_foreign_file_where_nothing_can_be_written_is_refused_for_good(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only for now, although its lock can be made no more than the day after."""
    path.write_bytes(LETTER)
    real = os.open

    def refuse_to_make(name: str, flags: int, *rest: int, **named: int) -> int:
        if flags & os.O_CREAT:
            raise PermissionError(13, "Permission denied")
        return real(name, flags, *rest, **named)

    monkeypatch.setattr(os, "open", refuse_to_make)
    with pytest.raises(ForeignFile) as refusal:
        BotStore(path, simulated=True).open()
    assert not refusal.value.passing


def test_a_text_that_quotes_our_schema_is_a_foreign_file(path: Path) -> None:
    quoted = Path(__file__).parents[2] / "meshbot/store/schema/v3.py"
    path.write_bytes(quoted.read_bytes() * 3)
    with pytest.raises(ForeignFile):
        BotStore(path, simulated=True).open()
    assert path.read_bytes() == quoted.read_bytes() * 3


def test_a_link_to_a_file_is_followed_and_stays_a_link(path: Path, tmp_path: Path) -> None:
    real = tmp_path / "card" / "real.db"
    real.parent.mkdir()
    path.symlink_to(real)
    for _ in range(2):
        store = BotStore(path, simulated=False)
        store.open()
        store.nodes.save_nodes([ANNE])
        store.close()
        data = bytearray(real.read_bytes())
        data[:2_000] = bytes(2_000)
        real.write_bytes(data)
    store.open()
    assert store.nodes.load_nodes() == [ANNE]
    store.close()
    assert path.is_symlink() and real.is_file()
    assert len(list(real.parent.glob("real.db.abimee-*"))) == 2


# -- The lock ------------------------------------------------------------------------------------


@no_file
def test_what_stands_in_the_place_of_the_lock_is_refused_for_good(
    path: Path, make: Callable[[Path], None]
) -> None:
    lock = path.with_name("bot.db.lock")
    make(lock)
    before = contents(path.parent)
    with pytest.raises(StorageError, match=r"bot\.db\.lock n'est pas un verrou") as refusal:
        BotStore(path, simulated=True).open()
    assert not refusal.value.passing
    assert contents(path.parent) == before
    assert InstanceLock(path).holder() is None


@pytest.mark.parametrize("dangling", [False, True])
def test_a_link_in_the_place_of_the_lock_is_not_followed(path: Path, dangling: bool) -> None:
    letter = link_to_a_letter(path.with_name("bot.db.lock"))
    if dangling:
        letter.unlink()
    with pytest.raises(StorageError, match="n'est pas un verrou"):
        BotStore(path, simulated=True).open()
    assert InstanceLock(path).holder() is None
    assert letter.exists() is not dangling
    assert dangling or letter.read_bytes() == LETTER


def test_a_file_that_no_bot_has_written_is_locked_and_not_written(path: Path) -> None:
    path.with_name("bot.db.lock").write_bytes(LETTER)
    store, other = (BotStore(path, simulated=True) for _ in range(2))
    store.open()
    with pytest.raises(StorageError, match="utilise déjà"):
        InstanceLock(path, lambda _: None).acquire()
    with pytest.raises(StorageError, match="utilise déjà"):
        other.open()
    store.close()
    assert path.with_name("bot.db.lock").read_bytes() == LETTER


def test_another_name_of_somebodys_short_note_is_not_written(path: Path) -> None:
    note = path.with_name("note.txt")
    note.write_bytes(b"milk")
    os.link(note, path.with_name("bot.db.lock"))
    store = BotStore(path, simulated=True)
    store.open()
    store.close()
    assert note.read_bytes() == b"milk"


def test_a_name_that_is_too_long_is_refused_for_good(path: Path) -> None:
    with pytest.raises(StorageError, match="un nom trop long") as refusal:
        BotStore(path.with_name("b" * 253), simulated=True).open()
    assert not refusal.value.passing
    assert list(path.parent.iterdir()) == []


# -- The copies and the log ----------------------------------------------------------------------


@no_file
@pytest.mark.parametrize("name", ["bot.db.copie", "bot.db.copie.avant", "bot.db.neuve"])
def test_what_stands_in_the_place_of_a_copy_keeps_no_bot_from_starting(
    path: Path, name: str, make: Callable[[Path], None]
) -> None:
    make(path.with_name(name))
    store = BotStore(path, simulated=False)
    for _ in range(2):
        store.open()
        store.nodes.save_nodes([ANNE])
        assert store.nodes.load_nodes() == [ANNE]
        store.close()
    assert not list(path.parent.glob("*abimee*"))


@no_file
def test_a_copy_whose_place_is_taken_is_an_error_of_ours_or_takes_it(
    path: Path, make: Callable[[Path], None]
) -> None:
    store = BotStore(path, simulated=False)
    store.open()
    make(path.with_name("bot.db.copie"))
    make(path.with_name("bot.db.copie.avant"))
    try:
        Backup(path).back_up()
    except StorageError as error:
        assert error.passing and "Copie de la base impossible" in str(error)
    store.close()


def test_a_copy_is_not_written_through_a_link(path: Path) -> None:
    store = BotStore(path, simulated=False)
    store.open()
    letter = link_to_a_letter(path.with_name("bot.db.copie"))
    Backup(path).back_up()
    Backup(path).back_up()
    store.close()
    assert letter.read_bytes() == LETTER


@pytest.mark.parametrize("side", ["-wal", "-shm"])
def test_a_folder_in_the_place_of_the_log_costs_nothing_that_was_in_the_file(
    path: Path, side: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = BotStore(path, simulated=False)
    store.open()
    store.nodes.save_nodes([ANNE])
    store.close()
    path.with_name(f"bot.db{side}").mkdir()
    store.open()
    assert store.nodes.load_nodes() == [ANNE]
    store.close()
    assert "était abîmée" in caplog.text


@no_file
def test_what_stands_in_the_place_of_the_rollback_journal_is_set_aside(
    path: Path, make: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    store = BotStore(path, simulated=False)
    store.open()
    store.nodes.save_nodes([ANNE])
    store.close()
    make(path.with_name("bot.db-journal"))
    for _ in range(2):
        store.open()
        assert store.nodes.load_nodes() == [ANNE]
        store.close()
    assert len(caplog.records) == 1
    assert f"{path}-journal n'est pas un fichier : mis de côté sous" in caplog.text
    assert [aside.name[-8:] for aside in path.parent.glob("*abimee*")] == ["-journal"]


def test_a_pipe_in_the_place_of_the_rollback_journal_is_not_waited_for(path: Path) -> None:
    make_pipe(path.with_name("bot.db-journal"))
    before = contents(path.parent)
    with pytest.raises(StorageError, match="-journal est un tube") as refused:
        Database(path).open()
    assert not refused.value.passing
    assert contents(path.parent) == before


def test_a_copy_does_not_wait_for_what_was_left_beside_an_unfinished_one(path: Path) -> None:
    store = BotStore(path, simulated=False)
    store.open()
    make_pipe(path.with_name("bot.db.copie.new-journal"))
    store.backup.back_up()
    store.close()
    assert path.with_name("bot.db.copie").stat().st_size > 0


# -- Who may read them ---------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_no_file_beside_the_database_is_more_open_than_that(path: Path, mode: int) -> None:
    store = BotStore(path, simulated=False)
    store.open()
    store.nodes.save_nodes([ANNE])
    path.chmod(mode)
    store.backup.back_up()
    store.backup.back_up()
    store.close()
    assert all(mode_of(copy) & ~mode == 0 for copy in store.backup.paths)
    path.write_bytes(bytes(3_000))
    store.open()
    modes = {file.name: mode_of(file) for file in path.parent.iterdir()}
    store.close()
    assert len(list(path.parent.glob("*abimee*"))) == 1
    assert all(of_file & ~mode == 0 for of_file in modes.values()), modes


def test_what_is_found_again_of_a_lost_file_is_private(path: Path) -> None:
    store = BotStore(path, simulated=False)
    store.open()
    store.nodes.save_nodes([ANNE])
    store.backup.back_up()
    store.close()
    path.unlink()
    store.open()
    assert mode_of(path) == 0o600
    store.close()
