"""Who says that a key is a node's."""

import enum


class KeySource(enum.Enum):
    """Where a key comes from. The values are stored and must not change."""

    AIR = "air"
    """A NodeInfo: anybody can send one under any number."""
    RADIO = "radio"
    """The radio's own database."""
    OPERATOR = "operator"
