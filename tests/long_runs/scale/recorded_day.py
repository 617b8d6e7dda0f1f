"""A day of many bots, written into a Prometheus as if it had asked them once a minute.

The series are those of a bot's own answer, and those that ``deploy/rules.yml`` records. What they
say is made up: gauges that change once an hour, counters that rise once in one. Prometheus keeps
them as it keeps what it asked for itself.
"""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from meshbot.status.counts import LOSS_CAUSES
from tests.long_runs.scale.crowd import site_name
from tests.long_runs.scale.prometheus_process import PrometheusProcess
from tests.long_runs.scale.remote_write import WriteTimes, labels_of, request_of

MINUTES = 60
HOUR_S = 3_600
SERIES_A_REQUEST = 2_000
RECORDED_OF_A_BOT = (
    "site:meshbot_losses_total:increase1h",
    "site:meshbot_outage_seconds_sum:increase1d",
)
RECORDED_OF_A_CAUSE = "cause:meshbot_losses_total:increase1h"
RECEIVES = "--web.enable-remote-write-receiver"


@dataclass(slots=True)
class _Series:
    labels: bytes
    rises: bool
    value: float


def _of_bot(number: int) -> dict[str, str]:
    return {"instance": f"192.0.2.1:{number}", "job": "meshbot", "site": site_name(number)}


class RecordedDay:
    """The series of so many bots."""

    def __init__(self, answer: str, bots: int, seed: int = 1) -> None:
        """Take the series of one bot's answer to ``/metrics``, for ``bots`` of them."""
        self._chance = random.Random(seed)
        samples = [
            (sample.name, sample.labels, sample.value, family.type != "gauge")
            for family in text_string_to_metric_families(answer)
            for sample in family.samples
        ]
        samples += [(name, {}, 1.0, False) for name in ("up", *RECORDED_OF_A_BOT)]
        self._series = [
            _Series(labels_of({**labels, **_of_bot(number), "__name__": name}), rises, value)
            for number in range(bots)
            for name, labels, value, rises in samples
        ]
        self._series += [
            _Series(labels_of({"__name__": RECORDED_OF_A_CAUSE, "cause": cause.value}), False, 1.0)
            for cause in LOSS_CAUSES
        ]

    @property
    def series(self) -> int:
        """How many series there are."""
        return len(self._series)

    def write(self, prometheus: PrometheusProcess, hours: int) -> float:
        """Write the last hours, up to this minute; return when they end, in seconds since 1970."""
        end_s = int(time.time()) // MINUTES * MINUTES
        for begin_s in range(end_s - hours * HOUR_S, end_s, HOUR_S):
            times = WriteTimes([(begin_s + 60 * minute) * 1_000 for minute in range(MINUTES)])
            for first in range(0, len(self._series), SERIES_A_REQUEST):
                some = self._series[first : first + SERIES_A_REQUEST]
                prometheus.take_in(request_of(self._hour(some, times)))
        return float(end_s - MINUTES)

    def _hour(self, some: list[_Series], times: WriteTimes) -> Iterator[bytes]:
        for series in some:
            before = series.value
            series.value = before + 1 if series.rises else before * self._chance.uniform(0.9, 1.1)
            minute = self._chance.randrange(MINUTES)
            values = [before] * minute + [series.value] * (MINUTES - minute)
            yield times.series(series.labels, values)
