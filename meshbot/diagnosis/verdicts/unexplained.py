"""What no cause explains, and the experiment that would tell most."""

from collections import Counter
from collections.abc import Sequence

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.statement import Statement
from meshbot.diagnosis.verdict import Tone, Verdict
from meshbot.model.cause import Cause
from meshbot.text.cause_texts import causes_text
from meshbot.text.language import mark, tr


def _claim(case: Case, losses: Sequence[Loss]) -> list[Loss]:
    return list(losses)


def _evidence(case: Case, losses: Sequence[Loss]) -> list[Statement]:
    causes = Counter(loss.cause for loss in losses)
    return [
        Statement(
            tr(
                "{causes}, sans rien qui dise pourquoi",
                causes=causes_text(dict(causes.most_common())),
            )
        )
    ]


def _advice(case: Case, losses: Sequence[Loss]) -> list[str]:
    """Return the next experiment: the one that tells the likeliest causes apart."""
    cut = sum(loss.cause is Cause.FIN for loss in losses)
    advice = []
    if 2 * cut >= len(losses):
        advice.append(
            tr(
                "Pendant deux jours, fermer toute application Meshtastic (téléphones, ordinateurs, "
                "domotique) et refaire ce rapport : si les coupures cessent, c'était l'une d'elles."
            )
        )
    else:
        advice.append(
            tr(
                "Pendant deux jours, poser le nœud près du point d'accès, sur une bonne "
                "alimentation, "
                "et refaire ce rapport : si les coupures cessent, c'était le Wi-Fi ou le courant."
            )
        )
    if case.sync_accused is None and case.sync.syncs and case.trial is None:
        advice.append(
            tr(
                "Mettre TCP_SYNC_TRIAL à True : l'essai par tirage au sort dira si la "
                "synchronisation "
                "y est pour quelque chose."
            )
        )
    return advice


UNEXPLAINED = Verdict(
    name="unexplained",
    text=mark("coupures inexpliquées"),
    remedy=mark("faire l'essai proposé"),
    tone=Tone.NEITHER,
    claim=_claim,
    evidence=_evidence,
    advice=_advice,
)
