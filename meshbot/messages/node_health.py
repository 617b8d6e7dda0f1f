"""Keeps how our node is, by its own telemetry: battery, channel, air time.

Written on the worker thread; any thread may read :attr:`NodeHealth.latest`, a record that never
changes, replaced whole.
"""

import math
import time
from collections.abc import Callable

from meshtastic.protobuf import mesh_pb2, telemetry_pb2

from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.messages.node_uptime import own_metrics
from meshbot.model.link_event import EventKind
from meshbot.model.link_notes import LinkNotes
from meshbot.model.node_metrics import NodeMetrics

NOTE_INTERVAL_S = 900.0
MAX_VALUE = 1_000  # beyond that nothing is a level or a voltage


class NodeHealth:
    """The last that was told, and what of it the link's journal was given."""

    def __init__(self, notes: LinkNotes, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing was told."""
        self._notes = notes
        self._clock = clock
        self._session: SupervisedInterface | None = None
        self._noted_s = -math.inf
        self._latest = NodeMetrics()

    @property
    def latest(self) -> NodeMetrics:
        """What the node said of itself last."""
        return self._latest

    def hear(
        self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket, received_s: float
    ) -> NodeMetrics | None:
        """Keep what a packet received at ``received_s`` tells of our node; return it.

        The journal is given the first of a session, then one every :data:`NOTE_INTERVAL_S`.
        """
        told = own_metrics(interface, packet, received_s)
        metrics = _metrics_of(told) if told is not None else NodeMetrics()
        if metrics == NodeMetrics():
            return None
        self._latest = metrics
        now_s = self._clock()
        if interface is not self._session or now_s - self._noted_s >= NOTE_INTERVAL_S:
            self._session, self._noted_s = interface, now_s
            self._notes.note(EventKind.METRICS, text=metrics.as_json())
        return metrics


def _metrics_of(told: telemetry_pb2.DeviceMetrics) -> NodeMetrics:
    channel = told.channel_utilization if told.HasField("channel_utilization") else math.nan
    air = told.air_util_tx if told.HasField("air_util_tx") else math.nan
    return NodeMetrics(
        battery_percent=told.battery_level if 0 < told.battery_level < MAX_VALUE else None,
        voltage_v=told.voltage if 0 < told.voltage < MAX_VALUE else None,
        channel_percent=channel if 0 <= channel <= 100 else None,
        air_percent=air if 0 <= air <= 100 else None,
    )
