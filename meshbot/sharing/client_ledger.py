"""What clients did and was not noted yet, for the journal of the link. Pure.

Whatever clients do, the journal is given a limited number of events an hour, so that they cannot
push the link's own history out of it: what finds no room waits, is added up by host, and comes
later. Guarded by its owner's lock.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from meshbot.model.client_refusals import ClientRefusals
from meshbot.model.client_status import ClientStatus
from meshbot.model.client_use import MOST_NUMBERS, ClientUse
from meshbot.model.link_event import EventKind
from meshbot.sharing.fair_allowance import FairAllowance

STAYS_S = 10.0
"""Who stays so long is told to be there: a command of the command line is gone before."""
AGAIN_S = 3_600.0
"""How often what a connection has sent so far is noted."""
MOST_EVENTS = 24
EVENT_EACH_S = 240.0
"""With these, ninety days of a client that misbehaves are a third of what the journal keeps."""
HOST_EACH_S = 600.0
MOST_HOSTS = 32
MOST_TOLD = 256
"""So many are remembered whose end was not told."""
OTHERS = ""
"""The host that stands for all beyond those that find room."""


class ClientNote(NamedTuple):
    """One event for the journal."""

    kind: EventKind
    times: int
    seconds: float | None
    text: str


@dataclass(slots=True)
class _Ended:
    """Connections of a host that ended."""

    connections: int = 0
    lengths_s: float = 0.0
    packets: int = 0
    numbers: list[int] = field(default_factory=list)
    last_s: float = 0.0


class ClientLedger:
    """Adds up what is to be noted."""

    def __init__(self) -> None:
        """Nothing happened."""
        self._there: dict[int, ClientStatus] = {}
        self._told: dict[int, tuple[float, int]] = {}
        """When each connection was noted to be there last, and its packets then."""
        self._ended: OrderedDict[str, _Ended] = OrderedDict()
        self._refused: OrderedDict[str, ClientRefusals] = OrderedDict()
        self._room = FairAllowance(MOST_EVENTS, EVENT_EACH_S, key_each_s=HOST_EACH_S)

    def look(self, clients: Iterable[ClientStatus]) -> None:
        """Be told who is connected now, all of them."""
        self._there = {client.number: client for client in clients}
        if len(self._told) > MOST_TOLD:
            self._told = {num: told for num, told in self._told.items() if num in self._there}

    def left(self, client: ClientStatus, now_s: float) -> None:
        """Count a connection that ended."""
        self._there.pop(client.number, None)
        ended = self._ended.setdefault(_kept(host_of(client.address), self._ended), _Ended())
        ended.connections += 1
        ended.lengths_s += client.connected_s
        ended.packets += client.packets
        ended.last_s = now_s
        was_told = self._told.pop(client.number, None) is not None
        if was_told and len(ended.numbers) < MOST_NUMBERS:
            ended.numbers.append(client.number)

    def refused(self, host: str, kind: str) -> None:
        """Count what was refused."""
        host = _kept(host, self._refused)
        self._refused.setdefault(host, ClientRefusals(host)).add(kind)

    def due(self, now_s: float, *, everything: bool = False) -> list[ClientNote]:
        """Return what is to be noted now; ``everything``: the bot stops, nothing may wait."""
        notes = [
            self._note_there(client, now_s)
            for client in self._there.values()
            if self._is_news(client, now_s)
            and self._may(EventKind.CLIENT_THERE, host_of(client.address), now_s)
        ]
        for host in list(self._ended):
            if everything or self._may(EventKind.CLIENT_LEFT, host, now_s):
                notes.append(_note_ended(host, self._ended.pop(host), now_s))
        for host in list(self._refused):
            if everything or self._may(EventKind.CLIENT_REFUSED, host, now_s):
                refusals = self._refused.pop(host)
                notes.append(
                    ClientNote(EventKind.CLIENT_REFUSED, refusals.count, None, refusals.as_json())
                )
        return notes

    def _may(self, kind: EventKind, host: str, now_s: float) -> bool:
        return self._room.allows((kind, host), now_s)

    def _is_news(self, client: ClientStatus, now_s: float) -> bool:
        told = self._told.get(client.number)
        if told is None:
            return client.connected_s >= STAYS_S
        return now_s - told[0] >= AGAIN_S and client.packets != told[1]

    def _note_there(self, client: ClientStatus, now_s: float) -> ClientNote:
        self._told[client.number] = (now_s, client.packets)
        use = ClientUse(host_of(client.address), client.packets, (client.number,))
        return ClientNote(EventKind.CLIENT_THERE, 1, client.connected_s, use.as_json())


def host_of(address: str) -> str:
    """Return an address without its port, if it has one."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    host, colon, _ = address.partition(":")
    return host if colon and address.count(":") == 1 else address


def _kept(host: str, table: OrderedDict[str, _Ended] | OrderedDict[str, ClientRefusals]) -> str:
    """Return under which name a host is counted."""
    return host if host in table or len(table) < MOST_HOSTS else OTHERS


def _note_ended(host: str, ended: _Ended, now_s: float) -> ClientNote:
    use = ClientUse(host, ended.packets, tuple(ended.numbers), now_s - ended.last_s)
    return ClientNote(EventKind.CLIENT_LEFT, ended.connections, ended.lengths_s, use.as_json())
