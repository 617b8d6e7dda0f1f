"""Why the link was lost, told from its history: causes, advice, figures, criteria. Pure.

What a loss most probably came from is in ``verdicts``; the question whether the key sync is to
blame, which comes first, in ``sync_evidence``.
"""

from dataclasses import dataclass

from meshbot.diagnosis.attribution import shares_of
from meshbot.diagnosis.case import Case, schedule_of
from meshbot.diagnosis.cause_share import CauseShare
from meshbot.diagnosis.criteria import Criterion, criteria_of
from meshbot.diagnosis.figures import Figures, figures_of
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.losses_around_syncs import decisive_sync_evidence
from meshbot.diagnosis.schedule_text import schedule_text
from meshbot.diagnosis.skip_comparison import SkipComparison, skip_comparison
from meshbot.diagnosis.statement import Statement
from meshbot.diagnosis.sync_evidence import SyncEvidence
from meshbot.diagnosis.sync_reasons import sync_reasons
from meshbot.diagnosis.trial.evidence import Result
from meshbot.diagnosis.trial.trial_kind import TrialKind
from meshbot.diagnosis.trial.trial_state import TrialState
from meshbot.diagnosis.verdict import Verdict
from meshbot.diagnosis.verdicts.a_schedule import A_SCHEDULE
from meshbot.diagnosis.verdicts.nothing_to_explain import (
    NOT_ENOUGH_DATA,
    SYNC_CLEARED,
    is_too_little,
)
from meshbot.diagnosis.verdicts.region_unset import REGION_UNSET, is_off_the_air
from meshbot.diagnosis.verdicts.sync_suspected import SYNC_SUSPECTED, sync_remedy
from meshbot.diagnosis.verdicts.unexplained import UNEXPLAINED
from meshbot.model.cause import Cause
from meshbot.text.language import tr
from meshbot.text.typography import labelled, percentage

HEADLINE_SHARE = 0.2
"""Of the losses: a cause of fewer is not in the headline."""
OUTLIVED_S = 900.0
"""A session that lives longer has outlived more than one sync, if they are due as usual."""
LED_BY_SYNC_SHARE = 0.2
"""The key sync leads when it has so much: a setting ends those losses at once."""

_DECIDED = {Result.GUILTY: True, Result.INNOCENT: False}


@dataclass(frozen=True)
class Diagnosis:
    """The whole judgement."""

    verdict: Verdict
    headline: str
    """What is wrong and what to do, as one phrase."""
    statements: list[Statement]
    """Why the verdict is that; the other causes are in ``shares``."""
    advice: list[str]
    """What to do next, the most important first."""
    shares: list[CauseShare]
    """The causes of the losses, the largest first."""
    sync_accused: bool | None
    """Whether the key sync costs losses; None where that cannot be told."""
    sync_reasons: list[str]
    figures: Figures
    criteria: list[Criterion]
    causes: dict[Cause, int]
    """How often the link was lost in which way, the most frequent first."""
    sync: SyncEvidence
    comparison: SkipComparison | None
    trial: TrialState | None = None
    remedy: str = ""
    """The first thing to do, in short, as the headline ends with it; empty where there is none."""

    @property
    def short_headline(self) -> str:
        """The verdict with its share: short enough for a message on the mesh."""
        share = _share_of(self.verdict, self.shares)
        return self.verdict.wording if share is None else _named(share, briefly=True)


def diagnose(history: LinkHistory) -> Diagnosis:
    """Return the judgement on a history."""
    trial = _trial_in(history)
    case = _case(history, trial)
    shares = shares_of(case)
    verdict = _verdict(case, shares)
    return Diagnosis(
        verdict=verdict,
        headline=_headline(verdict, case, shares),
        statements=_statements(verdict, case, shares),
        advice=_advice(verdict, case, shares),
        shares=shares,
        sync_accused=case.sync_accused,
        sync_reasons=sync_reasons(case),
        figures=figures_of(history),
        criteria=criteria_of(case),
        causes=history.causes,
        sync=case.sync,
        comparison=case.comparison,
        trial=trial,
        remedy=_remedy(verdict, case),
    )


def _case(history: LinkHistory, trial: TrialState | None) -> Case:
    sync = decisive_sync_evidence(history, _by_a_clock(history))
    comparison = skip_comparison(history)
    if trial is not None and trial.kind is not TrialKind.SYNC:
        trial = None
    return Case(history, sync, comparison, _accused(sync, comparison, trial), trial)


