"""When a lost link was dead at the latest, as far as the mesh lets that be known. Pure.

On a busy mesh the node's last byte tells when it died, to a few seconds. On a quiet one it may have
died at any time until it was asked, half a minute later; then it counts as dead from there on, and
the time after a sync in which a loss speaks against it is longer by that.
"""

from collections.abc import Sequence

from meshbot.diagnosis.loss import ASKED_EVERY_S, Loss
from meshbot.model.cause import Cause

BUSY_GAP_S = 5.0
"""On a busy mesh the node hardly ever says nothing for longer."""


class Dating:
    """Dates the losses of one history, all in the same way."""

    def __init__(self, losses: Sequence[Loss], *, busy: bool) -> None:
        """``busy``: packets come every few seconds; if that is not known, they do not."""
        self._blur_s = BUSY_GAP_S if busy else ASKED_EVERY_S
        blurred = sum(_is_blurred(loss) for loss in losses)
        self.usual_s = self._blur_s if 2 * blurred > len(losses) else 0.0
        """By how much most losses may be dated too late."""

    def of(self, loss: Loss) -> tuple[float, float]:
        """Return when a loss counts as dead, and by how much that may be too late."""
        if not _is_blurred(loss):
            return loss.declared_s, 0.0
        dead_s = loss.died_s + self._blur_s
        if loss.cause is Cause.RESET:
            dead_s = min(dead_s, loss.declared_s)
        return dead_s, dead_s - loss.died_s


def _is_blurred(loss: Loss) -> bool:
    return loss.cause in (Cause.SILENCE, Cause.RESET)
