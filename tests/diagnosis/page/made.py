"""Histories made by hand."""

from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.session import Session, Sync
from meshbot.model.cause import Cause

NOON_S = 1_790_078_400.0
"""22 September 2026, noon, a Tuesday, in Greenwich."""
HOUR_S = 3_600.0
DAY_S = 86_400.0


def session(
    start_s: float,
    end_s: float,
    *,
    syncs: tuple[float, ...] = (),
    cause: Cause | None = Cause.FIN,
    back_s: float | None = 4.0,
    first: bool = False,
) -> Session:
    """Return a session that was lost, or with ``cause`` None one that was not.

    ``syncs``: how long after its start. ``back_s``: how long the outage was.
    """
    loss = None
    if cause is not None:
        recovered_s = None if back_s is None else end_s + back_s
        loss = Loss(end_s, end_s, cause, start_s, recovered_s=recovered_s)
    return Session(
        start_s,
        end_s,
        loss,
        [Sync(start_s + after_s) for after_s in syncs],
        reconnected_at_s=None if first else start_s,
    )


def history(*sessions: Session, in_utc: bool = True) -> LinkHistory:
    """Return the history of these sessions; between two of them the bot ran without a link."""
    ends_s = [one.end_s for one in sessions if one.end_s is not None]
    made = LinkHistory(
        sessions=list(sessions),
        losses=[one.loss for one in sessions if one.loss is not None],
        syncs=[sync for one in sessions for sync in one.syncs],
        first_s=sessions[0].start_s,
        last_s=max(ends_s),
        tells_of_link=True,
        in_utc=in_utc,
    )
    made.down_spans = [
        (end_s, one.start_s)
        for end_s, one in zip(ends_s, sessions[1:], strict=False)
        if end_s < one.start_s
    ]
    return made


def lost_at(*moments_s: float, back_s: float = 4.0) -> LinkHistory:
    """Return a history with losses at these moments, from an hour before the first one on."""
    starts_s = [moments_s[0] - HOUR_S, *(at_s + back_s for at_s in moments_s)]
    ends_s = [*moments_s, moments_s[-1] + HOUR_S]
    return history(
        *(
            session(
                start_s, end_s, back_s=back_s, cause=None if place == len(moments_s) else Cause.FIN
            )
            for place, (start_s, end_s) in enumerate(zip(starts_s, ends_s, strict=True))
        )
    )
