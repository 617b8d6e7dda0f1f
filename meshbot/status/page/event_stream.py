"""One reader of the stream of events, as the answer to its request.

Nothing is queued for it: when it has taken one part, it is given the next that is newer than what
it has, as that part is then. One that does not read costs what its connection's buffer holds.
"""

import asyncio

from starlette.types import Receive, Scope, Send

from meshbot.status.page.event_hub import EventHub

TICK_S = 5.0
RETRY = b"retry: 2000\n\n"
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class EventStream:
    """An ASGI application for one request."""

    def __init__(self, hub: EventHub, revision: int = 0) -> None:
        """Name who wakes it; ``revision``: what the reader has already."""
        self._hub = hub
        self._revision = revision
        self._giving = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the reader until it is gone, or the server ends."""
        news = self._hub.enter()
        gone = asyncio.ensure_future(_gone(receive))
        gone.add_done_callback(lambda _: news.set())
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await self._give(send, RETRY + self._hub.page.tick())
            await self._serve(send, news, gone)
        except asyncio.CancelledError:  # the server ends, and its log is no place for that
            if self._giving:
                return  # to one who does not read: there is no end that it would take
        finally:
            self._hub.leave(news)
            gone.cancel()
        await send({"type": "http.response.body"})

    async def _serve(self, send: Send, news: asyncio.Event, gone: "asyncio.Future[None]") -> None:
        while not (gone.done() or self._hub.is_over()):
            await self._give_newer(send, gone)
            try:
                await asyncio.wait_for(news.wait(), TICK_S)
            except TimeoutError:
                await self._give(send, self._hub.page.tick())
            news.clear()

    async def _give_newer(self, send: Send, gone: "asyncio.Future[None]") -> None:
        while not gone.done():
            fragment = self._hub.page.next_after(self._revision)
            if fragment is None:
                return
            self._revision = fragment.revision
            await self._give(send, fragment.event)

    async def _give(self, send: Send, data: bytes) -> None:
        self._giving = True
        await send({"type": "http.response.body", "body": data, "more_body": True})
        self._giving = False


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
