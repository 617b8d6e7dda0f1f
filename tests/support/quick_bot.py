"""The constants of a bot that takes hundredths of the time."""

from collections.abc import Callable
from typing import Any

from main_bot import MeshBot
from tests.support.limits import WAIT_S

QUICK_CONSTANTS: dict[str, Any] = {
    "TCP_PUBKEY_SYNC_DELAY": 0.3,
    "TCP_INTERFACE_CLEANUP_DELAY": 0.2,
    "TCP_INTERFACE_STABILIZATION_DELAY": 0.1,
    "TCP_SILENT_TIMEOUT": 60.0,
    "TCP_PROBE_TIMEOUT": 20.0,
    "TCP_HEARTBEAT_INTERVAL": 30.0,
    "TCP_HANDSHAKE_TIMEOUT": WAIT_S,
    "TCP_CONNECT_TIMEOUT": WAIT_S,
    "TCP_LASTING_SESSION": 0.05,
    "TCP_COURTESY_PAUSE": 0.05,
    "TCP_RETRY_MAX_EARLY": 0.1,
    "TCP_RETRY_MAX": 0.2,
    "TEXT_QUEUE_WAIT": WAIT_S,
    "AIR_BUDGET": 100.0,
    "AIR_BUDGET_STRANGERS": 100.0,
}
"""Pauses scaled down by about a hundred; how long the node may take is not, as a busy machine plays
it. Hours do not pass, so they are not counted: the air is free. Tests name those they depend on."""

QUICK_SILENCE: dict[str, float] = {
    "TCP_SILENT_TIMEOUT": 0.9,
    "TCP_PROBE_TIMEOUT": 0.3,
    "TCP_HEARTBEAT_INTERVAL": 0.2,
}
"""The rules of silence scaled down as well: for a node that goes silent."""


BotFactory = Callable[..., MeshBot]
