"""The connections of the status server: how many there may be, and for how long with nothing done.

Owned by the server's loop, as everything of uvicorn's is.
"""

import asyncio
from typing import Protocol

from uvicorn.server import ServerState

from meshbot.status.status_limits import StatusLimits


class Connection(Protocol):
    """One of them."""

    @property
    def idle_since_s(self) -> float | None:
        """Since when it has asked for nothing, on the loop's clock; None while it is answered."""

    @property
    def unread_since_s(self) -> float | None:
        """Since when nothing of its answer was read; None where nothing is left to be read."""

    @property
    def is_ending(self) -> bool:
        """Whether its end has begun."""

    def is_overdue(self, now_s: float) -> bool:
        """Say whether it has taken too long over its request, or over the answer."""

    def drop(self) -> None:
        """End it at once, whatever it has not read."""


class ConnectionTable(ServerState):
    """What uvicorn knows of its connections, with limits."""

    def __init__(self, limits: StatusLimits) -> None:
        """Begin without any."""
        super().__init__()
        self.limits = limits
        self._there: list[Connection] = []
        self._next_look: asyncio.TimerHandle | None = None
        self._is_over = False

    def came(self, newcomer: Connection) -> None:
        """Take a connection in.

        Where there are too many, the one that has been idle for longest goes, else the one that
        has read nothing for longest: who opens a hundred and asks for nothing, or reads none of
        what he asked for, keeps nobody out.
        """
        if self._is_over:
            newcomer.drop()
            return
        self._there = [old for old in self._there if not old.is_ending]
        self._there.append(newcomer)
        if len(self._there) > self.limits.connections:
            self._least_busy(self._there[:-1], newcomer).drop()
        if self._next_look is None:
            self._look_later()

    @staticmethod
    def _least_busy(others: list[Connection], newcomer: Connection) -> Connection:
        idle = [(one.idle_since_s, one) for one in others]
        deaf = [(one.unread_since_s, one) for one in others]
        for still in (idle, deaf):
            known = [(since_s, one) for since_s, one in still if since_s is not None]
            if known:
                return min(known, key=lambda pair: pair[0])[1]
        return newcomer

    def end_all(self) -> None:
        """Drop everybody, and look no more; who was let in just now is dropped when he comes."""
        self._is_over = True
        if self._next_look is not None:
            self._next_look.cancel()
        for connection in self._there:
            connection.drop()

    def _look_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._next_look = loop.call_later(self.limits.look_s, self._look)

    def _look(self) -> None:
        """Drop who is overdue; without any connection nothing wakes the server."""
        self._next_look = None
        now_s = asyncio.get_running_loop().time()
        self._there = [old for old in self._there if not old.is_ending]
        for connection in self._there:
            if connection.is_overdue(now_s):
                connection.drop()
        if self._there:
            self._look_later()
