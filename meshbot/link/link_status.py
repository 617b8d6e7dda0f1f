"""What the link says of itself."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LinkStatus:
    """The link at a glance; durations in seconds, ``up_s`` None while it is down."""

    up_s: float | None
    reconnections_last_hour: int
    reconnections_last_day: int
    last_cause: str
    where: str
