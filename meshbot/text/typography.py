"""How parts are put together: the signs around them differ from language to language."""

from collections.abc import Iterable
from datetime import datetime

from meshbot.text.language import mark, tr

_WEEKDAYS = (
    mark("lundi"),
    mark("mardi"),
    mark("mercredi"),
    mark("jeudi"),
    mark("vendredi"),
    mark("samedi"),
    mark("dimanche"),
)


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


def weekday_text(number: int) -> str:
    """Return the name of a day of the week, 0 being Monday."""
    return tr(_WEEKDAYS[number])


def hour_text(hour: int) -> str:
    """Return an hour of the day, short enough for an axis."""
    return tr("{hour} h", hour=hour)
