"""Losses that recur by the clock, whatever they look like."""

from collections.abc import Sequence

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.schedule_text import schedule_text
from meshbot.diagnosis.statement import Statement
from meshbot.diagnosis.verdict import Tone, Verdict, always
from meshbot.diagnosis.verdicts.network_losses import is_of_the_network
from meshbot.diagnosis.verdicts.restarts import is_restart
from meshbot.text.language import mark, tr
from meshbot.text.quantities import counted, decimal_text

MIN_SHARE = 0.2


def _claim(case: Case, losses: Sequence[Loss]) -> list[Loss]:
    """Return what comes at a time of day or on a day of the week, or, unexplained, at an interval.

    A node that crashes every six hours is a node that crashes.
    """
    schedule = case.schedule_of(losses)
    if schedule is not None and schedule.period_s is None:
        return [loss for place, loss in enumerate(losses) if place in schedule.members]
    rest = [loss for loss in losses if not is_restart(loss)]
    schedule = case.schedule_of(rest)
    if schedule is None or len(schedule.members) < MIN_SHARE * len(losses):
        return []
    return [loss for place, loss in enumerate(rest) if place in schedule.members]


def _evidence(case: Case, losses: Sequence[Loss]) -> list[Statement]:
    schedule = case.schedule_of(losses)
    when = schedule_text(schedule) if schedule is not None else tr("par moments")
    said = [Statement(f"{counted(len(losses), 'coupure', 'coupures')} {when}")]
    if schedule is not None:
        odds = tr("moins d'une chance sur mille")
        if schedule.p_value >= 0.001:
            odds = tr("{value} % de chances", value=decimal_text(100 * schedule.p_value))
        said.append(Statement(tr("{odds} que ce soit par hasard", odds=odds), observed=False))
    restarts = [loss for loss in losses if is_restart(loss)]
    if restarts:
        said.append(
            Statement(
                tr("{times}, le nœud redémarrait", times=counted(len(restarts), "fois", "fois")),
                observed=False,
            )
        )
    silent = sum(is_of_the_network(loss) and not is_restart(loss) for loss in losses)
    if silent:
        times = counted(silent, "fois", "fois")
        said.append(Statement(tr("{times}, le nœud était muet ou injoignable", times=times)))
    return said


A_SCHEDULE = Verdict(
    name="a schedule",
    text=mark("les coupures suivent un horaire"),
    remedy=mark("chercher ce qui se passe alors"),
    tone=Tone.BAD,
    claim=_claim,
    evidence=_evidence,
    advice=always(
        mark(
            "Chercher ce qui arrive à ces moments : redémarrage ou changement de canal "
            "programmé de la "
            "box, prise à minuterie, sauvegarde, voisin, soleil sur le boîtier, fin de batterie."
        )
    ),
)
