"""Sessions that a bot ends itself, by its own schedule."""

from collections.abc import Sequence

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.statement import Statement
from meshbot.diagnosis.verdict import Tone, Verdict, always
from meshbot.model.cause import Cause
from meshbot.text.language import mark, tr
from meshbot.text.quantities import counted


def _claim(case: Case, losses: Sequence[Loss]) -> list[Loss]:
    return [loss for loss in losses if loss.cause is Cause.SCHEDULED]


def _evidence(case: Case, losses: Sequence[Loss]) -> list[Statement]:
    times = counted(len(losses), "fois", "fois")
    return [Statement(tr("le bot l'a annoncé {times} : reconnexion programmée", times=times))]


SCHEDULED_RECONNECTION = Verdict(
    name="scheduled reconnection",
    text=mark("le bot se reconnecte de lui-même, sur programme"),
    remedy=mark("supprimer ce programme"),
    tone=Tone.NEITHER,
    claim=_claim,
    evidence=_evidence,
    advice=always(
        mark(
            "Mettre TCP_FORCE_RECONNECT_INTERVAL à 0 dans ce bot-là : chaque reconnexion "
            "retélécharge "
            "la base du nœud et peut coûter la suivante."
        )
    ),
)
