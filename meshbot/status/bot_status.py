"""What is told of the running bot by HTTP, put together. Imported only where that is wanted."""

from collections.abc import Callable, Sequence

from starlette.routing import BaseRoute

from meshbot.status.bot_collector import BotCollector
from meshbot.status.bot_counters import BotCounters
from meshbot.status.health import Health
from meshbot.status.status_routes import status_routes
from meshbot.status.status_server import StatusServer
from meshbot.status.status_settings import StatusSettings
from meshbot.status.status_sources import StatusSources

Pages = Callable[[Callable[[], bool]], Sequence[BaseRoute]]
"""Makes routes for people; is given what says whether the server is to end."""


def new_status_server(
    settings: StatusSettings,
    sources: StatusSources,
    counters: BotCounters,
    *,
    stuck_s: float,
    pages: Pages | None = None,
) -> StatusServer:
    """Return the server that the settings ask for, not yet started."""
    routes: list[BaseRoute] = list(
        status_routes(
            Health(sources, counters.counts, stuck_s=stuck_s),
            BotCollector(sources, counters.counts),
            settings.site,
        )
    )
    server = StatusServer(
        settings.address,
        settings.port,
        routes,
        allowed_hosts=settings.hosts,
        clock=sources.clock,
    )
    if pages is not None:
        server.add_routes(pages(lambda: server.is_ending))
    return server
