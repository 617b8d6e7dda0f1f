"""Orders heard: noted for good, each once, and a bounded number of each sender."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from meshbot.store import order_store
from meshbot.store.database import Database
from meshbot.store.order_store import OrderStore
from meshbot.store.row_checksum import checksum_of
from meshbot.store.storage_error import StorageError, StorageVanished
from tests.support.clock import Clock

ANN, BOB = 0x0A, 0xFFFFFFFE


class Bench:
    """The orders of one file, closed and opened as the bot does."""

    def __init__(self, path: Path, *, simulated: bool = False) -> None:
        self.path = path
        self.wall = Clock(1_700_000_000.0)
        self.database = Database(path, simulated=simulated)
        self.orders = OrderStore(self.database, self.wall)
        self.open()

    def open(self) -> None:
        self.database.open()
        self.orders.load()

    def restart(self) -> None:
        self.database.close()
        self.orders = OrderStore(self.database, self.wall)
        self.open()

    def rows(self) -> list[tuple[int, ...]]:
        return self.database.rows("SELECT * FROM heard_orders ORDER BY num, heard_at")

    def change(self, statement: str, *values: object) -> None:
        with self.database.transaction() as transaction:
            transaction.execute(statement, values)


@pytest.fixture
def bench(path: Path) -> Iterator[Bench]:
    made = Bench(path)
    yield made
    made.database.close()


def test_an_order_is_new_once_also_after_a_restart(bench: Bench) -> None:
    assert bench.orders.note(ANN, 7)
    assert not bench.orders.note(ANN, 7)
    bench.restart()
    assert not bench.orders.note(ANN, 7)
    assert bench.orders.note(BOB, 7), "another's packet"
    assert bench.orders.note(ANN, 0xFFFFFFFF)


def test_it_is_on_the_disk_when_it_is_noted(bench: Bench, path: Path) -> None:
    bench.orders.note(ANN, 7)
    reader = sqlite3.connect(path)
    row = reader.execute("SELECT * FROM heard_orders").fetchone()
    reader.close()
    assert row == (0, ANN, 7, 1_700_000_000, checksum_of(row[:-1]))


def test_the_oldest_gives_way_and_nobody_elses(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_store, "MAX_PER_SENDER", 3)
    bench.orders.note(BOB, 1)
    for packet_id in (40, 30, 20, 10):
        bench.orders.note(ANN, packet_id)
    assert [row[2] for row in bench.rows() if row[1] == ANN] == [30, 20, 10]
    bench.restart()
    assert bench.orders.note(ANN, 40), "it was forgotten"
    assert [row[2] for row in bench.rows() if row[1] == ANN] == [20, 10, 40]
    assert not bench.orders.note(BOB, 1)


@pytest.mark.parametrize("jump_s", [-1e9, 0.0, 1e9])
def test_a_clock_that_jumps_does_not_make_the_newest_the_oldest(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, jump_s: float
) -> None:
    monkeypatch.setattr(order_store, "MAX_PER_SENDER", 2)
    bench.orders.note(ANN, 1)
    bench.wall.now_s += jump_s
    for packet_id in (2, 3):
        bench.orders.note(ANN, packet_id)
        bench.restart()
    assert [row[2] for row in bench.rows()] == [2, 3]


@pytest.mark.parametrize(
    ("column", "value"),
    [("checksum", 1), ("checksum", None), ("heard_at", "yesterday"), ("heard_at", 1 << 62)],
)
def test_a_damaged_row_counts_as_heard(bench: Bench, column: str, value: object) -> None:
    bench.orders.note(ANN, 7)
    bench.change(f"UPDATE heard_orders SET {column} = ?", value)
    bench.restart()
    assert not bench.orders.note(ANN, 7)
    assert bench.orders.note(ANN, 8)


def test_what_cannot_be_an_order_is_left_out(bench: Bench) -> None:
    bench.change("INSERT INTO heard_orders VALUES (0, 'x', x'00', 1, 2)")
    bench.restart()
    assert bench.orders.note(ANN, 7)


def test_the_simulated_mesh_has_orders_of_its_own(bench: Bench, path: Path) -> None:
    bench.orders.note(ANN, 7)
    other = Bench(path, simulated=True)
    assert other.orders.note(ANN, 7)
    assert not other.orders.note(ANN, 7)
    other.database.close()


def test_what_could_not_be_written_counts_and_is_written_with_the_next(
    bench: Bench, path: Path
) -> None:
    bench.change(
        "CREATE TRIGGER full BEFORE INSERT ON heard_orders BEGIN SELECT RAISE(FAIL, 'full'); END"
    )
    with pytest.raises(StorageError):
        bench.orders.note(ANN, 7)
    assert not bench.orders.note(ANN, 7)
    bench.change("DROP TRIGGER full")
    assert bench.orders.note(ANN, 8)
    assert [row[2] for row in bench.rows()] == [7, 8]


def test_a_file_made_anew_is_given_all_that_was_heard(bench: Bench, path: Path) -> None:
    bench.orders.note(ANN, 7)
    bench.orders.tend()
    for name in ("", "-wal", "-shm"):
        path.with_name(path.name + name).unlink(missing_ok=True)
    with pytest.raises(StorageVanished):
        bench.orders.note(ANN, 8)
    bench.orders.tend()
    bench.database.close()
    bench.orders.tend()  # it is not made yet
    bench.database.open()
    bench.orders.tend()
    assert [row[2] for row in bench.rows()] == [7, 8]
    bench.restart()
    assert not bench.orders.note(ANN, 7)
