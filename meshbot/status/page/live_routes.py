"""The addresses of the live page, for the server that the bot runs."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from meshbot.status.host_guard import HEADERS
from meshbot.status.page.event_hub import EventHub
from meshbot.status.page.event_stream import EventStream
from meshbot.status.page.live_page import LivePage
from meshbot.status.page.live_view import LiveView
from meshbot.status.page.static_file import StaticFile

BUSY_RETRY_S = "5"
_STATIC = (
    StaticFile("live.js", "text/javascript"),
    StaticFile("live.css", "text/css"),
)


class _Events:
    """The stream, as an ASGI application: it must see when its reader goes."""

    def __init__(self, hub: EventHub) -> None:
        self._hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "HEAD":
            head = Response(media_type="text/event-stream")
            await head(scope, receive, send)
            return
        if self._hub.is_full:
            headers = {"Retry-After": BUSY_RETRY_S}
            busy = PlainTextResponse("busy", status_code=503, headers=headers)
            await busy(scope, receive, send)
            return
        seen = Request(scope).headers.get("last-event-id", "")
        await EventStream(self._hub, self._hub.page.revision_of(seen))(scope, receive, send)


def live_routes(view: LiveView, is_over: Callable[[], bool] = lambda: False) -> list[Route]:
    """Return the page, its events and its files; all of them are only read.

    They are to be served by one loop. A stream lasts until its reader goes, or for a second after
    ``is_over`` says that the server is to end, or until it is cancelled.
    """
    page = LivePage(view)

    async def show(request: Request) -> Response:
        return HTMLResponse(page.html(), headers=HEADERS)

    return [
        Route("/", show),
        Route("/events", _Events(EventHub(page, is_over)), methods=["GET"]),
        *(Route(f"/static/{file.name}", file.serve) for file in _STATIC),
    ]
