"""Why the link was lost, told from its history: verdict, reasons, advice, figures, criteria. Pure.

What decides is in ``verdicts``; the question whether the key sync is to blame, which comes first,
in ``sync_evidence`` and ``skip_comparison``.
"""

from dataclasses import dataclass

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.criteria import Criterion, criteria_of
from meshbot.diagnosis.figures import Figures, figures_of
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.losses_around_syncs import decisive_sync_evidence
from meshbot.diagnosis.skip_comparison import SkipComparison, skip_comparison
from meshbot.diagnosis.sync_evidence import SyncEvidence
from meshbot.diagnosis.sync_reasons import comparison_reason, sync_reasons
from meshbot.diagnosis.trial.trial_state import TrialState
from meshbot.diagnosis.verdict import Verdict
from meshbot.diagnosis.verdicts import verdict_on
from meshbot.model.cause import Cause

_SYNC_IN_DOUBT = (
    "La synchronisation n'est pas innocentée : TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT à True "
    "pendant deux jours le dirait."
)


@dataclass(frozen=True)
class Diagnosis:
    """The whole judgement."""

    verdict: Verdict
    reasons: list[str]
    advice: list[str]
    figures: Figures
    criteria: list[Criterion]
    causes: dict[Cause, int]
    """How often the link was lost by which cause, the most frequent first."""
    sync: SyncEvidence
    comparison: SkipComparison | None
    trial: TrialState | None = None

    @property
    def headline(self) -> str:
        """The verdict as one French phrase."""
        return self.verdict.text


def diagnose(history: LinkHistory) -> Diagnosis:
    """Return the judgement on a history."""
    case = Case(history, decisive_sync_evidence(history), skip_comparison(history))
    verdict, reasons = verdict_on(case)
    return Diagnosis(
        verdict=verdict,
        reasons=reasons + _reasons_beside(verdict, case),
        advice=_advice(verdict, case),
        figures=figures_of(history),
        criteria=criteria_of(case),
        causes=history.causes,
        sync=case.sync,
        comparison=case.comparison,
        trial=_trial_in(history),
    )


def _trial_in(history: LinkHistory) -> TrialState | None:
    """Return the trial, if it goes on or had a toss in the time that is judged."""
    trial = history.trial
    if trial is None or trial.running:
        return trial
    return trial if (trial.last_toss_s or 0.0) >= history.first_s else None


def _reasons_beside(verdict: Verdict, case: Case) -> list[str]:
    """Say what is known of the sync, whatever the verdict is about."""
    reasons = [] if verdict.about_sync else sync_reasons(case.sync)
    if case.comparison is not None and not case.comparison.accuses:
        reasons.append(comparison_reason(case.comparison))
    return reasons


def _advice(verdict: Verdict, case: Case) -> list[str]:
    """Return what to change next; a doubt about the sync comes second."""
    first, *more = verdict.advice(case)
    in_doubt = case.sync.doubtful and not verdict.about_sync
    return [first, *([_SYNC_IN_DOUBT] if in_doubt else []), *more]
