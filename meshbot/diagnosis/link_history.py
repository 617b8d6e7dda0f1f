"""What the link lived through: sessions, losses, outages, syncs."""

from collections import Counter
from dataclasses import dataclass, field
from statistics import fmean

from meshbot.diagnosis.host_use import HostUse
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.session import Session, Sync
from meshbot.diagnosis.share_offer import ShareOffer
from meshbot.diagnosis.trial.trial_state import TrialState
from meshbot.model.cause import Cause
from meshbot.model.node_metrics import NodeMetrics

BUSY_QUESTIONS = 6.0
"""In a quarter of an hour: three keep the link alive, the others were asked in silence."""


@dataclass
class LinkHistory:
    """The whole, in the order of time. Times are wall-clock seconds."""

    sessions: list[Session] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    syncs: list[Sync] = field(default_factory=list)
    contests: list[float] = field(default_factory=list)
    """When the bot gave way to another client."""
    dump_losses: list[tuple[float, int]] = field(default_factory=list)
    """When a link was lost while the node sent its database, and how many nodes had come."""
    down_spans: list[tuple[float, float]] = field(default_factory=list)
    """When the bot ran and had no link."""
    first_s: float = 0.0
    last_s: float = 0.0
    asks_before_silence: bool = False
    """Whether a quiet node is asked before silence is declared; older bots do not ask."""
    tells_of_link: bool = False
    """Whether there is anything about the link itself, not only about syncs."""
    questions: list[int] = field(default_factory=list)
    """How often the node was asked whether it lives, in each quarter of an hour."""
    in_utc: bool = False
    """Whether times are counted in UTC: a journal without dates counts its days from today."""
    messages_opened: int = 0
    messages_not_opened: int = 0
    send_failures: int = 0
    node: dict[str, object] = field(default_factory=dict)
    """What the node said of itself last: see ``EventKind.NODE``."""
    metrics: NodeMetrics = field(default_factory=NodeMetrics)
    """How it was last, by its own telemetry."""
    share: ShareOffer = field(default_factory=ShareOffer)
    """Where the bot shared its node last."""
    clients: list[HostUse] = field(default_factory=list)
    """Who used it, those who were there longest first."""
    remarks: list[str] = field(default_factory=list)
    """What a reader must know of the journal before he believes the figures."""

    @property
    def is_busy(self) -> bool | None:
        """Whether the node says something every few seconds; None where that is not known.

        It is asked after half a minute of silence: of a busy mesh it is hardly ever asked.
        """
        return fmean(self.questions) < BUSY_QUESTIONS if self.questions else None

    trial: TrialState | None = None
    """The last trial, as it stood at the end; it may have begun before ``first_s``."""

    @property
    def up_s(self) -> float:
        """How long there was a link."""
        return sum(self.end_of(session) - session.start_s for session in self.sessions)

    @property
    def down_s(self) -> float:
        """How long the bot ran without one."""
        return sum(end_s - start_s for start_s, end_s in self.down_spans)

    @property
    def observed_s(self) -> float:
        """How long the bot ran."""
        return self.up_s + self.down_s

    @property
    def reconnections(self) -> list[float]:
        """When a reconnection succeeded."""
        return [
            session.reconnected_at_s
            for session in self.sessions
            if session.reconnected_at_s is not None
        ]

    @property
    def causes(self) -> dict[Cause, int]:
        """How often the link was lost by which cause, the most frequent first."""
        return dict(Counter(loss.cause for loss in self.losses).most_common())

    def end_of(self, session: Session) -> float:
        """Return when a session ended, or until when one that lasts is known to."""
        return session.end_s if session.end_s is not None else self.last_s

    def leave_out_before(self, since_s: float) -> None:
        """Forget what was before a time; what lasted then is kept from then on."""
        if since_s <= self.first_s:
            return
        self.first_s = min(since_s, self.last_s)
        self.sessions = [session for session in self.sessions if session.reaches(since_s)]
        for session in self.sessions:
            session.leave_out_before(since_s, self.first_s)
        self.losses = [loss for loss in self.losses if loss.declared_s >= since_s]
        self.syncs = [sync for sync in self.syncs if sync.at_s >= since_s]
        self.contests = [at_s for at_s in self.contests if at_s >= since_s]
        self.dump_losses = [loss for loss in self.dump_losses if loss[0] >= since_s]
        self.down_spans = [
            (max(start_s, since_s), end_s) for start_s, end_s in self.down_spans if end_s > since_s
        ]
