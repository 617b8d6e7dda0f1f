"""Connections refused for the time of a boot, or a node that says it restarted."""

import statistics

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.verdict import Tone, Verdict, always
from meshbot.model.cause import Cause
from meshbot.text.quantities import duration_text

BOOT_S = 120.0


def _judge(case: Case) -> list[str] | None:
    rebooted = [loss for loss in case.history.losses if _is_reboot(loss)]
    if not case.is_majority(len(rebooted)):
        return None
    reasons = [
        f"{len(rebooted)} coupures sur {len(case.history.losses)} où le port du nœud était fermé "
        "quelques instants, comme pendant un démarrage"
    ]
    outages = [loss.recovered_s - loss.declared_s for loss in rebooted if loss.recovered_s]
    if outages:
        reasons.append(f"de retour après {duration_text(statistics.median(outages))} (médiane)")
    return reasons


def _is_reboot(loss: Loss) -> bool:
    if loss.cause is Cause.REBOOTED:
        return True
    return (
        Cause.REFUSED in loss.failures
        and loss.outage_s is not None
        and loss.outage_s - (loss.silence_s or 0.0) < BOOT_S
    )


NODE_REBOOTS = Verdict(
    name="the node reboots",
    text="le nœud redémarre",
    tone=Tone.BAD,
    judge=_judge,
    advice=always(
        "Vérifier l'alimentation du nœud (5 V, 1 A, câble court) et son firmware ; regarder "
        "« reboot_count » et la tension dans l'application. Aucune constante n'y change rien."
    ),
)
