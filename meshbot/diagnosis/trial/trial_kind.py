"""What can be tried, and the two arms of it."""

import enum


class TrialKind(enum.Enum):
    """One question. The values are stored in ``TRIAL_ENDED`` events and must not change."""

    SYNC = "sync"
    """Does the key sync after a reconnection cost the link?"""
    LIGHT = "light"
    """Does the sending of the node's database at a reconnection cost the link?"""

    @property
    def constant(self) -> str:
        """The constant that switches it on."""
        return f"TCP_{self.name}_TRIAL"

    @property
    def suspect(self) -> str:
        """The arm with what is on trial; a text of ``TOSSED`` events."""
        return "sync" if self is TrialKind.SYNC else "full"

    @property
    def other(self) -> str:
        """The arm without it; a text of ``TOSSED`` events."""
        return "skip" if self is TrialKind.SYNC else "light"


def kind_of(arm: str) -> TrialKind | None:
    """Return what is tried where a coin says ``arm``; None for a word that is no arm."""
    return next((kind for kind in TrialKind if arm in (kind.suspect, kind.other)), None)
