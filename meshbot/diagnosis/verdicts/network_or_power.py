"""Silences with unanswered questions, nodes out of reach, long absences."""

from collections.abc import Sequence

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.statement import Statement
from meshbot.diagnosis.verdict import Tone, Verdict
from meshbot.diagnosis.verdicts.network_losses import is_of_the_network
from meshbot.model.cause import Cause
from meshbot.text.language import mark, tr
from meshbot.text.quantities import counted


def _claim(case: Case, losses: Sequence[Loss]) -> list[Loss]:
    return [loss for loss in losses if is_of_the_network(loss)]


def _evidence(case: Case, losses: Sequence[Loss]) -> list[Statement]:
    silences = sum(loss.cause is Cause.SILENCE for loss in losses)
    away = len(losses) - silences
    said = []
    if silences:
        asked = any(loss.asked for loss in losses)
        how = tr("sans réponse du nœud, pourtant interrogé") if asked else tr("sans autre signe")
        times = counted(silences, "silence", "silences")
        said.append(Statement(f"{times} {how}"))
    if away:
        said.append(
            Statement(
                tr("{away} où le nœud était injoignable", away=counted(away, "coupure", "coupures"))
            )
        )
    there = sum(loss.gateway is True for loss in losses)
    if there:
        said.append(
            Statement(
                tr(
                    "{there} pendant lesquelles la passerelle, elle, répondait",
                    there=counted(there, "coupure", "coupures"),
                )
            )
        )
    return said


def _advice(case: Case, losses: Sequence[Loss]) -> list[str]:
    advice = [
        tr(
            "Vérifier le Wi-Fi là où est le nœud (signal, canal, économie d'énergie du "
            "point d'accès) "
            "et son alimentation ; le poser une journée près du point d'accès dirait "
            "lequel des deux."
        )
    ]
    if any(loss.asked for loss in losses):
        advice.append(tr("TCP_SILENT_TIMEOUT peut rester à 120 : le nœud est interrogé avant."))
    return advice


NETWORK_OR_POWER = Verdict(
    name="network or power",
    text=mark("réseau ou alimentation"),
    remedy=mark("vérifier le Wi-Fi du nœud"),
    tone=Tone.BAD,
    claim=_claim,
    evidence=_evidence,
    advice=_advice,
)
