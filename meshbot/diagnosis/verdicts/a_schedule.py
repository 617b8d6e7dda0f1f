"""Losses without a cause of their own, or of the network, that recur by the clock."""

from collections.abc import Sequence

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.schedule_text import schedule_text
from meshbot.diagnosis.statement import Statement
from meshbot.diagnosis.verdict import Tone, Verdict, always
from meshbot.diagnosis.verdicts.network_losses import is_of_the_network
from meshbot.text.quantities import decimal_text


def _claim(case: Case, losses: Sequence[Loss]) -> list[Loss]:
    schedule = case.schedule_of(losses)
    if schedule is None:
        return []
    return [loss for place, loss in enumerate(losses) if place in schedule.members]


def _evidence(case: Case, losses: Sequence[Loss]) -> list[Statement]:
    schedule = case.schedule_of(losses)
    when = schedule_text(schedule) if schedule is not None else "par moments"
    silent = sum(is_of_the_network(loss) for loss in losses)
    said = [Statement(f"{len(losses)} coupures {when}")]
    if schedule is not None:
        odds = "moins d'une chance sur mille"
        if schedule.p_value >= 0.001:
            odds = f"{decimal_text(100 * schedule.p_value)} % de chances"
        said.append(Statement(f"{odds} que ce soit par hasard", observed=False))
    if silent:
        said.append(Statement(f"{silent} où le nœud était muet ou injoignable"))
    return said


A_SCHEDULE = Verdict(
    name="a schedule",
    text="les coupures suivent un horaire",
    remedy="chercher ce qui se passe alors",
    tone=Tone.BAD,
    claim=_claim,
    evidence=_evidence,
    advice=always(
        "Chercher ce qui arrive à ces moments : redémarrage ou changement de canal programmé de la "
        "box, prise à minuterie, sauvegarde, voisin, soleil sur le boîtier, fin de batterie."
    ),
)
