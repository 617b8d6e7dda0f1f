"""What may keep a text off the air."""

import enum


class AirLimit(enum.Enum):
    """Whose share of the hour is used up."""

    STRANGERS = "strangers"
    """The strangers' share of what the bot may take."""
    UNPROVEN = "unproven"
    """What of that those may have who prove nothing: numbers cost nothing to make up."""
    TOTAL = "total"
    """What the bot may take in all."""
    NODE = "node"
    """What the region allows the node, relaying and telemetry included."""
