"""How long the simulated node has run, and what it says of that. Owned by its loop thread.

As the firmware does (``DeviceTelemetry.cpp``): once a minute it tells its client, once a quarter
of an hour its statistics as well, and before 2.7.13 once in half an hour the mesh instead. Its own
entry of its database holds what it told last, which outlives a reboot.
"""

from collections.abc import Sequence
from typing import Protocol

from meshtastic.protobuf import telemetry_pb2

from meshbot.simulation.air_time import SimulatedAirTime
from meshbot.simulation.firmware_profile import FirmwareProfile
from meshbot.simulation.loop import SelectLoop
from meshbot.simulation.settings import SimulatedSettings

_LOOK_S = 1.0
_ON_AIR_INTERVAL_S = 1800.0
_NOISE_FLOOR_DBM = -120
_HEAP_BYTES = 283_000
_HEAP_FREE_BYTES = 121_000

Content = telemetry_pb2.DeviceMetrics | telemetry_pb2.LocalStats


class Listener(Protocol):
    """Who is told."""

    def hear_own(self, contents: Sequence[Content], *, on_air: bool) -> bool:
        """Take what the node says of itself; say whether anybody was told."""

    def traffic(self) -> tuple[int, int]:
        """Return how many packets were sent so far, and how many nodes are known."""


class OwnTelemetry:
    """The node's uptime, and its telemetry."""

    def __init__(
        self,
        loop: SelectLoop,
        settings: SimulatedSettings,
        profile: FirmwareProfile,
        listener: Listener,
        *,
        air_time: SimulatedAirTime,
        past_uptime_s: int | None,
    ) -> None:
        """Belong to a node that does not run yet, and told this in an earlier life."""
        self._loop = loop
        self._settings = settings
        self._profile = profile
        self._listener = listener
        self._air_time = air_time
        self._started_s = self._told_at_s = loop.clock()
        self._has_told = False
        self._on_air_at_s: float | None = None
        self._statistics_at_s: float | None = None
        self.metrics = None if past_uptime_s is None else self._metrics(past_uptime_s)
        """What the node's own entry in its database says; None: nothing yet."""

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
        self._has_told = False
        self._on_air_at_s = self._statistics_at_s = None

    def _look(self) -> None:
        """Tell if it is time; looked at often enough for an interval that is changed later."""
        interval_s = self._settings.telemetry_interval_s
        first_s = self._settings.first_telemetry_s
        wait_s = interval_s if self._has_told or first_s is None else first_s
        now_s = self._loop.clock()
        if now_s - self._told_at_s >= wait_s:
            self._told_at_s, self._has_told = now_s, True
            self._tell(now_s)
        self._loop.later(min(interval_s, _LOOK_S), self._look)

    def _tell(self, now_s: float) -> None:
        metrics = self._metrics(self.uptime_s)
        on_air = self._profile.telemetry_goes_on_air and _is_due(
            self._on_air_at_s, now_s, _ON_AIR_INTERVAL_S
        )
        contents: list[Content] = [metrics]
        with_statistics = not on_air and _is_due(
            self._statistics_at_s, now_s, self._settings.statistics_interval_s
        )
        if with_statistics:
            contents.append(self._statistics())
        if not self._listener.hear_own(contents, on_air=on_air):
            return
        self.metrics = metrics
        if on_air:
            self._on_air_at_s = now_s
        if with_statistics:
            self._statistics_at_s = now_s

    def _metrics(self, uptime_s: int) -> telemetry_pb2.DeviceMetrics:
        metrics = telemetry_pb2.DeviceMetrics(
            battery_level=101,
            channel_utilization=self._air_time.channel_percent,
            air_util_tx=self._air_time.transmit_percent,
            uptime_seconds=uptime_s,
        )
        if not self._profile.is_native:
            metrics.voltage = 4.1
        elif not self._profile.is_2_8:
            metrics.voltage = 0.0
        return metrics

    def _statistics(self) -> telemetry_pb2.LocalStats:
        sent, nodes = self._listener.traffic()
        statistics = telemetry_pb2.LocalStats(
            uptime_seconds=self.uptime_s,
            channel_utilization=self._air_time.channel_percent,
            air_util_tx=self._air_time.transmit_percent,
            num_packets_tx=sent,
            num_total_nodes=nodes,
        )
        if self._profile.version >= (2, 7, 18):
            statistics.noise_floor = _NOISE_FLOOR_DBM
        if not self._profile.is_native:
            statistics.heap_total_bytes = _HEAP_BYTES
            statistics.heap_free_bytes = _HEAP_FREE_BYTES
        return statistics


def _is_due(last_s: float | None, now_s: float, interval_s: float) -> bool:
    return last_s is None or now_s - last_s >= interval_s
