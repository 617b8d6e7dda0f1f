"""Counts losses after syncs and in the time to compare with. Pure.

A loss counts where ``Dating`` puts it, not where it was noticed. The sync right
after the first connection of a run proves nothing: what follows it also follows the connection
itself, and the sending of the node's database. Losses that follow a clock of their own are left
out: the periodic sync has one too, and two clocks may keep in step.
"""

import math
import statistics
from collections.abc import Iterable, Set

from meshbot.diagnosis.binomial import binomial_tail
from meshbot.diagnosis.dating import Dating
from meshbot.diagnosis.kills_by_kind import KillsByKind
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.loss_rate import LossRate
from meshbot.diagnosis.session import Session
from meshbot.diagnosis.sync_evidence import ALPHA, JUST_BEFORE_S, SyncEvidence
from meshbot.model.cause import Cause

AFTER_SYNC_S = 90.0
CONTROL_S = 360.0
AT_ONCE_S = 10.0
MIN_PERIODIC = 15
HARMLESS_SHARE = 0.1
OWN_KIND_P = 0.001


def decisive_sync_evidence(history: LinkHistory, left_out: Iterable[Loss] = ()) -> SyncEvidence:
    """Return the evidence that accuses the sync, else the one that does not clear it.

    Deferred syncs, those after a reconnection, are judged together with the periodic ones and by
    themselves: many harmless syncs must not hide a few that kill, and if it is the deferred ones
    that seem to, they must seem so by themselves. ``left_out``: losses explained otherwise.
    """
    ignored = {id(loss) for loss in left_out}
    every = sync_evidence(history, ignored)
    deferred = sync_evidence(history, ignored, deferred_only=True)
    mostly_deferred = 2 * deferred.after.losses >= every.after.losses
    every.near = deferred if mostly_deferred and deferred.syncs else None
    every.harmless = deferred.harmless = _is_harmless_elsewhere(every, deferred)
    every.spared = _are_spared(deferred, every)
    both = [every, deferred] if deferred.syncs or deferred.killed else [every]
    if history.is_busy is None:
        for evidence in both:
            evidence.early = sync_evidence(
                history, ignored, deferred_only=evidence.deferred_only, as_if_busy=True
            )
    return next(
        (one for one in both if one.suspect), next((one for one in both if not one.cleared), every)
    )


def _is_harmless_elsewhere(every: SyncEvidence, deferred: SyncEvidence) -> bool:
    """Say whether periodic syncs, which do the same, are hardly ever followed by a loss."""
    losses = every.after.losses - deferred.after.losses
    outlived = every.periodic_outlived
    return outlived >= MIN_PERIODIC and losses <= HARMLESS_SHARE * (outlived + losses)


def _are_spared(deferred: SyncEvidence, every: SyncEvidence) -> bool:
    """Say whether losses follow periodic syncs, but clearly not the deferred ones.

    Both do the same, and the deferred one does it to the fresher session.
    """
    periodic = every.syncs - deferred.syncs
    kills = every.after.losses - deferred.after.losses
    if periodic <= 0 or kills <= 0:
        return False
    outlived = deferred.syncs - min(deferred.after.losses, deferred.syncs)
    chance = 1.0 - min(kills / periodic, 1.0)
    return binomial_tail(outlived, deferred.syncs, chance) < ALPHA


def sync_evidence(
    history: LinkHistory,
    ignored: Set[int] = frozenset(),
    *,
    deferred_only: bool = False,
    as_if_busy: bool = False,
) -> SyncEvidence:
    """Return what speaks for and against the key sync, or the deferred ones of them."""
    counted = [loss for loss in history.losses if id(loss) not in ignored]
    dating = Dating(counted, busy=as_if_busy or bool(history.is_busy))
    evidence = SyncEvidence(
        whole=LossRate(len(counted), history.up_s),
        same_age=_losses_at_the_same_age(history, dating),
        silences=sum(loss.cause is Cause.SILENCE for loss in counted),
        deferred_only=deferred_only,
        quiet=history.is_busy is False,
        reach_s=AFTER_SYNC_S + dating.usual_s,
        asked=2 * sum(loss.asked for loss in counted) >= len(counted),
    )
    kinds = KillsByKind()
    previous: Loss | None = None
    for session in history.sessions:
        loss = session.loss
        if loss is not None and id(loss) in ignored:
            loss = None
        outlived, killed = evidence.outlived, evidence.killed
        _count_session(evidence, session, loss, history.end_of(session), dating)
        if loss is not None and evidence.killed > killed:
            kinds.add(previous, loss)
        elif evidence.outlived > outlived:
            kinds.add(previous, None)
        previous = session.loss
    evidence.of_own_kind = kinds.p_value() < OWN_KIND_P
    return evidence


