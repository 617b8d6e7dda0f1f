"""The alerts that wait for one service, and when it is tried again. Pure: told the time.

While the service cannot be reached the alerts wait. Of one matter only the newest does; when there
are too many, the oldest is dropped. Both are counted. What waits goes out together.
"""

from collections.abc import Hashable
from dataclasses import dataclass, replace

from meshbot.alerts.alert import Alert

MOST_WAITING = 50
MOST_AT_ONCE = 10
"""In one notification; services cut those that are too long."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 30.0, 900.0


@dataclass(frozen=True, slots=True)
class Batch:
    """What goes out in one notification; ``dropped``: how many older ones are lost."""

    alerts: tuple[Alert, ...]
    dropped: int = 0


class AlertOutbox:
    """A bounded queue whose pauses grow while nothing gets through."""

    def __init__(self) -> None:
        """Nothing waits."""
        self._waiting: dict[Hashable, Alert] = {}
        self._dropped = 0
        self._pause_s = 0.0
        self._next_try_s = 0.0

    @property
    def failing(self) -> bool:
        """Whether the last attempt failed."""
        return self._pause_s > 0

    @property
    def waiting(self) -> int:
        """How many alerts wait."""
        return len(self._waiting)

    def put(self, alert: Alert) -> None:
        """Have an alert wait, in the place of an older one of its matter."""
        before = self._waiting.pop(alert.matter, None)
        if before is not None:
            alert = replace(alert, others=alert.others + before.others + 1)
        self._waiting[alert.matter] = alert
        if len(self._waiting) > MOST_WAITING:
            oldest = next(iter(self._waiting))
            self._dropped += 1 + self._waiting.pop(oldest).others

    def wait_s(self, now_s: float) -> float | None:
        """Return in how long an attempt is due; None while nothing waits."""
        if not self._waiting:
            return None
        return max(self._next_try_s - now_s, 0.0) if self.failing else 0.0

    def batch(self) -> Batch:
        """Return what is to go out; it waits until :meth:`sent`."""
        return Batch(tuple(self._waiting.values())[:MOST_AT_ONCE], self._dropped)

    def sent(self, batch: Batch) -> None:
        """Forget what went out; of a matter of which more came meanwhile, only that is left."""
        self._pause_s = 0.0
        self._dropped -= batch.dropped
        for alert in batch.alerts:
            newer = self._waiting.get(alert.matter)
            if newer is alert:
                del self._waiting[alert.matter]
            elif newer is not None:
                left = max(newer.others - alert.others - 1, 0)
                self._waiting[alert.matter] = replace(newer, others=left)

    def not_sent(self, now_s: float) -> float:
        """Note at monotonic ``now_s`` that nothing got through; return the pause before the next.

        The first is half a minute; each is twice the one before, a quarter of an hour at most.
        """
        self._pause_s = min(max(2 * self._pause_s, FIRST_PAUSE_S), LONGEST_PAUSE_S)
        self._next_try_s = now_s + self._pause_s
        return self._pause_s
