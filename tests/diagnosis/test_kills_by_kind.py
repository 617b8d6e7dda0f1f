"""Losses that follow each other are told from a sync that kills whatever came before."""

from meshbot.diagnosis.kills_by_kind import KillsByKind
from meshbot.model.cause import Cause
from tests.diagnosis.made import NOON_S, End

CLOSED = End(60.0).loss(NOON_S)
SILENT = End(60.0, Cause.SILENCE).loss(NOON_S)


def test_without_a_kill_nothing_follows() -> None:
    kinds = KillsByKind()
    kinds.add(None, CLOSED)  # nothing came before the first session
    kinds.add(SILENT, None)
    assert kinds.p_value() == 1.0


def test_kills_only_after_their_like_are_no_matter_of_chance() -> None:
    """A client that comes back and back cuts the sessions that it made the bot reopen."""
    kinds = KillsByKind()
    for _ in range(10):
        kinds.add(CLOSED, CLOSED)
        kinds.add(SILENT, None)
    assert kinds.p_value() < 1e-4


def test_kills_after_whatever_came_before_are() -> None:
    kinds = KillsByKind()
    for before in (CLOSED, SILENT):
        for _ in range(10):
            kinds.add(before, CLOSED)
            kinds.add(before, None)
    assert kinds.p_value() > 0.3


def test_a_node_that_was_away_is_another_kind() -> None:
    away = End(60.0, Cause.FIN, failures=(Cause.REFUSED,)).loss(NOON_S)
    kinds = KillsByKind()
    for _ in range(10):
        kinds.add(away, away)
        kinds.add(CLOSED, None)
    assert kinds.p_value() < 1e-4
