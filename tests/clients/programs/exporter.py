"""``meshtastic-prometheus-exporter``: its whole program, counting what the mesh says."""

import os
import threading
from typing import Any

from tests.clients.programs import talk

host, port = talk.address()
os.environ.update(
    ENABLE_SENTRY="0",  # else it reports to its makers
    LOG_LEVEL="FATAL",  # its lines would stand among ours
    MESHTASTIC_INTERFACE="TCP",
    INTERFACE_TCP_ADDR=host,
    INTERFACE_TCP_PORT=str(port),
    PROMETHEUS_SERVER_ADDR="127.0.0.1",
)

import prometheus_client  # noqa: E402
from pubsub import pub  # noqa: E402

# It is imported by name into what is imported next, with a port that may be taken.
prometheus_client.start_http_server = lambda **_: None  # type: ignore[assignment]

from meshtastic_prometheus_exporter import (  # type: ignore[import-not-found] # noqa: E402
    __main__ as exporter,
)


def texts_counted() -> float:
    """Return how many texts the exporter counts, as Prometheus would be told."""
    lines = prometheus_client.generate_latest().decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if "TEXT_MESSAGE_APP" in line)


def counted(packet: dict[str, Any], interface: Any) -> None:
    """Have the exporter take a packet, and tell of a text that it counted."""
    before = texts_counted()
    take(packet, interface)
    if texts_counted() > before:
        talk.tell("heard", text=packet["decoded"].get("text", ""))


take, exporter.on_native_message = exporter.on_native_message, counted


def established(interface: Any) -> None:
    """Tell that it is connected."""
    talk.tell("connected", own=interface.myInfo.my_node_num, nodes=len(interface.nodes or {}))


def lost(interface: Any) -> None:
    """Tell that it is not."""
    talk.tell("lost", why="meshtastic.connection.lost")


pub.subscribe(established, "meshtastic.connection.established")
pub.subscribe(lost, "meshtastic.connection.lost")
threading.Thread(target=exporter.main, daemon=True).start()
for _ in talk.texts_to_say():
    pass
os._exit(0)