def _count_session(
    evidence: SyncEvidence, session: Session, loss: Loss | None, end_s: float, dating: Dating
) -> None:
    late_by_s = dating.usual_s
    if loss is not None:
        dead_s, late_by_s = dating.of(loss)
        end_s = max(dead_s, session.start_s)
    reach_s = AFTER_SYNC_S + late_by_s
    syncs_s = sorted(
        sync.at_s for sync in session.syncs if sync.deferred or not evidence.deferred_only
    )
    late_s = [at_s for at_s in syncs_s if at_s >= end_s]
    live_s = [at_s for at_s in syncs_s if at_s < end_s]
    if evidence.deferred_only and _follows_another(session, end_s, reach_s):
        loss = None  # it would speak against the time without a sync
    # On a mesh known to be quiet a node may have lived on for half a minute.
    _count_begun_before(evidence, loss, late_s if evidence.quiet else syncs_s)
    from_s = session.start_s
    if session.reconnected_at_s is None and live_s and live_s[0] < from_s + AT_ONCE_S:
        from_s = live_s.pop(0) + AFTER_SYNC_S
        live_s = [at_s for at_s in live_s if at_s >= from_s]
    evidence.periodic_outlived += sum(
        not sync.deferred and sync.at_s >= from_s and end_s >= sync.at_s + reach_s
        for sync in session.syncs
    )
    just_before = bool(late_s) and late_s[0] - end_s <= JUST_BEFORE_S
    if live_s and end_s >= live_s[0] + reach_s:
        evidence.outlived += 1
    elif loss is not None and (live_s or just_before):
        evidence.killed += 1
        evidence.killed_just_before += not live_s
    if live_s:
        waited_s = max(0.0, min(live_s[0] - from_s - late_by_s, CONTROL_S))
        evidence.syncs += len(live_s)
        evidence.before.add(waited_s)
        _count_spans(evidence, loss, end_s, live_s, reach_s)
    elif session.reconnected_at_s is not None:
        # Lost before its sync, or without one. Without these it would seem that nothing is
        # ever lost then.
        waited_s = end_s - from_s - late_by_s
        early = loss is not None and waited_s <= CONTROL_S
        evidence.before.add(max(0.0, min(waited_s, CONTROL_S)), lost=early)
        evidence.strays += [loss] if loss is not None and early else []


def _follows_another(session: Session, end_s: float, reach_s: float) -> bool:
    """Say whether a session's end comes after a periodic sync, and not after its deferred one."""
    soon = [sync.deferred for sync in session.syncs if 0 < end_s - sync.at_s <= reach_s]
    return bool(soon) and not any(soon)


def _count_begun_before(evidence: SyncEvidence, loss: Loss | None, syncs_s: list[float]) -> None:
    """Count a silence in which a sync ran, after the last sign of life."""
    if loss is None or loss.cause is not Cause.SILENCE:
        return
    sync_s = next((at_s for at_s in syncs_s if at_s >= loss.began_s), None)
    if sync_s is None:
        return
    evidence.began_before += 1
    evidence.just_before += sync_s - loss.began_s <= JUST_BEFORE_S
    evidence.example = evidence.example or (loss, sync_s)


def _count_spans(
    evidence: SyncEvidence, loss: Loss | None, end_s: float, syncs_s: list[float], reach_s: float
) -> None:
    """Count what comes after a session's syncs, until the next or the session's end."""
    for at_s, next_s in zip(syncs_s, [*syncs_s[1:], math.inf], strict=True):
        stop_s = min(at_s + reach_s, next_s, end_s)
        evidence.after.add(stop_s - at_s)
        beyond_s = min(stop_s + CONTROL_S, next_s, end_s)
        evidence.beyond.add(beyond_s - stop_s)
        if loss is None or not at_s < end_s <= beyond_s:
            continue
        if end_s <= stop_s:
            evidence.after.add(0.0, lost=True)
            evidence.suspects.append(loss)
        else:
            evidence.beyond.add(0.0, lost=True)
            evidence.strays.append(loss)


def _losses_at_the_same_age(history: LinkHistory, dating: Dating) -> LossRate:
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
        dead_s = dating.of(session.loss)[0] if session.loss is not None else math.inf
        rate.add(max(to_s - from_s, 0.0), lost=from_s < dead_s <= to_s)
    return rate
