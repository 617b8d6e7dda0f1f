"""Contender: what mmrelay does to stay connected, and a callback that answers ``/ping``.

It begins as mmrelay's ``main`` does: database, plug-ins (none is active), ``connect_meshtastic``,
``check_connection``. Left out: Matrix, its queue of messages, the copying of names to its database.
What it does with each packet it does here, too, in the thread in which the callback is called.
"""

import asyncio
import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Coroutine
from typing import Any

from benchmarks.contender import run
from benchmarks.stock_bot import StockBot

_home = tempfile.TemporaryDirectory()
os.environ["MMRELAY_HOME"] = _home.name  # it makes folders while it is imported

with contextlib.redirect_stdout(sys.stderr):  # it logs meanwhile, to where answers are expected
    from mmrelay import (  # type: ignore[import-not-found]
        db_utils,
        matrix_utils,
        plugin_loader,
    )
    from mmrelay import meshtastic_utils as relay
    from mmrelay.config import set_config  # type: ignore[import-not-found]
    from mmrelay.constants import network  # type: ignore[import-not-found]


class MmrelayBot(StockBot):
    """mmrelay with its default configuration: no health checks."""

    checks = False
    """Whether its health checks are turned on."""

    def __init__(self, port: int, speed: float) -> None:
        """Prepare its configuration and its event loop."""
        super().__init__(port, speed)
        self._loop = asyncio.new_event_loop()
        settings: dict[str, Any] = {
            "connection_type": "tcp",
            "host": "127.0.0.1",
            "port": port,
            "meshnet_name": "mesh",
        }
        if self.checks:
            limit_s = network.DEFAULT_MESHTASTIC_OPERATION_TIMEOUT / speed
            settings["health_check"] = {"enabled": True, "probe_timeout": limit_s}
        self._config = {"meshtastic": settings, "matrix_rooms": []}
        if speed != 1.0:
            _compress_pauses(speed)

    def connect(self) -> None:
        """Connect, and let it look after the connection from then on."""
        for module in (matrix_utils, relay, plugin_loader, db_utils):
            set_config(module, self._config)
        relay.event_loop = self._loop
        threading.Thread(target=self._loop.run_forever, name="loop", daemon=True).start()
        db_utils.initialize_database()
        plugin_loader.load_plugins(passed_config=self._config)
        relay.meshtastic_client = relay.connect_meshtastic(passed_config=self._config)
        if relay.meshtastic_client is None:
            raise RuntimeError("not connected")
        asyncio.run_coroutine_threadsafe(relay.check_connection(), self._loop)

    def stop(self) -> None:
        """Have it give up, and close what it has open."""
        relay.shutting_down = True
        if relay.meshtastic_client is not None:
            with contextlib.suppress(Exception):
                relay.meshtastic_client.close()


def _compress_pauses(speed: float) -> None:
    """Shorten the pauses between its checks and before it reconnects."""
    sleep = asyncio.sleep

    def quick_sleep(delay: float) -> Coroutine[Any, Any, None]:
        return sleep(delay / speed)

    setattr(asyncio, "sleep", quick_sleep)  # noqa: B010 - mypy knows better


if __name__ == "__main__":
    run(MmrelayBot)
