"""What can be said of the link in one look."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LinkStatus:
    """The link at a glance; durations in seconds, ``up_s`` None while it is down.

    ``last_cause`` is for people to read. ``down_s``, how long the outage has lasted, and
    ``attempts``, how many of it have failed, mean something only while it is down.
    """

    up_s: float | None
    reconnections_last_hour: int
    reconnections_last_day: int
    last_cause: str
    where: str
    down_s: float = 0.0
    attempts: int = 0
