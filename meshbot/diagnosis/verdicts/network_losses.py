"""Losses of a node that fell silent or was out of reach. Pure."""

from meshbot.diagnosis.loss import Loss
from meshbot.model.cause import Cause

AWAY = (Cause.UNREACHABLE, Cause.STALLED)


def is_of_the_network(loss: Loss) -> bool:
    """Say whether the node was not there: deaf, or out of reach."""
    return loss.cause in (Cause.SILENCE, *AWAY) or any(
        cause in AWAY for cause in loss.group_of_failures
    )
