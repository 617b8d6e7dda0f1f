"""Histories made by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.session import Session, Sync
from meshbot.model.cause import Cause

NOON_S = 1_790_078_400.0
"""22 September 2026, noon, a Tuesday, in Greenwich."""
HOUR_S = 3_600.0
DAY_S = 86_400.0
UNEVEN_S = (0.0, 2_411.0, 977.0, 5_309.0, 3_733.0, 187.0, 6_143.0, 1_619.0, 4_421.0, 733.0, 5_857.0)
"""To make lives of so many lengths that no clock is suspected."""


@dataclass(frozen=True)
class End:
    """How a session ends, and what came of it."""

    life_s: float
    """Until the node's last sign of life for a silence, else until the loss was noticed."""
    cause: Cause = Cause.FIN
    back_s: float | None = 4.0
    """From the noticed loss until the link was back."""
    failures: tuple[Cause, ...] = ()
    silence_s: float = 124.0
    """How long a silence was when it was declared."""
    heard_s: float | None = None
    """How long before the loss was noticed the last byte had come."""
    booted_s: float | None = None
    """How long after the loss was noticed the node said it had started."""
    reboots: int | None = None
    gateway: bool | None = None
    nodes: int | None = None
    asked: bool = True

    def loss(self, start_s: float) -> Loss:
        """Return the loss of a session that began then."""
        ended_s = start_s + self.life_s
        declared_s = ended_s + (self.silence_s if self.cause is Cause.SILENCE else 0.0)
        return Loss(
            declared_s,
            ended_s,
            self.cause,
            start_s,
            nodes=self.nodes,
            attempts=1 + len(self.failures),
            failures=list(self.failures),
            recovered_s=None if self.back_s is None else declared_s + self.back_s,
            asked=self.asked and self.cause is Cause.SILENCE,
            heard_s=None if self.heard_s is None else declared_s - self.heard_s,
            reboots=self.reboots,
            booted_s=None if self.booted_s is None else declared_s + self.booted_s,
            gateway=self.gateway,
        )


def lived(
    *ends: End,
    sync_after_s: float | None = 30.0,
    periodic_s: float | None = None,
    skips: Sequence[bool | None] | None = None,
    last_s: float = HOUR_S,
    busy: bool = False,
) -> LinkHistory:
    """Return the history of sessions that end so, one after another, and of one that lasts.

    ``sync_after_s``: how long after each reconnection the deferred sync runs, where the session
    still seems to live then. ``periodic_s``: the interval of the other syncs. ``skips``: the skip
    flag, session by session. ``busy``: it is known that the node is hardly ever quiet.
    """
    made = LinkHistory(first_s=NOON_S, tells_of_link=True, asks_before_silence=True, in_utc=True)
    made.questions = [0] if busy else []
    start_s = NOON_S
    for number, end in enumerate((*ends, None)):
        loss = end.loss(start_s) if end is not None else None
        seems_s = start_s + last_s if loss is None else loss.declared_s
        skip = skips[number] if skips is not None else False
        first = number == 0
        session = Session(
            start_s,
            None if loss is None else loss.began_s,
            loss,
            skips_sync=None if first else skip,
            reconnected_at_s=None if first else start_s,
        )
        due_s = [start_s] if first else []
        if sync_after_s is not None and not first and not skip:
            due_s.append(start_s + sync_after_s)
        if periodic_s is not None:
            whole = int((seems_s - start_s) // periodic_s)
            due_s += [start_s + n * periodic_s for n in range(1, whole + 1)]
        session.syncs = [
            Sync(at_s, 42, at_s, deferred=at_s == start_s + (sync_after_s or -1.0))
            for at_s in due_s
            if at_s < seems_s
        ]
        made.syncs += session.syncs
        made.sessions.append(session)
        if loss is not None:
            made.losses.append(loss)
            back_s = loss.recovered_s if loss.recovered_s is not None else loss.declared_s
            made.down_spans.append((loss.began_s, back_s))
            start_s = back_s
        made.last_s = seems_s
    return made


def uneven(
    count: int, cause: Cause = Cause.FIN, least_s: float = HOUR_S, **of_each: Any
) -> list[End]:
    """Return so many ends at no interval, after lives of ``least_s`` and more."""
    return [
        End(least_s + UNEVEN_S[n % 11] * (1 + n // 11 % 3) / 2, cause, **of_each)
        for n in range(count)
    ]


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
