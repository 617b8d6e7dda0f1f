"""The store as one: locked while it is open, and free again whatever went wrong."""

from pathlib import Path

import pytest

from meshbot.model.known_node import KnownNode
from meshbot.service.bot_store import BotStore
from meshbot.store.instance_lock import AlreadyRunning
from meshbot.store.storage_error import ForeignFile

KEY = b"\x09" * 32
ANNE = KnownNode(7, "Anne", "A", public_key=KEY)


def test_what_was_saved_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    store = BotStore(tmp_path / "bot.db", simulated=False)
    for _ in range(2):
        store.open()
        store.nodes.save_nodes([ANNE])
        assert store.nodes.load_nodes() == [ANNE]
        store.close()
        store.close()


def test_an_open_store_is_nobody_elses(tmp_path: Path) -> None:
    store, other = (BotStore(tmp_path / "bot.db", simulated=False) for _ in range(2))
    store.open()
    with pytest.raises(AlreadyRunning):
        other.open()
    store.close()
    other.open()
    other.close()


def test_a_file_that_cannot_be_used_leaves_no_lock_behind(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    path.write_bytes(b"somebody else's")
    with pytest.raises(ForeignFile):
        BotStore(path, simulated=False).open()
    path.unlink()
    store = BotStore(path, simulated=False)
    store.open()
    store.close()


def test_what_a_simulated_node_taught_is_forgotten_with_a_real_one(tmp_path: Path) -> None:
    path = tmp_path / "bot.db"
    simulated = BotStore(path, simulated=True)
    simulated.open()
    simulated.nodes.save_nodes([ANNE])
    simulated.close()
    real = BotStore(path, simulated=False)
    real.open()
    real.close()
    simulated.open()
    assert simulated.nodes.load_nodes() == []
    simulated.close()


def test_a_damaged_file_is_repaired_with_a_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "bot.db"
    store = BotStore(path, simulated=False, wall_clock=lambda: 1_700_000_000.0)
    store.open()
    store.nodes.save_nodes([ANNE])
    store.close()
    path.write_bytes(path.read_bytes()[:100] + bytes(4_000))
    store.open()
    store.close()
    assert "était abîmée" in caplog.text
