"""Silences of a bot that does not ask, one after another, on a node that is always there."""

from collections.abc import Sequence

from meshbot.diagnosis.case import MIN_LOSSES, Case
from meshbot.diagnosis.loss import Loss
from meshbot.diagnosis.statement import Statement
from meshbot.diagnosis.verdict import Tone, Verdict, always
from meshbot.model.cause import Cause
from meshbot.text.language import mark, tr

QUIET_LIFE_S = 900.0
THERE_AGAIN_S = 36.0
THERE_SHARE = 0.9
CHAIN_SHARE = 0.5


def _claim(case: Case, losses: Sequence[Loss]) -> list[Loss]:
    silences = [loss for loss in losses if loss.cause is Cause.SILENCE and not loss.asked]
    there = [loss for loss in silences if _was_there(loss)]
    enough = len(silences) >= MIN_LOSSES and len(there) >= THERE_SHARE * len(silences)
    return there if enough and len(_in_chains(there)) >= CHAIN_SHARE * len(silences) else []


def _in_chains(losses: Sequence[Loss]) -> list[Loss]:
    return [loss for loss in losses if loss.life_s < QUIET_LIFE_S]


def _was_there(loss: Loss) -> bool:
    """Say whether the first attempt to connect again succeeded, and at once."""
    return (
        not loss.failures
        and loss.attempts <= 1
        and loss.recovered_s is not None
        and loss.recovered_s - loss.declared_s <= THERE_AGAIN_S
    )


def _evidence(case: Case, losses: Sequence[Loss]) -> list[Statement]:
    return [
        Statement(
            tr(
                "{losses} silences, et le nœud était là chaque fois : il a repris au premier essai",
                losses=len(losses),
            )
        ),
        Statement(
            tr(
                "{in_chains} d'entre eux moins d'un quart d'heure après le précédent : "
                "le maillage se taisait, pas la liaison",
                in_chains=len(_in_chains(losses)),
            ),
            observed=False,
        ),
    ]


QUIET_MESH = Verdict(
    name="quiet mesh, not a fault",
    text=mark("maillage calme, pas une panne"),
    remedy=mark("interroger le nœud avant de déclarer le silence"),
    tone=Tone.GOOD,
    claim=_claim,
    evidence=_evidence,
    advice=always(
        mark(
            "Ce bot-là n'interroge pas le nœud avant de déclarer le silence. Passer à "
            "celui-ci, qui le "
            "fait, ou y augmenter le délai de silence (TCP_SILENT_TIMEOUT à 600 au moins)."
        )
    ),
)
