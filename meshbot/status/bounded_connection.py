"""A connection to the status server that can be seen to stand still."""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from meshbot.status.connection_table import ConnectionTable
from meshbot.status.status_limits import StatusLimits


class BoundedConnection(H11Protocol):
    """uvicorn's own, which by itself waits for ever for a request and for a reader."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Prepare, as uvicorn asks for it."""
        super().__init__(config, server_state, app_state, _loop)
        self._table = server_state if isinstance(server_state, ConnectionTable) else None
        self._limits = self._table.limits if self._table is not None else StatusLimits()
        self._idle_since_s = self._moved_s = self.loop.time()
        self._unread = 0

    @property
    def idle_since_s(self) -> float | None:
        """Since when it has asked for nothing, on the loop's clock; None while it is answered."""
        is_answered = self.cycle is not None and not self.cycle.response_complete
        return None if is_answered else self._idle_since_s

    @property
    def unread_since_s(self) -> float | None:
        """Since when, as it was looked at last, nothing of its answer was read; None: all was."""
        return self._moved_s if self.transport.get_write_buffer_size() else None

    @property
    def is_ending(self) -> bool:
        """Whether its end has begun and nothing is left to be read."""
        return self.transport.is_closing() and not self.transport.get_write_buffer_size()

    def is_overdue(self, now_s: float) -> bool:
        """Say whether it has taken too long over its request, or over the answer."""
        unread = self.transport.get_write_buffer_size()
        if not unread or unread < self._unread:
            self._moved_s = now_s
        self._unread = unread
        since_s = self.idle_since_s
        if unread:
            return now_s - self._moved_s > self._limits.unread_s
        return since_s is not None and now_s - since_s > self._limits.request_s

    def drop(self) -> None:
        """End it at once, whatever it has not read."""
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, if there is room."""
        super().connection_made(transport)
        self._idle_since_s = self._moved_s = self.loop.time()
        if self._table is not None:
            self._table.came(self)

    def on_response_complete(self) -> None:
        """Go on to the next request, which has its own time."""
        self._idle_since_s = self.loop.time()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of it at once: of one that was reset uvicorn keeps all for five seconds."""
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
