"""Tells the operator which replies wait, are shortened or dropped because too many are wanted.

Any thread; ``_lock`` guards the limits of the lines and is a leaf. Made-up numbers cost nothing, so
each kind of line is limited in all, not only for each sender, and some are kept for regulars.
"""

import logging
import threading
from collections.abc import Callable, Hashable

from meshbot.messages.asker import Asker
from meshbot.messages.reply_parts import WhyShort
from meshbot.messages.sender_rank import SenderRank
from meshbot.text.language import mark, tr
from meshbot.text.line_limiter import LineLimiter
from meshbot.text.quantities import duration_text

log = logging.getLogger(__name__)

LINES_S = 3_600.0
MAX_LINES = 10
_WHY_SHORT = {
    WhyShort.MANY_ASK: mark("🐢 La réponse à %s est abrégée : trop de textes à envoyer"),
    WhyShort.CHANNEL_BUSY: mark("🐢 La réponse à %s est abrégée : canal très occupé"),
    WhyShort.AIR_USED: mark("🐢 La réponse à %s est abrégée : temps d'antenne bien entamé"),
    WhyShort.HAD_MANY: mark("🐢 La réponse à %s est abrégée : il en a reçu beaucoup"),
}
MAX_LINES_OF_OTHERS = 7
"""So many are about those who may be made up; what befalls regulars must not be hidden by that."""


class SlowdownLines:
    """One line a sender and hour for each kind, and no more than so many in all."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Nothing was said."""
        self._clock = clock
        self._lock = threading.Lock()
        self._held = LineLimiter(LINES_S, MAX_LINES, MAX_LINES_OF_OTHERS)
        self._shortened = LineLimiter(LINES_S, MAX_LINES, MAX_LINES_OF_OTHERS)
        self._old = LineLimiter(LINES_S, MAX_LINES, MAX_LINES_OF_OTHERS)
        self._full = LineLimiter(LINES_S, MAX_LINES, MAX_LINES_OF_OTHERS)

    def held_back(self, label: str, asker: Asker) -> None:
        """A reply waits for air time."""
        if self._is_due(self._held, label, asker):
            log.info(tr("🐢 La réponse à %s attend que l'antenne soit libre"), label)

    def shortened(self, label: str, asker: Asker, why: WhyShort) -> None:
        """An answer is cut."""
        if self._is_due(self._shortened, label, asker):
            log.info(tr(_WHY_SHORT[why]), label)

    def too_old(self, label: str, asker: Asker, waited_s: float) -> None:
        """A reply found no air time as long as it was worth sending."""
        if self._is_due(self._old, label, asker):
            log.warning(
                tr("⚠️ Réponse à %s jetée après %s : pas de temps d'antenne"),
                label,
                duration_text(waited_s),
            )

    def no_room(self, label: str, asker: Asker) -> None:
        """More replies wait than there is room for."""
        if self._is_due(self._full, label, asker):
            log.warning(tr("⚠️ Trop de réponses en attente : celle pour %s est jetée"), label)

    def _is_due(self, limiter: LineLimiter, key: Hashable, asker: Asker) -> bool:
        with self._lock:
            may_be_made_up = asker.rank > SenderRank.REGULAR
            return limiter.allows(key, self._clock(), stranger=may_be_made_up)
