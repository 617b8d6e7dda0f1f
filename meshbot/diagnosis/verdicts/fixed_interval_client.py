"""A client that connects at an interval of its own."""

from collections.abc import Sequence

from meshbot.diagnosis.case import Case
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.schedule_text import schedule_text
from meshbot.diagnosis.statement import Statement
from meshbot.diagnosis.verdict import Tone, Verdict
from meshbot.diagnosis.verdicts.client_losses import may_be_a_clients
from meshbot.model.cause import Cause
from meshbot.text.language import mark, tr


def _claim(case: Case, losses: Sequence[Loss]) -> list[Loss]:
    cut = [loss for loss in losses if may_be_a_clients(loss)]
    if 2 * sum(loss.cause is Cause.FIN for loss in cut) < len(cut):
        return []  # a node that crashes by the clock
    schedule = case.schedule_of(cut)
    if schedule is None or schedule.period_s is None:
        return []
    return [loss for place, loss in enumerate(cut) if place in schedule.members]


def _evidence(case: Case, losses: Sequence[Loss]) -> list[Statement]:
    schedule = case.schedule_of(losses)
    when = f", {schedule_text(schedule)}" if schedule is not None else ""
    return [
        Statement(
            tr(
                "{losses} liaisons coupées par le nœud, resté à l'écoute{when}",
                losses=len(losses),
                when=when,
            )
        ),
        Statement(tr("un client qui se connecte à intervalle fixe, pas une panne"), observed=False),
    ]


def _advice(case: Case, losses: Sequence[Loss]) -> list[str]:
    return [
        tr(
            "Chercher ce qui interroge le nœud à cet intervalle : domotique (Home "
            "Assistant, MQTT), "
            "exportateur de mesures, tâche cron, second bot. Un nœud ne sert qu'un client."
        ),
        case.history.share.advice(),
    ]


FIXED_INTERVAL_CLIENT = Verdict(
    name="a client with a fixed interval",
    text=mark("un autre client se connecte à intervalle fixe"),
    remedy=mark("arrêter cette tâche, ou la connecter au bot (SHARE_PORT)"),
    tone=Tone.BAD,
    claim=_claim,
    evidence=_evidence,
    advice=_advice,
)
