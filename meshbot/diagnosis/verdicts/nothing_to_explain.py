"""Nothing to explain, or too little to explain it."""

from collections.abc import Sequence

from meshbot.diagnosis.case import MIN_LOSSES, Case
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.statement import Statement
from meshbot.diagnosis.sync_reasons import syncs_text
from meshbot.diagnosis.verdict import Tone, Verdict, always
from meshbot.text.language import mark, tr


def is_too_little(case: Case) -> bool:
    """Say whether there are too few losses to speak of a cause."""
    return case.loss_count < MIN_LOSSES and not case.history.contests


def _evidence_of_too_little(case: Case, losses: Sequence[Loss]) -> list[Statement]:
    if not case.history.tells_of_link:
        return [
            Statement(tr("aucune ligne sur la liaison elle-même : le journal a-t-il été filtré ?"))
        ]
    if not case.loss_count:
        return [
            Statement(
                tr(
                    "aucune coupure en {observed_text} : rien à expliquer",
                    observed_text=case.observed_text,
                )
            )
        ]
    return [
        Statement(
            tr(
                "{losses_text} seulement en {observed_text}",
                losses_text=case.losses_text,
                observed_text=case.observed_text,
            )
        )
    ]


def _evidence_of_none(case: Case, losses: Sequence[Loss]) -> list[Statement]:
    return [
        Statement(
            tr(
                "aucune coupure en {observed_text}, pour {syncs}",
                observed_text=case.observed_text,
                syncs=syncs_text(case.sync.syncs),
            )
        )
    ]


NOT_ENOUGH_DATA = Verdict(
    name="not enough data",
    text=mark("pas assez de données"),
    remedy="",
    tone=Tone.NEITHER,
    evidence=_evidence_of_too_little,
    advice=always(mark("Laisser tourner le bot, refaire ce rapport dans un jour ou deux.")),
)
SYNC_CLEARED = Verdict(
    name="sync cleared",
    text=mark("aucune coupure, la synchronisation des clés est hors de cause"),
    remedy="",
    tone=Tone.GOOD,
    evidence=_evidence_of_none,
    advice=always(mark("Rien : la liaison tient, et la synchronisation des clés n'y change rien.")),
)
