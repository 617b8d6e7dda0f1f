"""uvicorn's server as the bot runs it: wakes nobody without need, says nothing, ends at once."""

import asyncio
import logging
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from meshbot.status.bounded_connection import BoundedConnection
from meshbot.status.connection_table import ConnectionTable
from meshbot.status.status_limits import StatusLimits

_SILENT = logging.CRITICAL + 1
_LOGGERS = ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi")
LAST_WAIT = 3
"""So many times the first wait: what is cancelled ends at once, but not on a busy machine."""
CLOSING_ROUNDS = 5


class QuietServer(uvicorn.Server):
    """Serves one application until :meth:`end`. Belongs to one loop, as all of its methods."""

    def __init__(
        self, app: ASGIApp, limits: StatusLimits, on_started: Callable[[], object]
    ) -> None:
        """Prepare to serve ``app``; ``on_started`` is called once somebody can be let in."""
        for name in _LOGGERS:
            logging.getLogger(name).setLevel(_SILENT)
        super().__init__(
            uvicorn.Config(
                app,
                loop="asyncio",
                http=BoundedConnection,
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,
                backlog=limits.connections,
                h11_max_incomplete_event_size=limits.head_bytes,
            )
        )
        self._table = ConnectionTable(limits)
        self.server_state = self._table
        self._ended = asyncio.Event()
        self._on_started = on_started

    def end(self) -> None:
        """Have :meth:`serve` return."""
        self._ended.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen."""
        await super().startup(sockets)
        self._on_started()

    async def main_loop(self) -> None:
        """Wait for the end; uvicorn itself looks for it ten times a second."""
        await self._ended.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen no more, hang up on everybody, and end what is at work on an answer."""
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        self._table.end_all()
        for is_last in (False, True):
            # uvicorn's, and those of asyncio that take in who came just now.
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            if is_last:
                for task in tasks:
                    task.cancel()
            if tasks:
                limit_s = self._table.limits.end_s * (LAST_WAIT if is_last else 1)
                await asyncio.wait(tasks, timeout=limit_s)
        for _ in range(CLOSING_ROUNDS):  # of the loop, for the last connections to be closed
            self._table.end_all()
            await asyncio.sleep(0)
