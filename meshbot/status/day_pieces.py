"""The last day of the link, as pieces without gaps. Pure."""

from meshbot.diagnosis.link_history import LinkHistory
from meshbot.status.page.live_view import Day, DayPiece, LinkNow, PieceState
from meshbot.text.cause_texts import cause_text

DAY_S = 86_400.0
MOST_OUTAGES = 120
"""More are drawn together, those first that are closest to each other."""
FIRST_GAP_S = 60.0
SAME_S = 2.0
"""Two clocks' readings of the same moment differ by less."""


def day_of(history: LinkHistory | None, link: LinkNow, now_s: float) -> Day:
    """Return the last 24 hours: what the journal tells, and from its end on what the link says."""
    start_s = now_s - DAY_S
    if history is None:  # not read yet: nothing is known of the day
        return Day(start_s, now_s, ())
    told = _told(history)
    current = _current(link, now_s)
    spans = [*_before(told, current), current]
    known = [span for span in spans if span.end_s > start_s and span.end_s > span.start_s]
    return Day(start_s, now_s, tuple(_without_gaps(_drawn_together(known), start_s, now_s)))


def _current(link: LinkNow, now_s: float) -> DayPiece:
    start_s = min(link.since_s, now_s)
    if link.is_up:
        return DayPiece(PieceState.UP, start_s, now_s)
    return DayPiece(PieceState.DOWN, start_s, now_s, link.cause, 1)


def _told(history: LinkHistory) -> list[DayPiece]:
    """Return what the journal tells, in the order of time."""
    causes = {loss.began_s: cause_text(loss.cause) for loss in history.losses}
    pieces = [
        DayPiece(PieceState.UP, session.start_s, history.end_of(session))
        for session in history.sessions
    ]
    for start_s, end_s in history.down_spans:
        cause = next((text for at_s, text in causes.items() if abs(at_s - start_s) < SAME_S), "")
        if cause or end_s - start_s > FIRST_GAP_S:  # else the bot had started, and was connecting
            pieces.append(DayPiece(PieceState.DOWN, start_s, end_s, cause, 1))
    return sorted(pieces, key=lambda piece: piece.start_s)


def _before(pieces: list[DayPiece], current: DayPiece) -> list[DayPiece]:
    """Return pieces as far as they were before the current one, which the journal has, too."""
    until_s = current.start_s
    return [
        DayPiece(one.state, one.start_s, min(one.end_s, until_s), one.cause, one.outages)
        for one in pieces
        if one.start_s < (until_s - SAME_S if one.state is current.state else until_s)
    ]


def _drawn_together(pieces: list[DayPiece]) -> list[DayPiece]:
    """Return at most so many outages: several with short links between them become one."""
    gap_s = FIRST_GAP_S
    while sum(one.state is PieceState.DOWN for one in pieces) > MOST_OUTAGES:
        pieces = _joined(pieces, gap_s)
        gap_s *= 2
    return pieces


def _joined(pieces: list[DayPiece], gap_s: float) -> list[DayPiece]:
    joined: list[DayPiece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if last is None or last.state is not PieceState.DOWN or piece.start_s - last.end_s > gap_s:
            joined.append(piece)
        elif piece.state is PieceState.DOWN:
            outages = last.outages + piece.outages
            joined[-1] = DayPiece(PieceState.DOWN, last.start_s, piece.end_s, last.cause, outages)
        elif piece.length_s > gap_s:
            joined.append(piece)
    return joined


def _without_gaps(pieces: list[DayPiece], start_s: float, end_s: float) -> list[DayPiece]:
    """Return pieces from ``start_s`` to ``end_s``; what nobody told is time without the bot."""
    whole: list[DayPiece] = []
    at_s = start_s
    for piece in pieces:
        if piece.start_s > at_s + SAME_S:
            whole.append(DayPiece(PieceState.OFF, at_s, piece.start_s))
            at_s = piece.start_s
        if piece.end_s > at_s:
            state, cause, outages = piece.state, piece.cause, piece.outages
            whole.append(DayPiece(state, at_s, min(piece.end_s, end_s), cause, outages))
            at_s = piece.end_s
    if at_s < end_s:
        whole.append(DayPiece(PieceState.OFF, at_s, end_s))
    return whole
