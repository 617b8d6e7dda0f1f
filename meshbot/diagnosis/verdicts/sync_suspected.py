"""Losses follow the key sync more often than by chance."""

from collections.abc import Sequence

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.statement import Statement
from meshbot.diagnosis.sync_reasons import accusation
from meshbot.diagnosis.trial.trial_text import trial_reasons
from meshbot.diagnosis.verdict import Tone, Verdict
from meshbot.text.language import mark, tr


def _claim(case: Case, losses: Sequence[Loss]) -> list[Loss]:
    if not case.sync_accused:
        return []
    suspects = {id(loss) for loss in case.sync.suspects}
    return [loss for loss in losses if id(loss) in suspects]


def _evidence(case: Case, losses: Sequence[Loss]) -> list[Statement]:
    if case.trial is not None and case.trial.result is not None:
        return [Statement(reason) for reason in trial_reasons(case.trial)[:2]]
    return [Statement(accusation(case.sync), observed=False)]


def _advice(case: Case, losses: Sequence[Loss]) -> list[str]:
    if case.trial is None:
        return [
            tr(
                "Mettre TCP_SYNC_TRIAL à True : le bot tire au sort, à chaque reconnexion, de "
                "synchroniser ou non, et dit quand l'essai est clair. En attendant, "
                "TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT à True évite ces coupures."
            )
        ]
    if case.trial.result is None:
        return [tr("Laisser l'essai aller à son terme : le bot dira ce qu'il en est.")]
    return [
        tr(
            "Mettre TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT à True et TCP_SYNC_TRIAL à False : "
            "l'essai est "
            "fait. Le cycle périodique apporte les clés."
        )
    ]


def sync_remedy(case: Case) -> str:
    """Return the first thing to do, in short: what is wanted is certainty, then the remedy."""
    if case.trial is None:
        return tr("TCP_SYNC_TRIAL = True tranchera")
    return tr("attendre la fin de l'essai") if case.trial.result is None else tr("la sauter")


SYNC_SUSPECTED = Verdict(
    name="sync suspected",
    text=mark("la synchronisation des clés est suspecte"),
    remedy=mark("TCP_SYNC_TRIAL = True tranchera"),
    tone=Tone.BAD,
    claim=_claim,
    evidence=_evidence,
    advice=_advice,
)
