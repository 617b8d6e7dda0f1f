"""Tells the operator that replies wait for the air, and when they wait no more.

Any thread; ``_lock`` guards what was said and is a leaf. One line a limit and hour when it holds a
reply up, one when at least a quarter of it is free again: a text that goes as soon as another is an
hour old is no end of it.
"""

import logging
import threading
import time
from collections.abc import Callable

from meshbot.messages.air_budget import AirBudget
from meshbot.messages.air_limit import AirLimit
from meshbot.text.language import mark, tr
from meshbot.text.line_limiter import LineLimiter
from meshbot.text.quantities import decimal_text

log = logging.getLogger(__name__)

LINE_INTERVAL_S = 3_600.0
FREE_AGAIN = 0.75
_HELD_LINES = {
    AirLimit.STRANGERS: mark(
        "🐢 Temps d'antenne des inconnus épuisé (%s %% de l'heure) : leurs réponses attendent"
    ),
    AirLimit.UNPROVEN: mark(
        "🐢 Temps d'antenne des inconnus sans preuve épuisé (%s %% de l'heure) : "
        "leurs réponses attendent"
    ),
    AirLimit.TOTAL: mark(
        "🐢 Temps d'antenne du bot épuisé (%s %% de l'heure) : les réponses attendent"
    ),
    AirLimit.NODE: mark(
        "🐢 Le nœud approche de son temps d'émission légal (%s %% de l'heure) : les "
        "réponses attendent"
    ),
}
_FREE_LINES = {
    AirLimit.STRANGERS: mark("📡 Temps d'antenne des inconnus à nouveau disponible"),
    AirLimit.UNPROVEN: mark("📡 Temps d'antenne des inconnus sans preuve à nouveau disponible"),
    AirLimit.TOTAL: mark("📡 Temps d'antenne du bot à nouveau disponible"),
    AirLimit.NODE: mark("📡 Le nœud est revenu loin de son temps d'émission légal"),
}


class AirNarrator:
    """What was said of each limit."""

    def __init__(self, budget: AirBudget, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing was said of this budget."""
        self._budget = budget
        self._clock = clock
        self._lock = threading.Lock()
        self._lines = LineLimiter(LINE_INTERVAL_S)
        self._held: set[AirLimit] = set()

    def held(self, limit: AirLimit) -> None:
        """Say that a reply waits for this limit, unless that was said lately."""
        percent = decimal_text(self._budget.limit_percent(limit)).removesuffix(decimal_text(0)[1:])
        with self._lock:
            is_due = self._lines.allows(limit, self._clock())
            if is_due:
                self._held.add(limit)
        if is_due:
            log.warning(tr(_HELD_LINES[limit]), percent)

    def look(self) -> None:
        """Say of which limits that was said enough is free again."""
        free = {limit for limit in AirLimit if self._budget.share_used(limit) <= FREE_AGAIN}
        with self._lock:
            news = sorted(self._held & free, key=list(AirLimit).index)
            self._held -= free
        for limit in news:
            log.info("%s", tr(_FREE_LINES[limit]))
