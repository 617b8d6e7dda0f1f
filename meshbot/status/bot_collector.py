"""What is measured of the bot, in Prometheus' terms.

Read anew each time it is asked for. No label grows with the mesh: whoever makes up a thousand nodes
or commands adds no line. The names are an interface, see ``docs/metrics.md``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from meshbot import VERSION
from meshbot.status.counts import Counts
from meshbot.status.distribution import Distribution
from meshbot.status.status_sources import StatusSources

UNKNOWN_COMMAND = "unknown"


class BotCollector(Collector):
    """Gathers the bot's figures; on the status server's thread."""

    def __init__(self, sources: StatusSources, counts: Callable[[], Counts]) -> None:
        """Name where the figures come from."""
        self._sources = sources
        self._counts = counts

    def collect(self) -> Iterable[Metric]:
        """Return all that is measured, as it is now."""
        counts = self._counts()
        yield InfoMetricFamily("meshbot_build", "The program.", {"version": VERSION})
        yield from self._of_link(counts)
        yield from self._of_messages(counts)
        yield from self._of_node()
        yield from self._of_store()

    def _of_link(self, counts: Counts) -> Iterator[Metric]:
        link = self._sources.link
        is_up = link.status().up_s is not None
        yield _gauge("link_up", "Whether the link with the node is up.", float(is_up))
        interface = link.interface
        if interface is not None:
            age_s = self._sources.clock() - interface.last_received_s
            about = "Seconds since the node's last byte."
            yield _gauge("last_received_seconds", about, max(age_s, 0.0))
        losses = {cause.value: count for cause, count in counts.losses.items()}
        yield _counters("losses", "Sessions that were lost, by cause.", "cause", losses)
        about = "Reconnections that lasted."
        yield CounterMetricFamily("meshbot_reconnections", about, counts.reconnections)
        about = "Outages that are over, in seconds."
        yield _histogram("outage_seconds", about, counts.outages)
        about = "Connecting and the node's configuration, in seconds."
        yield _histogram("handshake_seconds", about, counts.handshakes)
        about = "How long the node took to answer whether it lives, in seconds."
        yield _histogram("probe_seconds", about, counts.probes)

    def _of_messages(self, counts: Counts) -> Iterator[Metric]:
        conversation = self._sources.conversation
        direct = conversation.direct_messages
        opened = {
            "radio": direct.by_radio,
            "bot": direct.by_bot,
            "unproven": direct.unproven,
            "nobody": direct.not_opened,
        }
        about = "Direct messages to the bot, by who opened them."
        yield _counters("direct_messages", about, "opened_by", opened)
        known = [*conversation.command_names, ""]
        commands = {name or UNKNOWN_COMMAND: counts.commands.get(name, 0) for name in known}
        about = "Commands that were heard and are answered."
        yield _counters("commands", about, "command", commands)
        replies = {fate.value: count for fate, count in counts.replies.items()}
        yield _counters("replies", "Replies, by what became of them.", "fate", replies)
        yield _gauge("queue_length", "Replies that wait.", conversation.queue_length())
        yield CounterMetricFamily("meshbot_key_syncs", "Key syncs that ran.", counts.key_syncs)
        about = "Keys that syncs put into the interface."
        yield CounterMetricFamily("meshbot_injected_keys", about, counts.injected_keys)
        clients = len(self._sources.clients())
        yield _gauge("clients", "Clients of the shared node.", clients)

    def _of_node(self) -> Iterator[Metric]:
        node = self._sources.conversation.node_metrics
        for name, about, percent in (
            (
                "battery",
                "The node's battery, 0 to 1; above 1 on external power.",
                node.battery_percent,
            ),
            (
                "channel_utilization",
                "How much of the time the channel was busy, 0 to 1.",
                node.channel_percent,
            ),
            (
                "air_time",
                "How much of the last hour the node transmitted, 0 to 1.",
                node.air_percent,
            ),
        ):
            if percent is not None:
                yield _gauge(f"node_{name}_ratio", about, percent / 100)

    def _of_store(self) -> Iterator[Metric]:
        nodes = self._sources.nodes
        yield _gauge("known_nodes", "Nodes that the bot knows.", nodes.count())
        about = "Keys that wait for the operator's decision."
        yield _gauge("waiting_keys", about, len(nodes.waiting_keys()))
        path = self._sources.database_path
        parts = (path, path.with_name(f"{path.name}-wal"))
        size_bytes = 0
        for part in parts:
            try:
                size_bytes += part.stat().st_size
            except OSError:
                continue  # there is none, for now
        yield _gauge("store_size_bytes", "The database's files.", size_bytes)


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(f"meshbot_{name}", about, value)


def _counters(name: str, about: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(f"meshbot_{name}", about, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family


def _histogram(name: str, about: str, distribution: Distribution) -> Metric:
    bounds = [*(f"{bound:g}" for bound in distribution.bounds), "+Inf"]
    buckets = list(zip(bounds, distribution.up_to_bounds(), strict=True))
    return HistogramMetricFamily(f"meshbot_{name}", about, buckets, distribution.total)
