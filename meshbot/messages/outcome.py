"""What became of a command."""

import enum


class Outcome(enum.Enum):
    """Whether a command only told something, or was an order that was obeyed or refused."""

    ANSWERED = "answered"
    OBEYED = "obeyed"
    """Only who may give orders, and proved who he is, is obeyed."""
    REFUSED = "refused"
