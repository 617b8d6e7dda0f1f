"""Whose packet is whose: the ids of clients' packets, and those that they have on the air. Pure.

A packet keeps the id that its client gave it unless another's has it. Where two clients, or one and
the bot, use the same, the later one's goes out under another; whatever is answered is given back
with the id that the client knows. Owned by the loop that serves the clients.

A node takes a packet whose id was among the last twenty of a connection for a repetition
(``PhoneAPI::wasSeenRecently``), and so is it here. A client that comes back and says again what it
had said before it left is given the same id again, as the node would: who heard it already, knows
it by that.
"""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from meshtastic.protobuf import mesh_pb2

MAX_EACH = 2_000
"""Of one client, and of the bot: at a packet every two seconds, more than an hour of them."""
MAX_ALL = 8_000
KEPT_S = 3_600.0
"""The node gives a packet up after half a minute; one that waited for it, after some minutes."""
REPEATED = 20
MAX_FORMER = 4
"""A packet is sealed once, and perhaps again with a newer key. The first id is always kept."""
_LARGEST = 0xFFFFFFFF


class Owner(NamedTuple):
    """Whose packet it is."""

    client: int | None
    """None: the bot's own."""
    own_id: int
    """The id by which its owner knows it."""


@dataclass(slots=True, eq=False)
class _Entry:
    """A packet. Its ``air_id`` leads to it, and so do its ``former`` ones."""

    owner: Owner
    air_id: int
    since_s: float
    number: int
    """Which of its owner's packets it is."""
    former: tuple[int, ...] = ()
    gone: bool = False
    """Whether its client is."""