def _trial_in(history: LinkHistory) -> TrialState | None:
    """Return the trial, if it goes on or had a toss in the time that is judged."""
    trial = history.trial
    if trial is None or trial.running:
        return trial
    return trial if (trial.last_toss_s or 0.0) >= history.first_s else None


def _by_a_clock(history: LinkHistory) -> list[Loss]:
    """Return the losses that come at an interval of their own, or at a time of day or week.

    A day is a whole number of periodic syncs: what comes every night at four is always as far from
    one. Only sessions that had outlived syncs before count as that: what a sync kills after a
    nightly loss comes at that time of day, too.
    """
    by_kind: dict[Cause, list[Loss]] = {}
    for loss in history.losses:
        by_kind.setdefault(loss.cause, []).append(loss)
    found = []
    for losses in by_kind.values():
        schedule = schedule_of(losses, in_utc=history.in_utc)
        if schedule is None:
            continue
        least_s = 0.0 if schedule.period_s is not None else OUTLIVED_S
        found += [
            loss
            for place, loss in enumerate(losses)
            if place in schedule.members and loss.life_s >= least_s
        ]
    return found


def _accused(
    sync: SyncEvidence, comparison: SkipComparison | None, trial: TrialState | None
) -> bool | None:
    """Say whether the sync costs losses; what a trial found counts more than what was watched."""
    if trial is not None and trial.result in _DECIDED:
        return _DECIDED[trial.result]
    if sync.suspect:
        return True
    if sync.cleared or (comparison is not None and comparison.acquits):
        return False
    return None


def _verdict(case: Case, shares: list[CauseShare]) -> Verdict:
    """Return what leads: what explains most, the unexplained last."""
    if is_off_the_air(case):
        return REGION_UNSET
    if is_too_little(case) or not shares:
        nothing = not case.loss_count and case.history.tells_of_link
        return SYNC_CLEARED if nothing and case.sync_accused is False else NOT_ENOUGH_DATA
    of_sync = _share_of(SYNC_SUSPECTED, shares)
    if of_sync is not None and of_sync.share >= LED_BY_SYNC_SHARE:
        return SYNC_SUSPECTED
    explained = [share for share in shares if share.verdict is not UNEXPLAINED]
    if not explained or explained[0].share < HEADLINE_SHARE:
        return UNEXPLAINED
    return explained[0].verdict


def _headline(verdict: Verdict, case: Case, shares: list[CauseShare]) -> str:
    """Return the causes that matter with their shares, and the first thing to do."""
    named = [
        share
        for share in shares
        if share.share >= HEADLINE_SHARE or share.verdict in (verdict, SYNC_SUSPECTED)
    ]
    named.sort(key=lambda share: share.verdict is not verdict)
    if not named or named[0].verdict is not verdict:
        text = verdict.wording
    else:
        text = ", ".join(_named(share) for share in named[:3])
    remedy = _remedy(verdict, case)
    return labelled(text, remedy) if remedy else text


def _remedy(verdict: Verdict, case: Case) -> str:
    return sync_remedy(case) if verdict is SYNC_SUSPECTED else verdict.first_aid


def _named(share: CauseShare, *, briefly: bool = False) -> str:
    text = share.verdict.wording
    if share.schedule is not None and (share.verdict is A_SCHEDULE or not briefly):
        when = schedule_text(share.schedule)
        text = (
            tr("coupures {when}", when=when) if share.verdict is A_SCHEDULE else f"{text}, {when}"
        )
    return f"{text} ({percentage(f'{100 * share.share:.0f}')})"


def _statements(verdict: Verdict, case: Case, shares: list[CauseShare]) -> list[Statement]:
    share = _share_of(verdict, shares)
    return verdict.evidence(case, []) if share is None else share.evidence


def _share_of(verdict: Verdict, shares: list[CauseShare]) -> CauseShare | None:
    return next((share for share in shares if share.verdict is verdict), None)


def _advice(verdict: Verdict, case: Case, shares: list[CauseShare]) -> list[str]:
    """Return what to do next: about the verdict first, then about the other causes."""
    advice = verdict.advice(case, []) if _share_of(verdict, shares) is None else []
    if verdict is NOT_ENOUGH_DATA:
        return advice
    leading = sorted(shares, key=lambda share: share.verdict is not verdict)
    for share in leading:
        if share.verdict is verdict or share.share >= HEADLINE_SHARE:
            advice += share.advice
    return list(dict.fromkeys(advice))
