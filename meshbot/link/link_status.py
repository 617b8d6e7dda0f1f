"""What can be said of the link in one look."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LinkStatus:
    """The link at a glance; durations in seconds, ``up_s`` None while it is down.

    ``last_cause`` is for people to read.
    """

    up_s: float | None
    reconnections_last_hour: int
    reconnections_last_day: int
    last_cause: str
    where: str