class PacketIds:
    """Bounded: the oldest are forgotten, of clients that are gone first."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        draw: Callable[[], int] = lambda: secrets.randbits(32),
    ) -> None:
        """Take a clock, in seconds, and where ids come from."""
        self._clock = clock
        self._draw = draw
        self._on_air: dict[int, _Entry] = {}
        self._tables: dict[int | None, OrderedDict[int, _Entry]] = {}
        self._gone: OrderedDict[int, _Entry] = OrderedDict()
        """Packets of clients that are gone, by their ids on the air."""
        self._counts: dict[int | None, int] = {}

    def __len__(self) -> int:
        """Return how many ids are remembered."""
        return len(self._on_air)

    # -- What goes out ---------------------------------------------------------------------------

    def enter(self, client: int, own_id: int) -> int | None:
        """Return the id that a client's packet has on the air; None: it is a repetition.

        ``own_id`` 0: the client leaves it to us, and knows its packet by the id that is made.
        """
        table = self._tables.get(client)
        known = table.get(own_id) if table and own_id else None
        if known is not None:
            if self._counts[client] - known.number < REPEATED:
                return None
            self._drop(known)
        there = self._on_air.get(own_id)
        if there is not None and there.gone:
            # Of a client that is gone: most likely the same one, come back.
            self._drop(there)
            there = None
        air_id = own_id if own_id and there is None else self._unused(client)
        self._note(Owner(client, own_id or air_id), air_id)
        return air_id

    def note_bot(self, packet_id: int) -> None:
        """Note a packet of the bot's own: what is said of it is no client's business."""
        there = self._on_air.get(packet_id)
        if there is not None:
            self._drop(there)
        if packet_id:
            self._note(Owner(None, packet_id), packet_id)

    def renumber(self, old_id: int, new_id: int) -> None:
        """Note that a packet goes out under another id; what is said of either is its owner's."""
        entry = self._on_air.get(old_id)
        there = self._on_air.get(new_id)
        if entry is None or not new_id or there is entry:
            return
        if there is not None:
            self._drop(there)
        if entry.gone:
            self._gone[new_id] = self._gone.pop(entry.air_id)
        if len(entry.former) == MAX_FORMER:
            del self._on_air[entry.former[1]]
            entry.former = (entry.former[0], *entry.former[2:])
        entry.former = (*entry.former, entry.air_id)
        entry.air_id = new_id
        self._on_air[new_id] = entry
        self._trim()

    def unsent(self, packet_id: int) -> None:
        """Forget a packet that the node never got: its client may try it again."""
        entry = self._on_air.get(packet_id)
        if entry is not None:
            self._drop(entry)

    def forget(self, client: int) -> None:
        """Note that a client is gone. Its packets stay its own: nobody is to take them for his."""
        self._counts.pop(client, None)
        for entry in self._tables.pop(client, {}).values():
            entry.gone = True
            self._gone[entry.air_id] = entry

    # -- Whose it is -----------------------------------------------------------------------------

    def owner(self, packet_id: int) -> Owner | None:
        """Return whose packet has an id on the air; None: nobody's that we know."""
        entry = self._on_air.get(packet_id)
        return entry.owner if entry is not None else None

    def is_orphan(self, packet_id: int) -> bool:
        """Say whether the owner of a packet is a client that is gone."""
        entry = self._on_air.get(packet_id)
        return entry is not None and entry.gone

    def uses(self, client: int, own_id: int) -> bool:
        """Say whether a client has a packet of its own by that id."""
        return own_id in self._tables.get(client, {})

    def outgoing(self, client: int, packet: mesh_pb2.MeshPacket) -> None:
        """Change, in a client's packet, the ids of packets it refers to into those on the air."""
        data = packet.decoded
        if data.reply_id or data.request_id:
            reply_id = self.meant_by(client, data.reply_id)
            _refer(data, reply_id, self.meant_by(client, data.request_id))

    def meant_by(self, client: int, packet_id: int) -> int:
        """Return the id on the air of what a client calls so. See :meth:`seen_by`."""
        table = self._tables.get(client)
        if not table or not packet_id:
            return packet_id
        if packet_id in table:
            return table[packet_id].air_id
        while (entry := self._of(client, packet_id)) is not None and entry.air_id == packet_id:
            packet_id = entry.owner.own_id
        return packet_id

    def seen_by(self, client: int, packet_id: int) -> int:
        """Return what a client calls the packet that has an id on the air.

        Its own by the id that it gave it; another's whose id it uses itself, by the one that its
        own has on the air in turn, which means nothing to it. So no two packets have one name.
        """
        table = self._tables.get(client)
        if not table or not packet_id:
            return packet_id
        entry = self._of(client, packet_id)
        if entry is not None:
            return entry.owner.own_id
        while packet_id in table:
            packet_id = table[packet_id].air_id
        return packet_id

    def _of(self, client: int, packet_id: int) -> _Entry | None:
        entry = self._on_air.get(packet_id)
        if entry is None or entry.gone or entry.owner.client != client:
            return None
        return entry

    # -- What is kept ----------------------------------------------------------------------------

    def _unused(self, client: int) -> int:
        """Make an id that neither is on the air nor means something to the client."""
        packet_id = self._draw() & _LARGEST
        while not packet_id or packet_id in self._on_air or self.uses(client, packet_id):
            packet_id = packet_id + 1 & _LARGEST
        return packet_id

    def _note(self, owner: Owner, air_id: int) -> None:
        number = self._counts.get(owner.client, 0) + 1
        self._counts[owner.client] = number
        entry = _Entry(owner, air_id, self._clock(), number)
        self._on_air[air_id] = entry
        table = self._tables.setdefault(owner.client, OrderedDict())
        table[owner.own_id] = entry
        if len(table) > MAX_EACH:
            self._drop(next(iter(table.values())))
        self._trim()

    def _drop(self, entry: _Entry) -> None:
        for packet_id in (entry.air_id, *entry.former):
            if self._on_air.get(packet_id) is entry:
                del self._on_air[packet_id]
        if entry.gone:
            del self._gone[entry.air_id]
        else:
            del self._tables[entry.owner.client][entry.owner.own_id]

    def _trim(self) -> None:
        """Forget what is too old, and what is too much."""
        old_s = self._clock() - KEPT_S
        for table in (self._gone, *self._tables.values()):
            while table and next(iter(table.values())).since_s < old_s:
                self._drop(next(iter(table.values())))
        while len(self._on_air) > MAX_ALL:
            fullest = self._gone or max(self._tables.values(), key=len)
            self._drop(next(iter(fullest.values())))


def _refer(data: mesh_pb2.Data, reply_id: int, request_id: int) -> None:
    if data.reply_id != reply_id:
        data.reply_id = reply_id
    if data.request_id != request_id:
        data.request_id = request_id
