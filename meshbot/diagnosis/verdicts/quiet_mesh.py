"""Silences of a bot that does not ask, one after another, on a node that is always there."""

from meshbot.diagnosis.case import MAJORITY, MIN_LOSSES, Case
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.verdict import Tone, Verdict, always
from meshbot.model.cause import Cause

QUIET_LIFE_S = 900.0
THERE_AGAIN_S = 36.0
THERE_SHARE = 0.9


def _judge(case: Case) -> list[str] | None:
    silences = [
        loss for loss in case.history.losses if loss.cause is Cause.SILENCE and not loss.asked
    ]
    there = [loss for loss in silences if _was_there(loss)]
    in_chains = [loss for loss in there if loss.life_s < QUIET_LIFE_S]
    if (
        not case.is_majority(len(silences))
        or len(silences) < MIN_LOSSES
        or len(there) < THERE_SHARE * len(silences)
        or len(in_chains) < MAJORITY * len(silences)
    ):
        return None
    return [
        f"{len(silences)} silences, et le nœud était là chaque fois : il a repris au premier essai",
        f"{len(in_chains)} d'entre eux moins d'un quart d'heure après le précédent : le "
        "maillage se taisait, pas la liaison",
    ]


def _was_there(loss: Loss) -> bool:
    """Say whether the first attempt to connect again succeeded, and at once."""
    return (
        not loss.failures
        and loss.attempts <= 1
        and loss.recovered_s is not None
        and loss.recovered_s - loss.declared_s <= THERE_AGAIN_S
    )


QUIET_MESH = Verdict(
    name="quiet mesh, not a fault",
    text="maillage calme, pas une panne",
    tone=Tone.GOOD,
    judge=_judge,
    advice=always(
        "Ce bot-là n'interroge pas le nœud avant de déclarer le silence. Passer à celui-ci, qui le "
        "fait, ou y augmenter le délai de silence (TCP_SILENT_TIMEOUT à 600 au moins)."
    ),
)
