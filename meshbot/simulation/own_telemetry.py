"""How long the simulated node has run, and what it says of that. Owned by its loop thread.

As the firmware does (``DeviceTelemetry.h``): once a minute it tells its client, and its own entry
of its database holds what it told last, which outlives a reboot.
"""

from collections.abc import Callable

from meshbot.simulation.loop import SelectLoop
from meshbot.simulation.settings import SimulatedSettings

_LOOK_S = 1.0


class OwnTelemetry:
    """The node's uptime."""

    def __init__(
        self, loop: SelectLoop, settings: SimulatedSettings, tell: Callable[[int], bool]
    ) -> None:
        """Belong to a node that does not run yet. ``tell`` is given the uptime in
        seconds, and returns whether anybody was told."""
        self._loop = loop
        self._settings = settings
        self._tell = tell
        self._started_s = self._told_at_s = loop.clock()
        self.told_uptime_s = 0
        """What the node's own entry in its database says."""

    @property
    def uptime_s(self) -> int:
        """How long the node has run; 0 while it is away."""
        return int(max(0.0, self._loop.clock() - self._started_s))

    def begin(self) -> None:
        """Tell from now on, for as long as the loop runs."""
        self.restart(0.0)
        self._look()

    def restart(self, down_s: float) -> None:
        """Count from zero when the node is back."""
        self._started_s = self._told_at_s = self._loop.clock() + down_s

    def _look(self) -> None:
        """Tell if it is time; looked at often enough for an interval that is changed later."""
        interval_s = self._settings.telemetry_interval_s
        now_s = self._loop.clock()
        if now_s - self._told_at_s >= interval_s:
            self._told_at_s, uptime_s = now_s, self.uptime_s
            if self._tell(uptime_s):
                self.told_uptime_s = uptime_s
        self._loop.later(min(interval_s, _LOOK_S), self._look)
