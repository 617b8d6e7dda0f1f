"""How often one matter is told of. Pure: told the time, keeps no clock."""

from collections.abc import Hashable
from dataclasses import dataclass, replace

from meshbot.alerts.alert import Alert

MATTER_S = 900.0
"""One matter is told of once in so long; what comes meanwhile waits for the end of it."""


@dataclass
class _Told:
    at_s: float
    held: Alert | None = None


class AlertPace:
    """Lets an alert pass, or holds it until its matter may be told of again."""

    def __init__(self) -> None:
        """Nothing was told."""
        self._told: dict[Hashable, _Told] = {}

    def offer(self, alert: Alert, now_s: float) -> Alert | None:
        """Return the alert if it may go now; else it is held, in the place of one held before."""
        told = self._told.get(alert.matter)
        if told is None or (told.held is None and now_s - told.at_s >= MATTER_S):
            self._told[alert.matter] = _Told(now_s)
            return alert
        before = told.held.others + 1 if told.held is not None else 0
        told.held = replace(alert, others=alert.others + before)
        return None

    def due(self, now_s: float) -> list[Alert]:
        """Return the held alerts whose time has come, and forget matters of long ago."""
        over = [matter for matter, told in self._told.items() if now_s - told.at_s >= MATTER_S]
        alerts = []
        for matter in over:
            held = self._told.pop(matter).held
            if held is not None:
                self._told[matter] = _Told(now_s)
                alerts.append(held)
        return alerts

    def next_s(self) -> float | None:
        """Return when the next held alert is due, None where none is held."""
        held = [told.at_s + MATTER_S for told in self._told.values() if told.held is not None]
        return min(held, default=None)
