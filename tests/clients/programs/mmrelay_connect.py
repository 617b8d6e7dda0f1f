"""``mmrelay`` without Matrix: its own connecting, health checks and reconnecting."""

import asyncio
import logging
import os
from typing import Any

import mmrelay.meshtastic_utils as relay  # type: ignore[import-not-found]
from pubsub import pub

from tests.clients.programs import talk

HEALTH_CHECK_S = 10


def heard(packet: dict[str, Any], interface: Any) -> None:
    """Tell of a text."""
    talk.tell("heard", text=packet["decoded"].get("text", ""))


class Lost(logging.Handler):
    """Tells of what mmrelay itself says of a lost connection."""

    def emit(self, record: logging.LogRecord) -> None:
        """Tell of a warning."""
        text = record.getMessage()
        if "ost connection" in text or "econnect" in text:
            talk.tell("lost", why=text)
        elif record.levelno >= logging.WARNING:
            talk.tell("problem", text=text)


async def main() -> None:
    """Connect, check the health as mmrelay does, and send what is asked for."""
    host, port = talk.address()
    relay.event_loop = asyncio.get_running_loop()
    handler = Lost()
    relay.logger.addHandler(handler)
    config = {
        "meshtastic": {
            "connection_type": "tcp",
            "host": host,
            "port": port,
            "meshnet_name": "mesh",
            "health_check": {"enabled": True, "heartbeat_interval": HEALTH_CHECK_S},
        },
        "matrix_rooms": [],
    }
    client = await asyncio.to_thread(relay.connect_meshtastic, config)
    if client is None:
        talk.tell("problem", text="connect_meshtastic gave no client")
        return
    pub.subscribe(heard, "meshtastic.receive.text")
    talk.tell("connected", own=client.myInfo.my_node_num, nodes=len(client.nodes or {}))
    health = asyncio.create_task(relay.check_connection())

    def say() -> None:
        for text in talk.texts_to_say():
            relay.meshtastic_client.sendText(text)
            talk.tell("said", text=text)

    await asyncio.to_thread(say)
    relay.logger.removeHandler(handler)
    health.cancel()


asyncio.run(main())
os._exit(0)
