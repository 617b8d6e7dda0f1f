"""Connections refused for the time of a boot, or a node that says it restarted."""

import statistics
from collections.abc import Sequence

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.statement import Statement
from meshbot.diagnosis.verdict import Tone, Verdict, always
from meshbot.diagnosis.verdicts.restarts import claimed_restarts, restart_evidence
from meshbot.text.language import mark, tr
from meshbot.text.quantities import duration_text


def _claim(case: Case, losses: Sequence[Loss]) -> list[Loss]:
    return claimed_restarts(case, losses, back_at_once=False)


def _evidence(case: Case, losses: Sequence[Loss]) -> list[Statement]:
    said = restart_evidence(losses)
    outages_s = [loss.recovered_s - loss.declared_s for loss in losses if loss.recovered_s]
    if outages_s:
        back = duration_text(statistics.median(outages_s))
        said.append(Statement(tr("de retour après {back} (médiane)", back=back)))
    return said


NODE_REBOOTS = Verdict(
    name="the node reboots",
    text=mark("le nœud redémarre"),
    remedy=mark("vérifier son alimentation"),
    tone=Tone.BAD,
    claim=_claim,
    evidence=_evidence,
    advice=always(
        mark(
            "Vérifier l'alimentation du nœud (5 V, 1 A, câble court) et son firmware ; regarder "
            "« reboot_count » et la tension dans l'application. Aucune constante n'y change rien."
        )
    ),
)
