"""The constants of a bot that takes hundredths of the time."""

from collections.abc import Callable
from typing import Any

from main_bot import MeshBot

QUICK_CONSTANTS: dict[str, Any] = {
    "TCP_PUBKEY_SYNC_DELAY": 0.3,
    "TCP_INTERFACE_CLEANUP_DELAY": 0.2,
    "TCP_INTERFACE_STABILIZATION_DELAY": 0.1,
    "TCP_SILENT_TIMEOUT": 0.9,
    "TCP_PROBE_TIMEOUT": 0.3,
    "TCP_HEARTBEAT_INTERVAL": 0.2,
    "TCP_HANDSHAKE_TIMEOUT": 1.0,
    "TCP_CONNECT_TIMEOUT": 1.0,
    "TCP_LASTING_SESSION": 0.05,
    "TCP_RETRY_MAX_EARLY": 0.1,
    "TCP_RETRY_MAX": 0.2,
    "TEXT_QUEUE_WAIT": 0.5,
}
"""The default constants, scaled down by about a hundred; tests name those they depend on."""

BotFactory = Callable[..., MeshBot]
