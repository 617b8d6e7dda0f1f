"""Silences with unanswered questions, nodes out of reach, long absences."""

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.verdict import Tone, Verdict
from meshbot.model.cause import Cause
from meshbot.text.quantities import counted

AWAY = (Cause.UNREACHABLE, Cause.STALLED)


def _judge(case: Case) -> list[str] | None:
    lost = [
        loss
        for loss in case.history.losses
        if loss.cause in (Cause.SILENCE, *AWAY) or any(cause in AWAY for cause in loss.failures)
    ]
    if not case.is_majority(len(lost)):
        return None
    silences = sum(loss.cause is Cause.SILENCE for loss in lost)
    away = len(lost) - silences
    reasons = []
    if silences:
        asked = any(loss.asked for loss in lost)
        how = "sans réponse du nœud, pourtant interrogé" if asked else "sans autre signe"
        reasons.append(f"{counted(silences, 'silence', 'silences')} {how}")
    if away:
        reasons.append(f"{counted(away, 'coupure', 'coupures')} où le nœud était injoignable")
    return reasons


def _advice(case: Case) -> list[str]:
    advice = [
        "Vérifier le Wi-Fi là où est le nœud (signal, canal, économie d'énergie du point d'accès) "
        "et son alimentation."
    ]
    if any(loss.asked for loss in case.history.losses):
        advice.append("TCP_SILENT_TIMEOUT peut rester à 120 : le nœud est interrogé avant.")
    return advice


NETWORK_OR_POWER = Verdict(
    name="network or power",
    text="réseau ou alimentation",
    tone=Tone.BAD,
    judge=_judge,
    advice=_advice,
)
