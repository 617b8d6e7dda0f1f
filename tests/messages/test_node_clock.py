"""How old a kept packet certainly is, whatever the node's clock says."""

from dataclasses import dataclass
from typing import cast

import pytest
from meshtastic.protobuf import mesh_pb2

from meshbot.link.frame_receiver import ToldTime
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.messages.heard_packet import BACKLOG_S
from meshbot.messages.node_clock import BURST_PAUSE_S, SLACK_S, NodeClock

RIGHT = 1_795_700_000
HOUR = 3_600
CLOCKS = {
    "right": RIGHT,
    "an hour slow": RIGHT - HOUR,
    "an hour fast": RIGHT + HOUR,
    "after a rollover of the GPS": RIGHT - 1_024 * 7 * 86_400,
    "in 2036": 2_100_000_000,
}
UNSET_CLOCKS = {"in 1970": 500, "in 2000": 946_684_800 + 500}


@dataclass(eq=False)
class Session:
    """A session whose handshake was done at 1,000 s, and what the node said of the time then."""

    told_time: ToldTime | None
    away_s: float | None = None
    ready_s: float | None = 1_000.0


def session(
    told: int | None, *, away_s: float | None = None, ready_s: float = 1_000.0
) -> SupervisedInterface:
    told_time = ToldTime(told, ready_s - 0.5) if told else None
    return cast(SupervisedInterface, Session(told_time, away_s, ready_s))


def new_clock(ours: float = 0.0) -> NodeClock:
    return NodeClock(lambda: ours)


def age_of(
    interface: SupervisedInterface,
    rx_time: int,
    *,
    after_s: float = 0.2,
    clock: NodeClock | None = None,
) -> float:
    """Return the age of a packet by a clock of ours that is far behind, unless one is given."""
    packet = mesh_pb2.MeshPacket(rx_time=rx_time)
    ready_s = interface.ready_s or 0.0
    return (clock or new_clock()).age_when_received_s(interface, packet, ready_s + after_s)


@pytest.mark.parametrize("now", CLOCKS.values(), ids=CLOCKS)
@pytest.mark.parametrize("away_s", [None, 7_200.0], ids=["first session", "back again"])
def test_what_is_wrong_with_the_nodes_clock_cancels_out(now: int, away_s: float | None) -> None:
    assert age_of(session(now, away_s=away_s), now) == 0.0
    assert age_of(session(now, away_s=away_s), now - 20) == pytest.approx(19.7)
    assert age_of(session(now, away_s=away_s), now - 1_800) == pytest.approx(1_799.7)


@pytest.mark.parametrize("now", [*CLOCKS.values(), *UNSET_CLOCKS.values()])
@pytest.mark.parametrize("stamp", [0, *UNSET_CLOCKS.values()], ids=["none", *UNSET_CLOCKS])
def test_the_stamp_of_a_clock_never_set_proves_nothing(now: int, stamp: int) -> None:
    assert age_of(session(now), stamp) == 0.0


def test_without_the_nodes_word_on_the_time_nothing_is_old() -> None:
    assert age_of(session(None), RIGHT - HOUR) == 0.0
    assert age_of(session(None, away_s=10 * HOUR), RIGHT - HOUR) == 0.0


def test_before_the_handshake_is_done_nothing_is_old() -> None:
    interface = cast(SupervisedInterface, Session(ToldTime(RIGHT, 1.0), ready_s=None))
    assert new_clock().age_when_received_s(interface, mesh_pb2.MeshPacket(rx_time=9), 2.0) == 0.0


def test_nothing_was_kept_for_longer_than_we_were_away() -> None:
    """The clock was set meanwhile: by an hour, as it seems."""
    assert age_of(session(RIGHT, away_s=700.0), RIGHT - HOUR - 650) == 0.0
    assert age_of(session(RIGHT, away_s=700.0), RIGHT - 650) == pytest.approx(649.7)
    assert age_of(session(RIGHT, away_s=700.0), RIGHT - 700 - int(SLACK_S)) > 700.0


def test_a_stamp_from_the_future_is_of_another_clock() -> None:
    assert age_of(session(RIGHT), RIGHT + 10 * HOUR) == 0.0


@pytest.mark.parametrize("jump_s", [-3 * HOUR, -HOUR, HOUR, 20 * HOUR])
def test_a_clock_that_was_set_since_the_session_before_dates_nothing(jump_s: int) -> None:
    clock, away_s = new_clock(), 2.0 * HOUR
    first = session(RIGHT)
    assert age_of(first, RIGHT - HOUR, clock=clock) > 0
    ready_s = 1_000.0 + away_s
    jumped = session(RIGHT + int(away_s) + jump_s, away_s=away_s, ready_s=ready_s)
    for stamp in (RIGHT + 60, RIGHT + 60 + jump_s):
        assert age_of(jumped, stamp, clock=clock) == 0.0
    after = session(RIGHT + 2 * int(away_s) + jump_s, away_s=away_s, ready_s=ready_s + away_s)
    stamp = RIGHT + 2 * int(away_s) + jump_s - HOUR
    assert age_of(after, stamp, clock=clock) == pytest.approx(HOUR - 0.3)


def test_a_clock_that_drifts_or_was_unset_meanwhile_is_trusted() -> None:
    clock = new_clock()
    assert age_of(session(RIGHT), RIGHT - HOUR, clock=clock) > 0
    assert age_of(session(None, away_s=50.0, ready_s=2_000.0), RIGHT, clock=clock) == 0.0
    drifted = session(RIGHT + 9_000 - 60, away_s=8_000.0, ready_s=10_000.0)
    assert age_of(drifted, RIGHT + 5_000, clock=clock) == pytest.approx(3_939.7)


@pytest.mark.parametrize(
    ("ours_off_s", "age_s"),
    [(0, 1_799.7), (-1_790, 9.0), (-1_800, 0.0), (-1_855, 0.0), (-1_870, 1_799.7), (HOUR, 1_799.7)],
)
def test_the_younger_of_two_clocks_counts_where_they_have_anything_in_common(
    ours_off_s: int, age_s: float
) -> None:
    """As where the node's clock was set an hour forward after the packet came."""
    clock = new_clock(RIGHT + ours_off_s)
    assert age_of(session(RIGHT), RIGHT - 1_800, clock=clock) == pytest.approx(age_s, abs=1.0)


def test_what_comes_after_a_pause_or_late_is_new() -> None:
    clock, interface = new_clock(), session(RIGHT)
    old, step_s = RIGHT - HOUR, BURST_PAUSE_S * 0.9
    for index in range(1, int(BACKLOG_S / step_s) + 1):
        assert age_of(interface, old, after_s=index * step_s, clock=clock) > 0
    assert age_of(interface, old, after_s=BACKLOG_S + 0.1, clock=clock) == 0.0
    assert age_of(session(RIGHT), old, after_s=BURST_PAUSE_S + 0.1) == 0.0
    clock, interface = new_clock(), session(RIGHT)
    assert age_of(interface, old, after_s=0.1, clock=clock) > 0
    assert age_of(interface, old, after_s=BURST_PAUSE_S + 0.2, clock=clock) == 0.0
    assert age_of(interface, old, after_s=BURST_PAUSE_S + 0.3, clock=clock) == 0.0  # for good
