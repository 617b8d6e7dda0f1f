"""Serves the live page under uvicorn, in a thread of its own, as the bot's server does."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from meshbot.status.page.event_hub import EventHub
from meshbot.status.page.live_routes import live_routes
from meshbot.status.page.live_view import LiveView
from tests.support.limits import WAIT_S


@dataclass(frozen=True)
class ServedPage:
    """Where it is served, and who reads it."""

    port: int
    hub: EventHub

    @property
    def url(self) -> str:
        """Its address, for a browser."""
        return f"http://127.0.0.1:{self.port}/"


class _Server(uvicorn.Server):
    """Says when it serves, and at its end lets go of those who do not read."""

    def __init__(self, routes: list[Route]) -> None:
        super().__init__(
            uvicorn.Config(
                Starlette(routes=routes),
                lifespan="off",
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=2,
                ws="none",
            )
        )
        self.serves = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.serves.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)


@contextlib.contextmanager
def served(view: LiveView, port: int = 0) -> Iterator[ServedPage]:
    """Serve a view; at the end the thread is gone, whoever still reads."""
    servers: list[_Server] = []
    routes = live_routes(view, lambda: servers[0].should_exit)
    server = _Server(routes)
    servers.append(server)
    listening = socket.create_server(("127.0.0.1", port), backlog=128)
    thread = threading.Thread(target=server.run, args=([listening],), name="test-page")
    thread.start()
    try:
        assert server.serves.wait(WAIT_S)
        yield ServedPage(listening.getsockname()[1], hub_of(routes))
    finally:
        server.should_exit = True
        thread.join(WAIT_S)
        listening.close()
        assert not thread.is_alive()


def hub_of(routes: list[Route]) -> EventHub:
    """Return who wakes the readers of a page."""
    events = next(route for route in routes if route.path == "/events")
    hub = getattr(events.endpoint, "_hub", None)
    assert isinstance(hub, EventHub)
    return hub
