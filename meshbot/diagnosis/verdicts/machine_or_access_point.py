"""Outages in which other hosts were out of reach too."""

from collections.abc import Sequence

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.statement import Statement
from meshbot.diagnosis.verdict import Tone, Verdict, always
from meshbot.model.cause import Cause
from meshbot.text.language import mark, tr
from meshbot.text.quantities import counted


def _claim(case: Case, losses: Sequence[Loss]) -> list[Loss]:
    return [loss for loss in losses if _is_ours(loss)]


def _is_ours(loss: Loss) -> bool:
    return loss.gateway is False or Cause.NETWORK_UNREACHABLE in loss.failures


def _evidence(case: Case, losses: Sequence[Loss]) -> list[Statement]:
    said = []
    alone = sum(loss.gateway is False for loss in losses)
    if alone:
        outages = counted(alone, "coupure", "coupures")
        said.append(
            Statement(
                tr(
                    "{outages} pendant lesquelles la passerelle ne répondait pas non plus",
                    outages=outages,
                )
            )
        )
    without = sum(Cause.NETWORK_UNREACHABLE in loss.failures for loss in losses)
    if without:
        outages = counted(without, "coupure", "coupures")
        said.append(
            Statement(
                tr("{outages} pendant lesquelles cette machine était sans réseau", outages=outages)
            )
        )
    return said


MACHINE_OR_ACCESS_POINT = Verdict(
    name="this machine or the access point",
    text=mark("cette machine ou le point d'accès perd le réseau"),
    remedy=mark("vérifier l'alimentation du point d'accès et le réseau d'ici"),
    tone=Tone.BAD,
    claim=_claim,
    evidence=_evidence,
    advice=always(
        mark(
            "Ce n'est pas le nœud : toute la maison était coupée. Vérifier l'alimentation "
            "de la box "
            "ou du point d'accès (multiprise, onduleur) et le réseau de cette machine ; un câble "
            "Ethernet vers la box trancherait."
        )
    ),
)
