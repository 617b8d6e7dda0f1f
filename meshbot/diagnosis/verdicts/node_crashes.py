"""A node that answers with a RST and is back at once: it crashed, and has booted already."""

from collections.abc import Sequence

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.statement import Statement
from meshbot.diagnosis.verdict import Tone, Verdict, always
from meshbot.diagnosis.verdicts.restarts import claimed_restarts, restart_evidence
from meshbot.text.language import mark


def _claim(case: Case, losses: Sequence[Loss]) -> list[Loss]:
    return claimed_restarts(case, losses, back_at_once=True)


def _evidence(case: Case, losses: Sequence[Loss]) -> list[Statement]:
    return restart_evidence(losses)


NODE_CRASHES = Verdict(
    name="the node crashes",
    text=mark("le nœud plante et revient aussitôt"),
    remedy=mark("mettre à jour son firmware, vérifier son alimentation"),
    tone=Tone.BAD,
    claim=_claim,
    evidence=_evidence,
    advice=always(
        mark(
            "Mettre à jour (ou rétrograder) le firmware du nœud, désactiver ses modules inutiles "
            "(MQTT, serveur web, Store & Forward), vérifier son alimentation ; « "
            "reboot_count » dans "
            "l'application compte ses redémarrages. Aucune constante du bot n'y change rien."
        )
    ),
)
