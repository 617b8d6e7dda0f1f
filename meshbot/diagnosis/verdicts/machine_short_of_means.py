"""Losses and failed attempts for which this machine itself had no means."""

from collections.abc import Sequence

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.statement import Statement
from meshbot.diagnosis.verdict import Tone, Verdict, always
from meshbot.model.cause import Cause
from meshbot.text.language import mark, tr
from meshbot.text.quantities import counted


def _claim(case: Case, losses: Sequence[Loss]) -> list[Loss]:
    return [
        loss
        for loss in losses
        if loss.cause is Cause.NO_MEMORY or Cause.NO_MEMORY in loss.group_of_failures
    ]


def _evidence(case: Case, losses: Sequence[Loss]) -> list[Statement]:
    outages = counted(len(losses), "coupure", "coupures")
    return [
        Statement(
            tr(
                "{outages} pendant lesquelles le bot n'avait plus de mémoire, de fil "
                "d'exécution ou "
                "de descripteur de fichier",
                outages=outages,
            )
        )
    ]


MACHINE_SHORT_OF_MEANS = Verdict(
    name="this machine is short of means",
    text=mark("cette machine manque de mémoire ou de moyens"),
    remedy=mark("voir ce qui l'occupe, et les limites du service"),
    tone=Tone.BAD,
    claim=_claim,
    evidence=_evidence,
    advice=always(
        mark(
            "Ce n'est ni le nœud ni le réseau. « free -h » et « ps aux --sort=-rss | head "
            "» disent ce "
            "qui occupe cette machine ; « systemctl show meshbot -p TasksMax -p LimitNPROC -p "
            "LimitNOFILE -p LimitAS -p MemoryMax » ce que le service peut prendre."
        )
    ),
)
