"""Adds up what the events of the link tell of the shared node's clients. Pure.

Events of clients say nothing of the link, and change nothing in its history.
"""

from dataclasses import dataclass

from meshbot.diagnosis.host_use import HostUse
from meshbot.model.client_refusals import ClientRefusals
from meshbot.model.client_use import ClientUse
from meshbot.model.link_event import EventKind, LinkEvent

OF_CLIENTS = frozenset((EventKind.CLIENT_THERE, EventKind.CLIENT_LEFT, EventKind.CLIENT_REFUSED))


@dataclass(slots=True)
class _Open:
    """A connection that lasts, as it was last told of."""

    use: ClientUse
    came_s: float
    seen_s: float


class ClientLog:
    """Takes events in the order of time; what ended before ``since_s`` is left out."""

    def __init__(self, since_s: float) -> None:
        """Know of nobody."""
        self._since_s = since_s
        self._hosts: dict[str, HostUse] = {}
        self._open: dict[int, _Open] = {}
        self._stopped_s: float | None = None
        """When the bot said that it stops; ends of connections may be noted after that."""

    def add(self, event: LinkEvent) -> None:
        """Take an event about a client."""
        if event.kind is EventKind.CLIENT_THERE:
            self._there(event)
        elif event.kind is EventKind.CLIENT_LEFT:
            self._left(event)
        elif event.kind is EventKind.CLIENT_REFUSED and event.wall_s >= self._since_s:
            refusals = ClientRefusals.from_json(event.text)
            refused = self._host(refusals.host).refused
            for kind, count in refusals.kinds.items():
                refused[kind] = refused.get(kind, 0) + count

    def stopped(self, now_s: float) -> None:
        """The bot stops: nobody is connected any more, also if that is not noted."""
        self._stopped_s = now_s

    def end_run(self, now_s: float) -> None:
        """Nobody of a run is connected any more: another begins, up to which nothing was seen."""
        if self._stopped_s is not None:
            now_s, self._stopped_s = self._stopped_s, None
        for one in self._open.values():
            self._close(one, max(now_s, one.seen_s))
        self._open.clear()

    def uses(self, now_s: float) -> list[HostUse]:
        """Return each host's, those of the longest connections first, up to ``now_s``."""
        lasts = self._stopped_s is None and now_s >= self._since_s
        there = list(self._open.values()) if lasts else []
        self.end_run(now_s)
        for one in sorted(there, key=lambda one: -one.came_s):
            host = self._host(one.use.host)
            host.there, host.there_since_s = host.there + 1, one.came_s
        return sorted(self._hosts.values(), key=lambda use: (-use.seconds, use.host))

    def _there(self, event: LinkEvent) -> None:
        use = ClientUse.from_json(event.text)
        for number in use.numbers[:1]:
            came_s = event.wall_s - (event.seconds or 0.0)
            self._open[number] = _Open(use, came_s, event.wall_s)

    def _left(self, event: LinkEvent) -> None:
        use, connections = ClientUse.from_json(event.text), event.count or 1
        ended_s = event.wall_s - use.ago_s
        came_s = [
            one.came_s
            for number in use.numbers
            if (one := self._open.pop(number, None)) is not None
        ]
        if event.wall_s < self._since_s:
            return
        host, seconds = self._host(use.host), event.seconds or 0.0
        host.connections += connections
        host.seconds += seconds
        host.packets += use.packets
        host.saw(min([ended_s - seconds / connections, *came_s]), ended_s)

    def _close(self, one: _Open, now_s: float) -> None:
        if now_s < self._since_s:
            return
        host = self._host(one.use.host)
        host.connections += 1
        host.seconds += max(now_s - one.came_s, 0.0)
        host.packets += one.use.packets
        host.saw(one.came_s, now_s)

    def _host(self, name: str) -> HostUse:
        return self._hosts.setdefault(name, HostUse(name))
