"""The daily upkeep: when it is due, and what a store that fails or is damaged costs."""

from collections.abc import Callable
from datetime import datetime

import pytest

from meshbot.service.housekeeping import BACKUP_S, Housekeeping
from meshbot.store.storage_error import StorageDamaged, StorageError, StorageVanished
from tests.support.clock import Clock

HOUR_S = 3_600.0
NIGHT_S = datetime(2026, 5, 4, 3, 30).timestamp()
NOON_S = datetime(2026, 5, 4, 12, 0).timestamp()


class Store:
    """A store whose copy has an age, and which may fail."""

    def __init__(self) -> None:
        self.age_s: float | None = None
        self.copies = 0
        self.error: StorageError | None = None

    def backup_age_s(self, wall_s: float) -> float | None:
        return self.age_s

    def compact(self) -> bool:
        return True

    def back_up(self) -> None:
        if self.error is not None:
            raise self.error
        self.copies += 1


class House:
    """What is kept, and a record of what was done."""

    def __init__(self) -> None:
        self.store = Store()
        self.clock, self.wall_clock = Clock(0.0), Clock(NOON_S)
        self.pruned = 0
        self.rebuilt: list[StorageVanished] = []
        self.rebuild_error: StorageError | None = None
        self.keeping = Housekeeping(
            self.store,
            self.store.compact,
            self._prune,
            self._rebuild,
            clock=self.clock,
            wall_clock=self.wall_clock,
        )

    def _prune(self) -> None:
        self.pruned += 1

    def _rebuild(self, error: StorageVanished) -> None:
        self.rebuilt.append(error)
        if self.rebuild_error is not None:
            raise self.rebuild_error


@pytest.fixture
def house() -> House:
    return House()


def test_without_a_copy_one_is_made_at_once(house: House) -> None:
    house.keeping()
    assert (house.store.copies, house.pruned) == (1, 1)


@pytest.mark.parametrize(
    ("wall_s", "age_s", "copies"),
    [
        (NIGHT_S, BACKUP_S - 1, 0),
        (NIGHT_S, BACKUP_S, 1),
        (NOON_S, BACKUP_S, 0),
        (NOON_S, 2 * BACKUP_S - 1, 0),
        (NOON_S, 2 * BACKUP_S, 1),
    ],
)
def test_the_copy_is_made_once_a_day_at_night_if_possible(
    house: House, wall_s: float, age_s: float, copies: int
) -> None:
    house.wall_clock.now_s, house.store.age_s = wall_s, age_s
    house.keeping()
    assert house.store.copies == house.pruned == copies


def test_a_clock_that_was_set_back_does_not_put_the_copy_off(house: House) -> None:
    house.store.age_s = -86_400.0
    house.keeping()
    assert house.store.copies == 0
    house.clock.now_s = 2 * BACKUP_S
    house.keeping()
    house.keeping()
    assert house.store.copies == 1


def test_a_copy_that_fails_is_no_error_of_the_bot(house: House, lines: Callable[[], str]) -> None:
    house.store.error = StorageError("disque plein", passing=True)
    house.keeping()
    assert house.rebuilt == []
    assert lines() == ""


def test_a_damaged_store_is_made_again(house: House, lines: Callable[[], str]) -> None:
    house.store.error = StorageDamaged("abîmée", passing=True)
    house.keeping()
    assert house.rebuilt == [house.store.error]
    house.rebuild_error = StorageError("pas de place")
    house.keeping()
    assert lines() == "❌ pas de place (le bot continue)"


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    caplog.set_level("INFO")
    return lambda: "\n".join(record.getMessage() for record in caplog.records)
