"""Puts the name of the site on everything that is measured."""

from collections.abc import Iterable

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

LABEL = "site"


class SiteCollector(Collector):
    """Other collectors, with one more label."""

    def __init__(self, collectors: Iterable[Collector], site: str) -> None:
        """Collect from ``collectors``; without a ``site`` nothing is added."""
        self._collectors = tuple(collectors)
        self._labels = {LABEL: site} if site else {}

    def collect(self) -> Iterable[Metric]:
        """Return all that they measure, as it is now."""
        for collector in self._collectors:
            for metric in collector.collect():
                metric.samples = [
                    sample._replace(labels={**self._labels, **sample.labels})
                    for sample in metric.samples
                ]
                yield metric
