"""The last day is whole, says what the journal says, and ends with what the link says now."""

from meshbot.diagnosis.history_builder import history_of
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind as K
from meshbot.model.link_event import LinkEvent
from meshbot.status.day_pieces import DAY_S, MOST_OUTAGES, day_of
from meshbot.status.page.live_view import Day, LinkNow, PieceState

NOW_S = 1_790_078_400.0
UP, DOWN, OFF = PieceState.UP, PieceState.DOWN, PieceState.OFF


def link(is_up: bool, since_s: float) -> LinkNow:
    return LinkNow(is_up, since_s, "" if is_up else "refusée", 0, "x", 0, 0)


def states(day: Day) -> list[tuple[PieceState, float]]:
    """Return each piece's state and when it begins, in seconds before now."""
    return [(piece.state, NOW_S - piece.start_s) for piece in day.pieces]


def is_whole(day: Day) -> bool:
    pieces = day.pieces
    ends = [piece.end_s for piece in pieces]
    starts = [piece.start_s for piece in pieces]
    return starts == [day.start_s, *ends[:-1]] and ends[-1] == day.end_s


def event(
    kind: K,
    ago_s: float,
    cause: Cause | None = None,
    *,
    seconds: float | None = None,
    count: int | None = None,
) -> LinkEvent:
    text = "{}" if kind is K.STARTED else ""
    return LinkEvent(kind, NOW_S - ago_s, cause=cause, text=text, seconds=seconds, count=count)


EVENTS = (
    event(K.STARTED, 50_000),
    event(K.CONNECTED, 49_990, seconds=2.0, count=80),
    event(K.LOST, 20_000, Cause.FIN, seconds=0.0),
    event(K.ATTEMPT, 19_000, Cause.FIN, count=1),
    event(K.CONNECTED, 18_000, seconds=2.0, count=1),
    event(K.RECONNECTED, 18_000, seconds=2_000.0, count=1),
    event(K.ALIVE, 500),
)


def test_before_anything_is_read_nothing_is_said_of_the_day() -> None:
    day = day_of(None, link(True, NOW_S - 100), NOW_S)
    assert (states(day), day.up_share, list(day.outages)) == ([], None, [])


def test_what_the_journal_tells_is_drawn_with_its_causes() -> None:
    day = day_of(history_of(EVENTS), link(True, NOW_S - 18_000), NOW_S)
    assert states(day) == [(OFF, DAY_S), (UP, 49_990), (DOWN, 20_000), (UP, 18_000)]
    assert is_whole(day)
    (latest,) = day.outages  # that the bot had to connect at its start is no loss
    assert "FIN" in latest.cause
    assert day.up_share is not None
    assert abs(day.up_share - (49_990 - 2_000) / 49_990) < 1e-6


def test_the_present_counts_more_than_a_journal_that_was_read_before() -> None:
    day = day_of(history_of(EVENTS), link(False, NOW_S - 30), NOW_S)
    assert states(day)[-2:] == [(OFF, 500), (DOWN, 30)]
    assert day.outages[0].cause == "refusée"
    assert is_whole(day)


def test_an_outage_of_a_moment_is_drawn_too() -> None:
    """The link that there is now, and the outage before it, begin within the same second."""
    events = (
        *EVENTS[:2],
        event(K.LOST, 400.2, Cause.RESET, seconds=0.0),
        event(K.CONNECTED, 400.0, seconds=0.1, count=1),
        event(K.RECONNECTED, 399.9, seconds=0.3, count=1),
        event(K.ALIVE, 300),
    )
    day = day_of(history_of(events), link(True, NOW_S - 400), NOW_S)
    assert [state for state, _ in states(day)] == [OFF, UP, DOWN, UP]
    assert "RST" in day.outages[0].cause
    assert is_whole(day)


def test_very_many_outages_are_drawn_together_and_still_counted() -> None:
    events = [event(K.STARTED, 80_000)]
    for number in range(400):
        ago_s = 79_000 - 190.0 * number
        events += [
            event(K.CONNECTED, ago_s, seconds=1.0, count=1),
            event(K.RECONNECTED, ago_s - 1, seconds=9.0, count=1),
            event(K.LOST, ago_s - 150, Cause.RESET, seconds=0.0),
        ]
    day = day_of(history_of(events), link(False, NOW_S - 79_000 + 190 * 399 + 150), NOW_S)
    assert 0 < len(day.outages) <= MOST_OUTAGES
    assert sum(piece.outages for piece in day.outages) >= 400
    assert is_whole(day)
