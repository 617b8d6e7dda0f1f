"""Notes how long the node has run, by its own telemetry. On the worker thread.

Firmware 2.5 to 2.8 gives its client its telemetry once a minute (``DeviceTelemetry.cpp``). While no
client is there it keeps one, which may be hours old when it comes with the burst after the
handshake: that says nothing of how the node is now, so what comes so soon is left out. So is the
uptime in the node's own entry of its database: it is that of the last telemetry before the
download, and outlives a reboot (2.7.26 and 2.8.0 sent 1,080 s and 795 s within seconds of a start).
"""

import time
from collections.abc import Callable

from google.protobuf.message import DecodeError
from meshtastic.protobuf import mesh_pb2, portnums_pb2, telemetry_pb2

from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.messages.heard_packet import BACKLOG_S
from meshbot.messages.own_packets import is_of_own_node
from meshbot.model.link_event import EventKind
from meshbot.model.link_notes import LinkNotes

_TELEMETRY = portnums_pb2.PortNum.TELEMETRY_APP


class NodeUptime:
    """The uptime heard in the session there is."""

    def __init__(self, notes: LinkNotes, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing was heard."""
        self._notes = notes
        self._clock = clock
        self._session: SupervisedInterface | None = None
        self._last_s: int | None = None

    def hear(
        self, interface: SupervisedInterface, packet: mesh_pb2.MeshPacket, received_s: float
    ) -> None:
        """Note the node's uptime if a packet received at ``received_s`` tells it, and it is news.

        News is the first of a session, and one that fell: the node restarted unseen.
        """
        if interface is not self._session:
            self._session, self._last_s = interface, None
        metrics = own_metrics(interface, packet, received_s)
        # 0 is what a node sends that does not say.
        if metrics is None or not metrics.uptime_seconds:
            return
        uptime_s = int(metrics.uptime_seconds)
        last_s, self._last_s = self._last_s, uptime_s
        if last_s is None or uptime_s < last_s:
            self._notes.note(EventKind.UPTIME, seconds=uptime_s + self._clock() - received_s)


def own_metrics(
    interface: SupervisedInterface, packet: mesh_pb2.MeshPacket, received_s: float
) -> telemetry_pb2.DeviceMetrics | None:
    """Return how our node is, if a packet received at ``received_s`` tells it, and tells it now."""
    if packet.decoded.portnum != _TELEMETRY or not is_of_own_node(interface, packet):
        return None
    if interface.ready_s is None or received_s - interface.ready_s < BACKLOG_S:
        return None
    try:
        telemetry = telemetry_pb2.Telemetry.FromString(packet.decoded.payload)
    except DecodeError:
        return None  # the interface has counted it already
    return telemetry.device_metrics if telemetry.HasField("device_metrics") else None
