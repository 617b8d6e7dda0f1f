"""The two addresses for programs: ``/healthz`` and ``/metrics``."""

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from meshbot.status.bot_collector import BotCollector
from meshbot.status.health import Health
from meshbot.status.site_collector import SiteCollector

OPEN_METRICS = "application/openmetrics-text"


def status_routes(health: Health, bot: BotCollector, site: str) -> list[Route]:
    """Return the routes; nothing of prometheus_client's own registry is shown."""
    registry = CollectorRegistry(auto_describe=False)
    process = ProcessCollector(registry=None)
    registry.register(SiteCollector((bot, process), site))

    async def healthz(request: Request) -> Response:
        problem = health.problem()
        return PlainTextResponse(f"{problem or 'ok'}\n", status_code=503 if problem else 200)

    async def metrics(request: Request) -> Response:
        # Of what a client says it takes nothing else is read: the library trips over odd versions.
        is_modern = OPEN_METRICS in request.headers.get("accept", "")
        encode, content_type = choose_encoder(f"{OPEN_METRICS}; version=1.0.0" if is_modern else "")
        return Response(encode(registry), headers={"Content-Type": content_type})

    return [Route("/healthz", healthz), Route("/metrics", metrics)]
