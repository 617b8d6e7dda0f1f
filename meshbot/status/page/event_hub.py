"""Who reads the stream of events, and the one task that looks at the bot for all of them.

Everything here is of the loop that serves the page. The task lives while there are readers: with
none the page costs nothing.
"""

import asyncio
from collections.abc import Callable

from meshbot.status.page.live_page import LivePage

MOST_READERS = 64
LOOK_S = 1.0


class EventHub:
    """Wakes the readers when the page has changed."""

    def __init__(self, page: LivePage, is_over: Callable[[], bool] = lambda: False) -> None:
        """Nobody reads; ``is_over`` says whether the server is to end."""
        self.page = page
        self.is_over = is_over
        self._readers: set[asyncio.Event] = set()
        self._looking: asyncio.Task[None] | None = None

    @property
    def readers(self) -> int:
        """How many there are."""
        return len(self._readers)

    @property
    def is_full(self) -> bool:
        """Whether there is no room for another one."""
        return len(self._readers) >= MOST_READERS

    def enter(self) -> asyncio.Event:
        """Take a reader in; return what is set when there is something new."""
        news = asyncio.Event()
        self._readers.add(news)
        if self._looking is None:
            self._looking = asyncio.get_running_loop().create_task(self._look(), name="live-page")
        return news

    def leave(self, news: asyncio.Event) -> None:
        """Let a reader go."""
        self._readers.discard(news)
        if not self._readers and self._looking is not None:
            self._looking.cancel()
            self._looking = None

    async def _look(self) -> None:
        while True:
            if self.is_over() or self.page.refresh():
                for news in self._readers:
                    news.set()
            await asyncio.sleep(LOOK_S)
