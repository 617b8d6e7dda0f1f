"""What the operator decides while the bot runs is seen, and never lost to a failing store."""

import pytest

from meshbot.service.decision_watch import DecisionWatch
from meshbot.store.storage_error import StorageError


class Store:
    """A store that others may have written to."""

    changed = False

    def changed_by_others(self) -> bool:
        return self.changed


class Table:
    """Decisions that are carried out, or cannot be read."""

    def __init__(self) -> None:
        self.calls = 0
        self.keys_change = False
        self.failing = False
        self.told = 0

    def carry_out(self) -> bool:
        self.calls += 1
        if self.failing:
            raise StorageError("verrouillée", passing=True)
        return self.keys_change

    def on_change(self) -> None:
        self.told += 1


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def watch(store: Store, table: Table) -> DecisionWatch:
    return DecisionWatch(store, table.carry_out, table.on_change)


def test_decisions_from_before_the_start_are_carried_out(
    watch: DecisionWatch, table: Table
) -> None:
    watch()
    watch()
    assert (table.calls, table.told) == (1, 0)


def test_only_a_changed_store_is_read(watch: DecisionWatch, store: Store, table: Table) -> None:
    watch()
    store.changed = table.keys_change = True
    watch()
    store.changed = False
    watch()
    assert (table.calls, table.told) == (2, 1)


def test_what_could_not_be_read_is_read_the_next_time(
    watch: DecisionWatch, store: Store, table: Table
) -> None:
    table.failing = True
    watch()
    table.failing, table.keys_change = False, True
    watch()
    assert (table.calls, table.told) == (2, 1)
