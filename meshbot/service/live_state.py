"""What the line at the bottom of a terminal tells."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LiveState:
    """The bot at a glance; texts are fit to be shown."""

    up_s: float | None
    """How long the link has been up; None while it is down."""
    down_cause: str
    node: str
    """The node's name, or where it is as long as it has not said one."""
    nodes: int
    waiting: int
    """Replies that wait to be sent."""
    last_message: str
    """Who asked what last; nothing before the first."""
    last_message_s: float
    """How long ago that was."""
