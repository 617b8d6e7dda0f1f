"""How the templates write times, numbers and parts of the day. Pure."""

from datetime import UTC, datetime

from markupsafe import Markup

from meshbot.status.page.labels import piece_label
from meshbot.status.page.live_view import Day, DayPiece
from meshbot.text.language import tr
from meshbot.text.quantities import counted, decimal_text, duration_text
from meshbot.text.typography import day_and_month, percentage

MINUTES = 1440
LEAST_WIDTH = 3.0
"""Of a piece of the day, in minutes: a short outage must be seen, too."""
_MOMENT = Markup('<time data-at="{at}" data-as="{how}">{text}</time>')


def moment(at_s: float, how: str = "at") -> Markup:
    """Return a time of day.

    ``how`` is what the page makes of it: "at" leaves it, "ago" and "for" count on from it.
    """
    when = datetime.fromtimestamp(at_s, UTC)
    return _MOMENT.format(at=round(at_s), how=how, text=_clock_text(when))


def _clock_text(when: datetime) -> str:
    local = when.astimezone()
    return f"{day_and_month(local)} {local:%H:%M}"


def decimal(value: float | None, digits: int = 1) -> str:
    """Return a number, nothing for None."""
    return "" if value is None else decimal_text(value, digits)


def percent(share: float) -> str:
    """Return a share from 0 to 1; only what is whole is 100 %."""
    value = 100 * share
    return percentage(decimal_text(min(value, 99.9)) if 99 < value < 100 else f"{value:.0f}")


def piece_text(piece: DayPiece) -> str:
    """Return what is said of a piece that somebody points at."""
    begin, end = (
        f"{datetime.fromtimestamp(at_s, UTC).astimezone():%H:%M}"
        for at_s in (piece.start_s, piece.end_s)
    )
    what = piece_label(piece.state)
    if piece.outages > 1:
        what = counted(piece.outages, "coupure", "coupures")
    text = tr(
        "De {begin} à {end} : {what}, {length}",
        begin=begin,
        end=end,
        what=what,
        length=duration_text(piece.length_s),
    )
    return f"{text} ({piece.cause})" if piece.cause else text


def place(piece: DayPiece, day: Day) -> tuple[float, float]:
    """Return where a piece begins in the bar, and how wide it is, in minutes."""
    x = (piece.start_s - day.start_s) / 60
    width = max(piece.length_s / 60, LEAST_WIDTH)
    return round(min(x, MINUTES - LEAST_WIDTH), 2), round(width, 2)


def hours(day: Day) -> list[tuple[float, str]]:
    """Return the marks beneath the bar: where, in percent, and what."""
    marks = []
    for part in range(5):
        at_s = day.start_s + part * (day.end_s - day.start_s) / 4
        marks.append((25.0 * part, f"{datetime.fromtimestamp(at_s, UTC).astimezone():%H:%M}"))
    return marks
