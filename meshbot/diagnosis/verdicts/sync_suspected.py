"""Losses follow the key sync more often than by chance."""

from collections.abc import Sequence

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.statement import Statement
from meshbot.diagnosis.sync_reasons import accusation
from meshbot.diagnosis.verdict import Tone, Verdict, always


def _claim(case: Case, losses: Sequence[Loss]) -> list[Loss]:
    if not case.sync_accused:
        return []
    suspects = {id(loss) for loss in case.sync.suspects}
    return [loss for loss in losses if id(loss) in suspects]


def _evidence(case: Case, losses: Sequence[Loss]) -> list[Statement]:
    return [Statement(accusation(case.sync), observed=False)]


SYNC_SUSPECTED = Verdict(
    name="sync suspected",
    text="la synchronisation des clés est suspecte",
    remedy="TCP_SYNC_TRIAL = True le prouvera",
    tone=Tone.BAD,
    claim=_claim,
    evidence=_evidence,
    advice=always(
        "Mettre TCP_SYNC_TRIAL à True : le bot tire au sort, à chaque reconnexion, de synchroniser "
        "ou non, et dit quand l'essai est clair. En attendant, "
        "TCP_SKIP_PUBKEY_SYNC_ON_RECONNECT à True évite ces coupures."
    ),
)
