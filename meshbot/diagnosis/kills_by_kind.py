"""Whether losses soon after a sync come only after losses of their own kind. Pure.

If the sync kills, it kills whatever the session before ended by. Losses that follow each other, a
client that comes back and back, come after their like.
"""

from meshbot.diagnosis.binomial import hypergeometric_tail
from meshbot.diagnosis.loss import Loss


class KillsByKind:
    """Sessions that reached a sync: how the one before ended, and whether they outlived it."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._sessions: list[tuple[object, object]] = []

    def add(self, previous: Loss | None, killed_by: Loss | None) -> None:
        """Count a session; ``killed_by`` None: it lived on."""
        if previous is not None:
            self._sessions.append((_kind(previous), _kind(killed_by)))

    def p_value(self) -> float:
        """Return how likely so many come after their like if the sync kills one as the other."""
        kills = [kind for _, kind in self._sessions if kind is not None]
        if not kills:
            return 1.0
        usual = max(set(kills), key=kills.count)
        alike = sum(before == usual for before, _ in self._sessions)
        among_alike = sum(before == usual and kind is not None for before, kind in self._sessions)
        return hypergeometric_tail(among_alike, alike, len(kills), len(self._sessions))


def _kind(loss: Loss | None) -> object:
    """Return what ended a session, and whether the node was away then."""
    return None if loss is None else (loss.cause, bool(loss.failures))
