"""Why a deferred key sync did not run."""

import enum


class SyncSkip(enum.StrEnum):
    """One reason, the text of a ``SYNC_SKIPPED`` event. The values are stored, and stay."""

    FLAG = "flag"
    """The operator set ``TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT``."""
    TRIAL = "trial"
    """A trial's coin, or its result."""
    CHANGED = "changed"
    """The interface it was scheduled for is no longer the bot's."""
    RECONNECTING = "reconnecting"
