"""How much air the replies to each sender used lately. Pure: told the time, keeps no clock."""

import math
from collections import OrderedDict

HOUR_S = 3_600.0
MAX_ASKERS = 1_000


class AirUse:
    """Seconds on the air by sender, which fade away over an hour.

    They fade instead of being listed for exactly an hour: one number a sender is enough to say who
    had less. Those who were answered longest ago are forgotten beyond a thousand.
    """

    def __init__(self) -> None:
        """Nobody has used any."""
        self._used: OrderedDict[tuple[int, bool], tuple[float, float]] = OrderedDict()
        """Seconds used, and when that was so."""

    def of(self, asker: tuple[int, bool], now_s: float) -> float:
        """Return the seconds that count against a sender at monotonic time ``now_s``."""
        used_s, at_s = self._used.get(asker, (0.0, now_s))
        return used_s * math.exp((at_s - now_s) / HOUR_S)

    def last_s(self, asker: tuple[int, bool]) -> float:
        """Return when a sender used some last; -inf: not that anybody knows."""
        return self._used.get(asker, (0.0, -math.inf))[1]

    def add(self, asker: tuple[int, bool], seconds: float, now_s: float) -> None:
        """Note that a text for a sender took so many seconds on the air now."""
        self._used[asker] = (self.of(asker, now_s) + seconds, now_s)
        self._used.move_to_end(asker)
        if len(self._used) > MAX_ASKERS:
            self._used.popitem(last=False)
