"""Serves the live page under uvicorn, in a thread of its own, as the bot's server does."""

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


@contextlib.contextmanager
def served(view: LiveView, port: int = 0) -> Iterator[ServedPage]:
    """Serve a view; at the end the thread is gone, whoever still reads."""
    servers: list[uvicorn.Server] = []
    routes = live_routes(view, lambda: servers[0].should_exit)
    config = uvicorn.Config(
        Starlette(routes=routes),
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
        ws="none",
    )
    server = uvicorn.Server(config)
    servers.append(server)
    listening = socket.create_server(("127.0.0.1", port), backlog=128)
    started = threading.Event()
    startup = server.startup

    async def tell_startup(sockets: list[socket.socket] | None = None) -> None:
        await startup(sockets)
        started.set()

    server.startup = tell_startup  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run, args=([listening],), name="test-page")
    thread.start()
    try:
        assert started.wait(WAIT_S)
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
