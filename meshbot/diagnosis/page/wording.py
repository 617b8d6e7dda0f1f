"""Numbers, durations and dates as the page says them. Pure."""

import math
from datetime import UTC, datetime

from meshbot.text.language import tr
from meshbot.text.quantities import counted, decimal_text, duration_text
from meshbot.text.typography import day_and_month, percentage, weekday_text

LEAST_CEILING = 6
"""So that a single loss looks like what it is."""
_STEPS = (1, 2, 4, 6, 8, 10)


def whole_text(value: int) -> str:
    """Return a whole number, with its thousands apart from five digits on."""
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}") if value >= 10_000 else str(value)


def losses_text(count: int) -> str:
    """Return a number of losses in words."""
    return counted(count, "coupure", "coupures").replace(str(count), whole_text(count), 1)


def chance_text(expected: float) -> str:
    """Return how many losses chance gives: a figure, never a zero that is none."""
    if expected < 0.05:
        return tr("moins de 0,1") if expected else "0"
    return whole_text(round(expected)) if expected >= 10 else decimal_text(expected)


def percent_text(share: float) -> str:
    """Return a share, with a decimal where it is near one of its ends."""
    value = 100 * share
    if value in (0.0, 100.0) or 1 <= value <= 99:
        return percentage(f"{value:.0f}")
    return percentage(min(max(decimal_text(value), decimal_text(0.1)), decimal_text(99.9), key=len))


def length_text(seconds: float) -> str:
    """Return a duration to the second as long as that matters."""
    seconds = round(seconds)
    if 60 <= seconds < 600 and seconds % 60 >= 1:
        return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
    return round_text(seconds)


def round_text(seconds: float) -> str:
    """Return a duration without a second unit that says nothing."""
    return duration_text(seconds).removesuffix(" 0 min").removesuffix(" 0 h")


def moment_of(at_s: float, in_utc: bool) -> datetime:
    """Return a moment on the clock that the report counts in."""
    return datetime.fromtimestamp(at_s, UTC if in_utc else None)


def day_text(day: datetime) -> str:
    """Return a day of a few months."""
    return f"{weekday_text(day.weekday())} {day_and_month(day)}"


def ceiling(value: float) -> int:
    """Return a round number that is no smaller, and can be halved: the end of an axis."""
    value = max(value, LEAST_CEILING)
    power: int = 10 ** math.floor(math.log10(value))
    return next(step * power for step in _STEPS if step * power >= value)
