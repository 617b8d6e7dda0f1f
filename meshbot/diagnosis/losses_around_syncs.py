"""Counts losses after syncs and in the time to compare with. Pure.

The sync right after the first connection of a run proves nothing: what follows it also follows the
connection itself, and the sending of the node's database.
"""

import math
import statistics

from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.loss_rate import LossRate
from meshbot.diagnosis.session import Session
from meshbot.diagnosis.sync_evidence import JUST_BEFORE_S, SyncEvidence
from meshbot.model.cause import Cause

AFTER_SYNC_S = 90.0
CONTROL_S = 120.0
AT_ONCE_S = 10.0


def decisive_sync_evidence(history: LinkHistory) -> SyncEvidence:
    """Return the evidence that accuses the sync, else the one that does not clear it.

    Deferred syncs, those after a reconnection, are judged together with the periodic ones and by
    themselves: many harmless syncs must not hide a few that kill.
    """
    every = sync_evidence(history)
    deferred = sync_evidence(history, deferred_only=True)
    both = [every, deferred] if deferred.syncs else [every]
    return next(
        (one for one in both if one.suspect), next((one for one in both if not one.cleared), every)
    )


def sync_evidence(history: LinkHistory, *, deferred_only: bool = False) -> SyncEvidence:
    """Return what speaks for and against the key sync, or the deferred ones of them."""
    evidence = SyncEvidence(
        whole=LossRate(len(history.losses), history.up_s),
        same_age=_losses_at_the_same_age(history),
        silences=sum(loss.cause is Cause.SILENCE for loss in history.losses),
        deferred_only=deferred_only,
    )
    for session in history.sessions:
        _count_session(evidence, session, history.end_of(session))
    return evidence


def _count_session(evidence: SyncEvidence, session: Session, end_s: float) -> None:
    syncs_s = [sync.at_s for sync in session.syncs if sync.deferred or not evidence.deferred_only]
    _count_begun_before(evidence, session.loss, [at_s for at_s in syncs_s if at_s >= end_s])
    live_s = sorted(at_s for at_s in syncs_s if at_s < end_s)
    from_s = session.start_s
    if session.reconnected_at_s is None and live_s and live_s[0] < from_s + AT_ONCE_S:
        from_s = live_s.pop(0) + AFTER_SYNC_S
        live_s = [at_s for at_s in live_s if at_s >= from_s]
    if live_s:
        waited_s = min(live_s[0] - from_s, CONTROL_S)
        evidence.syncs += len(live_s)
        evidence.before.add(waited_s)
        _count_spans(evidence, session.loss, _spans(live_s[0] - waited_s, end_s, live_s))
    elif session.reconnected_at_s is not None:
        # Lost before its sync, or without one. Without these it would seem that nothing is
        # ever lost then.
        loss = session.loss
        early = loss is not None and loss.began_s - from_s <= CONTROL_S
        for rate in (evidence.before, evidence.control):
            rate.add(min(end_s - from_s, CONTROL_S), lost=early)


def _count_begun_before(evidence: SyncEvidence, loss: Loss | None, late_s: list[float]) -> None:
    """Count a silence in which a sync ran."""
    if loss is None or loss.cause is not Cause.SILENCE or not late_s:
        return
    evidence.began_before += 1
    evidence.just_before += late_s[0] - loss.began_s <= JUST_BEFORE_S
    evidence.example = evidence.example or (loss, late_s[0])


def _count_spans(
    evidence: SyncEvidence, loss: Loss | None, spans: list[tuple[float, float, bool]]
) -> None:
    for start_s, stop_s, after_sync in spans:
        rate = evidence.after if after_sync else evidence.control
        rate.add(stop_s - start_s, lost=loss is not None and start_s < loss.began_s <= stop_s)


def _spans(start_s: float, end_s: float, syncs_s: list[float]) -> list[tuple[float, float, bool]]:
    """Cut a session with syncs into time after one (True) and time to compare with (False)."""
    spans = [(start_s, syncs_s[0], False)]
    for at_s, next_s in zip(syncs_s, [*syncs_s[1:], math.inf], strict=True):
        stop_s = min(at_s + AFTER_SYNC_S, next_s, end_s)
        spans.append((at_s, stop_s, True))
        spans.append((stop_s, min(stop_s + CONTROL_S, next_s, end_s), False))
    return [span for span in spans if span[1] > span[0]]


def _losses_at_the_same_age(history: LinkHistory) -> LossRate:
    """Return the losses of sessions without a sync, at the age when others just had theirs."""
    rate = LossRate()
    delays_s = [
        session.syncs[0].at_s - session.start_s
        for session in history.sessions
        if session.skips_sync is False and session.syncs
    ]
    if not delays_s:
        return rate
    delay_s = statistics.median(delays_s)
    for session in history.sessions:
        if not session.skips_sync:
            continue
        end_s = min([history.end_of(session), *(sync.at_s for sync in session.syncs)])
        from_s = session.start_s + delay_s
        to_s = min(end_s, from_s + AFTER_SYNC_S)
        loss = session.loss
        rate.add(max(to_s - from_s, 0.0), lost=loss is not None and from_s < loss.began_s <= to_s)
    return rate
