"""A session of the link, and the key syncs in it."""

from dataclasses import dataclass, field

from meshbot.diagnosis.loss import Loss


@dataclass
class Sync:
    """A key sync. ``deferred``: the one that was scheduled after a reconnection."""

    at_s: float
    keys: int | None = None
    ended_s: float | None = None
    deferred: bool = False


@dataclass
class Session:
    """The link from one success to the next loss; ``end_s`` None: it lasts."""

    start_s: float
    end_s: float | None = None
    loss: Loss | None = None
    syncs: list[Sync] = field(default_factory=list)
    skips_sync: bool | None = None
    """Whether the operator had the sync after its reconnection skipped; None: not known."""
    tossed: bool = False
    """Whether a trial's coin decided that, and no setting."""
    reconnected_at_s: float | None = None
    """When it counted as a reconnection, for one that is."""
    first: bool = False
    """Whether it is the first of a run of the bot, so that the node sent its database."""
    nodes: int | None = None
    handshake_s: float | None = None

    @property
    def keys_back_s(self) -> float | None:
        """When its first complete sync ended."""
        ends_s = (sync.ended_s for sync in self.syncs if sync.ended_s is not None)
        return min(ends_s, default=None)

    def reaches(self, since_s: float) -> bool:
        """Say whether it, or the declaration of its loss, lasted until after a time."""
        return (
            self.end_s is None
            or self.end_s > since_s
            or (self.loss is not None and self.loss.declared_s >= since_s)
        )

    def leave_out_before(self, since_s: float, first_s: float) -> None:
        """Forget what was before ``since_s``; the history now begins at ``first_s``."""
        self.start_s = max(self.start_s, first_s)
        if self.end_s is not None:
            self.end_s = max(self.end_s, self.start_s)
        if self.reconnected_at_s is not None and self.reconnected_at_s < since_s:
            self.reconnected_at_s = None
        self.syncs = [sync for sync in self.syncs if sync.at_s >= since_s]
