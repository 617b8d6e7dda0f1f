"""What ``journalctl -o`` puts in front of a line."""

from collections.abc import Callable
from datetime import datetime

_MONTHS = (
    ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    (
        *("janv.", "févr.", "mars", "avril", "mai", "juin"),
        *("juil.", "août", "sept.", "oct.", "nov.", "déc."),
    ),
)
_DAYS = (
    ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    ("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."),
)
WHO = "raspberrypi meshbot[1234]: "
PREFIXES: dict[str, Callable[[datetime], str]] = {
    "none": lambda at: "",
    "short": lambda at: f"{_MONTHS[0][at.month - 1]} {at.day:2} {at:%H:%M:%S} {WHO}",
    "short, French": lambda at: f"{_MONTHS[1][at.month - 1]} {at.day:02} {at:%H:%M:%S} {WHO}",
    "short-iso": lambda at: f"{at.astimezone():%Y-%m-%dT%H:%M:%S%z} {WHO}",
    "short-precise": lambda at: f"{_MONTHS[0][at.month - 1]} {at.day:02} {at:%H:%M:%S.%f} {WHO}",
    "short-full": lambda at: f"{_DAYS[0][at.weekday()]} {at:%Y-%m-%d %H:%M:%S} CET {WHO}",
    "short-full, French": lambda at: f"{_DAYS[1][at.weekday()]} {at:%Y-%m-%d %H:%M:%S} CET {WHO}",
    "short-unix": lambda at: f"{at.timestamp():.6f} {WHO}",
}
"""What ``journalctl -o`` puts in front of a line, by its name there."""
