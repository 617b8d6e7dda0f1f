"""Why a sealed message was not opened."""

import enum


class UnopenedReason(enum.Enum):
    """One reason. The values are stored in the link's journal and must not change."""

    NO_PRIVATE_KEY = "no_private_key"
    """Our own node does not tell its private key."""
    OTHER_KEY = "other_key"
    """It was altered, or sealed with another key than the one known of its sender."""
