"""How parts are put together: the signs around them differ from language to language."""

from collections.abc import Iterable
from datetime import datetime

from meshbot.text.language import tr


def labelled(label: object, said: object) -> str:
    """Return what is said of something, after its name."""
    return tr("{label} : {said}", label=label, said=said)


def phrases(parts: Iterable[str]) -> str:
    """Return phrases one after another, in one line."""
    return tr(" ; ").join(parts)


def percentage(value: str) -> str:
    """Return a number of percent with its sign."""
    return tr("{value} %", value=value)


def day_and_month(moment: datetime) -> str:
    """Return a day of this year, short enough for an axis."""
    return tr("{moment:%d/%m}", moment=moment)


def hour_text(hour: int) -> str:
    """Return an hour of the day, short enough for an axis."""
    return tr("{hour} h", hour=hour)
