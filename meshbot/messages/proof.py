"""What a packet proves of its sender, and if nothing, why."""

import enum


class Proof(enum.Enum):
    """What a packet's marks are worth. All but ``PROVEN`` prove nothing."""

    PROVEN = "proven"
    OTHER_KEY = "other key"
    """It was opened with another key than the one known: its sender is somebody else."""
    UNSEALED = "unsealed"
    """The radio does not say that it was sealed, or it was not for our node alone."""
    NO_KEY_SHOWN = "no key shown"
    """Marked as sealed, without the key that opened it: the radio never does that."""
    BY_MQTT = "by MQTT"
    BY_UDP = "by UDP"
    BY_UNKNOWN_WAY = "by unknown way"
    """Nothing shows that our radio heard it."""
    NO_KEY_KNOWN = "no key known"
    """The key that opened it could not be taken for its sender's."""
