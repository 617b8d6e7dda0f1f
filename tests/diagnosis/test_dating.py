"""A loss counts when the link can have died, not when it was noticed."""

import pytest

from meshbot.diagnosis.dating import BUSY_GAP_S, Dating
from meshbot.diagnosis.loss import ASKED_EVERY_S, Loss
from meshbot.model.cause import Cause
from tests.diagnosis.made import NOON_S, End

RESET = End(1_000.0, Cause.RESET, heard_s=27.0).loss(NOON_S)
SILENT = End(1_000.0, Cause.SILENCE).loss(NOON_S)
CLOSED = End(1_000.0).loss(NOON_S)


@pytest.mark.parametrize(
    ("end", "died_s"),
    [
        (End(1_000.0, Cause.FIN, heard_s=20.0), 1_000.0),  # a living node says FIN
        (End(1_000.0, Cause.SILENCE), 1_000.0),
        (End(1_000.0, Cause.RESET, heard_s=27.0), 973.0),
        (End(1_000.0, Cause.RESET), 1_000.0 - ASKED_EVERY_S),
        (End(10.0, Cause.RESET), 0.0),  # not before the session
    ],
)
def test_a_link_can_have_died_since_the_last_byte(end: End, died_s: float) -> None:
    assert end.loss(NOON_S).died_s == NOON_S + died_s


def test_on_a_busy_mesh_a_reset_is_dated_by_the_last_byte() -> None:
    dead_s, late_by_s = Dating([RESET], busy=True).of(RESET)
    assert (dead_s, late_by_s) == (RESET.died_s + BUSY_GAP_S, BUSY_GAP_S)


def test_on_a_quiet_mesh_it_may_have_died_until_it_was_asked() -> None:
    dead_s, late_by_s = Dating([RESET], busy=False).of(RESET)
    assert dead_s == RESET.declared_s  # never later than it was noticed
    assert late_by_s == 27.0
    dead_s, late_by_s = Dating([SILENT], busy=False).of(SILENT)
    assert (dead_s, late_by_s) == (SILENT.began_s + ASKED_EVERY_S, ASKED_EVERY_S)


def test_a_closed_connection_is_dated_exactly() -> None:
    for busy in (False, True):
        assert Dating([CLOSED], busy=busy).of(CLOSED) == (CLOSED.declared_s, 0.0)


@pytest.mark.parametrize(
    ("losses", "usual_s"),
    [
        ([], 0.0),
        ([CLOSED, CLOSED, RESET], 0.0),
        ([CLOSED, SILENT, RESET], ASKED_EVERY_S),
    ],
)
def test_what_is_usual_is_what_most_losses_are(losses: list[Loss], usual_s: float) -> None:
    assert Dating(losses, busy=False).usual_s == usual_s
