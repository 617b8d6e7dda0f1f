"""What becomes of a reply, as it is counted. Pure."""

import enum


class ReplyFate(enum.Enum):
    """The end of one reply; the values are an interface, see ``docs/metrics.md``."""

    SENT = "sent"
    """The node has the last of it."""
    REFUSED = "refused"
    """The node would not send it."""
    DROPPED = "dropped"
    """It waited for too long, or its fate stayed unknown too often."""
    NO_ROOM = "no_room"
    """Too many waited."""
    UNDELIVERED = "undelivered"
    """It was sent, and later the node told that it did not arrive."""
