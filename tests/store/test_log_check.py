"""A log that was damaged in its midst: SQLite drops what stands behind, and we notice."""

import random
import shutil
import sqlite3
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from meshbot.model.known_node import KnownNode
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.service.bot_store import BotStore
from meshbot.store.event_salvage import age_of
from meshbot.store.log_check import lost_commits
from meshbot.store.storage_error import StorageError
from tests.support.damages import key_of

pytestmark = pytest.mark.slow

FRAME = 4_096 + 24
NODES = [KnownNode(num, f"N{num}", public_key=key_of(num), last_heard=num) for num in range(1, 41)]
EVENT = LinkEvent(EventKind.ALIVE, 17.0, 5.0, 1, 1)


@pytest.fixture
def killed(path: Path, tmp_path: Path) -> Path:
    """What a killed bot leaves: a database, and forty transactions that stand in its log alone."""
    (tmp_path / "running").mkdir()
    store = BotStore(tmp_path / "running" / "bot.db", simulated=False)
    store.open()
    store.link_events.add_link_events([EVENT] * 3)
    for node in NODES:
        store.nodes.save_nodes([node])
    for file in (tmp_path / "running").iterdir():
        shutil.copy(file, path.with_name(file.name))
    store.close()
    shutil.rmtree(tmp_path / "running")
    return path


def log_of(path: Path) -> Path:
    return path.with_name("bot.db-wal")


def frames(path: Path) -> int:
    return (log_of(path).stat().st_size - 32) // FRAME


def flip_in_frame(path: Path, frame: int) -> None:
    log = bytearray(log_of(path).read_bytes())
    log[32 + frame * FRAME + 1_000] ^= 1
    log_of(path).write_bytes(log)


def nodes_of(path: Path) -> list[KnownNode]:
    store = BotStore(path, simulated=False)
    store.open()
    try:
        return store.nodes.load_nodes()
    finally:
        store.close()


def repairs(path: Path) -> int:
    return len(
        [file for file in path.parent.glob("*abimee*") if not file.name.endswith(("l", "m"))]
    )


def test_a_whole_log_lost_nothing(killed: Path) -> None:
    assert not lost_commits(killed)
    assert nodes_of(killed) == NODES
    assert (repairs(killed), lost_commits(killed)) == (0, False)


@pytest.mark.parametrize("place", ["first", "middle", "head"])
def test_what_stands_behind_a_damaged_place_of_the_log_comes_back(killed: Path, place: str) -> None:
    if place == "head":
        log_of(killed).write_bytes(bytes(32) + log_of(killed).read_bytes()[32:])
    else:
        flip_in_frame(killed, 0 if place == "first" else frames(killed) // 2)
    assert lost_commits(killed)
    assert nodes_of(killed) == NODES
    assert repairs(killed) == 1
    assert nodes_of(killed) == NODES
    assert repairs(killed) == 1, "once"


def test_the_last_transaction_may_be_unfinished_as_a_power_cut_leaves_it(killed: Path) -> None:
    flip_in_frame(killed, frames(killed) - 1)
    log = log_of(killed).read_bytes()
    log_of(killed).write_bytes(log[:-FRAME] + struct.pack(">I", 2) + log[-FRAME + 4 : -100])
    assert not lost_commits(killed)
    assert len(nodes_of(killed)) >= len(NODES) - 1
    assert repairs(killed) == 0


@pytest.mark.parametrize("left", [0, 1, 23, 24, 25, 4_096, 4_097, 4_100, 4_119])
def test_a_log_may_be_cut_anywhere_in_a_frame(killed: Path, left: int) -> None:
    log = log_of(killed).read_bytes()
    whole = 32 + 5 * FRAME
    for kept in (whole, 32):
        log_of(killed).write_bytes(log[: kept + left])
        assert not lost_commits(killed)


def test_what_an_earlier_round_of_the_log_left_was_not_lost(path: Path) -> None:
    store = BotStore(path, simulated=False)
    store.open()
    for number in range(2_500):  # more than a round of a thousand pages
        store.nodes.save_nodes([replace(NODES[0], last_heard=number)])
        if number % 250 == 0:
            assert not lost_commits(path)
    assert frames(path) < 2_500
    assert not lost_commits(path)
    store.close()


@pytest.mark.parametrize("seed", range(10))
def test_anything_at_all_is_no_log_of_ours(path: Path, seed: int) -> None:
    path.touch()
    log_of(path).write_bytes(random.Random(seed).randbytes(seed * 5_000))
    assert not lost_commits(path)


def test_a_file_whose_log_is_gone_is_older_than_its_copy_and_gets_what_that_knows(
    killed: Path,
) -> None:
    store = BotStore(killed, simulated=False)
    store.open()
    store.backup.back_up()
    store.close()
    fresh = BotStore(killed.with_name("fresh.db"), simulated=False)
    fresh.open()
    fresh.close()
    killed.with_name("fresh.db").replace(killed)
    killed.with_name("bot.db.lock").write_bytes(b"123 store\n")
    assert age_of(killed) == 0 < age_of(killed.with_name("bot.db.copie"))
    assert nodes_of(killed) == NODES
    assert (repairs(killed), age_of(killed)) == (1, age_of(killed.with_name("bot.db.copie")))
    assert nodes_of(killed) == NODES
    assert repairs(killed) == 1


def test_of_a_file_that_is_gone_what_stands_in_its_log_comes_back(killed: Path) -> None:
    killed.unlink()
    assert nodes_of(killed) == NODES
    assert nodes_of(killed) == NODES


def test_a_busy_file_is_not_called_one_of_the_past(
    killed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = BotStore(killed, simulated=False)
    store.open()
    store.backup.back_up()
    store.close()
    killed.with_name("bot.db.lock").write_bytes(b"123 store\n")
    busy = sqlite3.OperationalError("database is locked")
    busy.sqlite_errorcode = sqlite3.SQLITE_BUSY

    def refuse(path: Path) -> int:
        if path == killed:
            raise busy
        return 7

    monkeypatch.setattr("meshbot.store.repair.age_of", refuse)
    with pytest.raises(StorageError) as refusal:
        store.open()
    assert refusal.value.passing and not refusal.value.suspect
    assert repairs(killed) == 0


def test_an_older_database_that_somebody_puts_back_is_what_he_wants(killed: Path) -> None:
    store = BotStore(killed, simulated=False)
    store.open()
    store.backup.back_up()
    store.link_events.add_link_events([EVENT])
    store.nodes.save_nodes([KnownNode(99)])
    store.backup.back_up()
    store.close()
    shutil.copy(killed.with_name("bot.db.copie.avant"), killed)
    assert nodes_of(killed) == NODES
    assert repairs(killed) == 0
