"""A node that restarts again and again, told from one that does not."""

from itertools import product

import pytest

from meshbot.link.restart_row import SAID_EVERY_S, RestartRow, Restarts

SOON_S = 60.0


def crash(row: RestartRow, at_s: float, life_s: float = 12.0, *, proof: bool = True) -> None:
    row.session_ended(life_s, at_s)
    if proof:
        row.proven()


@pytest.mark.parametrize(("every_s", "life_s"), [(17.0, 12.0), (55.0, 50.0)])
def test_three_restarts_soon_one_after_another_are_a_row(every_s: float, life_s: float) -> None:
    row = RestartRow(SOON_S)
    for n in range(2):
        crash(row, n * every_s, life_s)
        assert row.take(n * every_s) is None
    crash(row, 2 * every_s, life_s)
    assert row.take(2 * every_s) == Restarts(3, every_s)


def test_it_is_said_again_only_after_a_while_and_counts_on() -> None:
    row = RestartRow(SOON_S)
    said = []
    for n in range(100):
        crash(row, n * 20.0)
        restarts = row.take(n * 20.0)
        if restarts is not None:
            said.append((n * 20.0, restarts))
    assert said[0] == (40.0, Restarts(3, 20.0))
    assert said[1] == (40.0 + SAID_EVERY_S, Restarts(33, 20.0))


@pytest.mark.parametrize("odd", ["unproven", "long", "cleared"])
def test_one_session_that_ended_otherwise_ends_the_row(odd: str) -> None:
    row = RestartRow(SOON_S)
    for n in range(2):
        crash(row, n * 20.0)
    if odd == "cleared":
        crash(row, 40.0)
        row.clear()
    else:
        crash(row, 40.0, 100.0 if odd == "long" else 12.0, proof=odd == "long")
    for n in range(3, 5):
        crash(row, n * 20.0)
        assert row.take(n * 20.0) is None
    crash(row, 100.0)
    assert row.take(100.0) == Restarts(3, 20.0)


def test_without_a_proof_there_is_no_row() -> None:
    row = RestartRow(SOON_S)
    for n, _ in product(range(10), range(2)):
        crash(row, n * 20.0, proof=False)
        assert row.take(n * 20.0) is None


def test_a_proof_before_any_session_proves_nothing() -> None:
    row = RestartRow(SOON_S)
    row.proven()
    assert row.take(1_000.0) is None
