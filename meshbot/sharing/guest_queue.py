"""What clients want to have given to the node, and which of it may be next. Pure: told the time.

Each client has room for :data:`ROOM` packets, and as many frames. What must wait (a port that the
node takes only so often, a text while it is another's turn) holds up what is like it, not the rest.
Of those who may go, the client goes first who had his turn longest ago in that row. Who is new
stands behind those who wait already, and all clients of a machine that are gone take turns as one:
so to hang up and come back gets nobody ahead of those who stay.

Owned by one :class:`GuestSender`, which guards it.
"""

from collections import Counter, deque
from collections.abc import Iterator

from meshbot.sharing.allowance import Allowance
from meshbot.sharing.guest_task import SPACED_PORTS_S, GuestTask, Lane

ROOM = 16
SPARE = 8
"""So many more are taken: a client that writes without pause has said them before it hears that
there is no room, and the stock library says what is refused again with its next text only."""
MOST_CLIENTS = 64
OWN_BURST, OWN_A_SECOND = 20, 5.0
FRAMES_BURST, FRAMES_A_SECOND = 20, 20.0
MARGIN_S = 0.5
"""So much longer than the node asks for: a slow link may push two together."""
NEVER_S = 3_600.0
_NOT_FOR_AIR: frozenset[int] = frozenset((Lane.OWN, Lane.FRAME))


class GuestQueue:
    """A row for each client; bounded for each and in all."""

    def __init__(self, max_clients: int) -> None:
        """Take things of so many clients at once."""
        self._max_clients = min(max_clients, MOST_CLIENTS)
        self._rows: dict[int, deque[GuestTask]] = {}
        self._hosts: dict[int, str] = {}
        """The machines of the clients that are there."""
        self._gone: dict[int, str] = {}
        """Clients that are no more but have things here, in the order in which they went."""
        self._turns: dict[int | str, dict[int, int]] = {}
        """When a client last had his turn in a lane, counted in turns; or those of a machine that
        are gone."""
        self._turn = 0
        self._free_s: dict[int, float] = {}
        """From when on a spaced port is free again."""
        self._buckets: dict[int, Allowance] = {
            Lane.OWN: Allowance(OWN_A_SECOND, OWN_BURST, 0.0),
            Lane.FRAME: Allowance(FRAMES_A_SECOND, FRAMES_BURST, 0.0),
        }

    def __len__(self) -> int:
        """Return how many things wait."""
        return sum(map(len, self._rows.values()))

    def room(self, client: int) -> int:
        """Return for how many packets a client may be told that there is room."""
        if not self._is_known(client):
            return 0
        return max(ROOM - self._waiting(client), 0)

    def _waiting(self, client: int) -> int:
        return sum(task.packet is not None for task in self._rows.get(client, ()))

    def _is_known(self, client: int) -> bool:
        return client in self._rows or len(self._rows) - len(self._gone) < self._max_clients

    def welcome(self, client: int, host: str) -> None:
        """Note that a client is there, and from which machine."""
        self._hosts[client] = host

    def put(self, task: GuestTask) -> bool:
        """Queue a thing; return whether there was room."""
        if task.packet is not None:
            waiting = self._waiting(task.client)
            has_room = self._is_known(task.client) and waiting < ROOM + SPARE
        else:
            frames = sum(other.frame is not None for other in self._rows.get(task.client, ()))
            has_room = self._is_known(task.client) and frames < ROOM
        if has_room:
            self._rows.setdefault(task.client, deque()).append(task)
            self._line_up(task)
        return has_room

    def put_back(self, task: GuestTask) -> None:
        """Have a thing wait again, before the others of its client. It was here: it has room."""
        self._rows.setdefault(task.client, deque()).appendleft(task)
        self._line_up(task)

    def take(self, now_s: float, *, has_room: bool = True) -> GuestTask | None:
        """Take what is next of all but the texts; without room there, nothing for the air."""
        lanes = _NOT_FOR_AIR if not has_room else None
        return self._take(now_s, texts=False, lanes=lanes)

    def take_text(self, now_s: float) -> GuestTask | None:
        """Take the text that is next; whether the node may be given one knows the caller."""
        return self._take(now_s, texts=True)

    def has_text(self, now_s: float) -> bool:
        """Say whether a text could go."""
        return self._next(now_s, texts=True) is not None

    def note_given(self, task: GuestTask, now_s: float) -> None:
        """Note that the node was given a thing: the next of its port must wait from now on."""
        spacing_s = SPACED_PORTS_S.get(task.lane)
        if spacing_s is not None:
            self._free_s[task.lane] = now_s + spacing_s + MARGIN_S

    def wait_s(self, now_s: float) -> float:
        """Return in how many seconds something but a text may go, at most an hour."""
        waits = [
            max(self._lane_wait_s(task.lane, now_s), task.not_before_s - now_s)
            for task in self._firsts()
            if task.lane != Lane.TEXT
        ]
        return max(min(waits, default=NEVER_S), 0.0)

    def pop_old(self, queued_before_s: float) -> list[GuestTask]:
        """Take what was queued before that time."""
        old: list[GuestTask] = []
        for client, row in list(self._rows.items()):
            old += [task for task in row if task.queued_s < queued_before_s]
            self._keep(client, [task for task in row if task.queued_s >= queued_before_s])
        return old

    def forget(self, client: int) -> None:
        """Note that a client is gone. What it was told to be taken goes out all the same.

        So does what a command line sends that ends at once. Of all who went, no more than what as
        many clients have room for, and of the machine that left most the oldest goes; the frames
        are nobody's use any more.
        """
        host = self._hosts.pop(client, "")
        self._turns.pop(client, None)
        self._keep(client, [task for task in self._rows.get(client, ()) if task.frame is None])
        if client in self._rows:
            self._gone[client] = host
            for task in self._rows[client]:
                self._line_up(task)
        most = (ROOM + SPARE) * self._max_clients
        while sum(len(self._rows[gone]) for gone in self._gone) > most:
            self._keep(self._oldest_of_fullest(), [])

    def _oldest_of_fullest(self) -> int:
        """Return the client that went first from the machine that left most here."""
        left = Counter[str]()
        for client, host in self._gone.items():
            left[host] += len(self._rows[client])
        fullest = max(left, key=left.__getitem__)
        return next(client for client, host in self._gone.items() if host == fullest)

    def _line_up(self, task: GuestTask) -> None:
        """Have who never had a turn in a lane stand behind those who wait there."""
        self._turns.setdefault(self._holder(task), {}).setdefault(task.lane, self._turn)

    def _holder(self, task: GuestTask) -> int | str:
        """Return who takes the turn for a thing: its client, or the machine it has left."""
        return self._gone.get(task.client, task.client)

    def _keep(self, client: int, tasks: list[GuestTask]) -> None:
        if tasks:
            self._rows[client] = deque(tasks)
            return
        self._rows.pop(client, None)
        host = self._gone.pop(client, None)
        if host is not None and host not in self._gone.values():
            self._turns.pop(host, None)

    def _take(
        self, now_s: float, *, texts: bool, lanes: frozenset[int] | None = None
    ) -> GuestTask | None:
        task = self._next(now_s, texts=texts, lanes=lanes)
        if task is None:
            return None
        bucket = self._buckets.get(task.lane)
        if bucket is not None:
            bucket.take(1.0)
        self._turn += 1
        self._turns[self._holder(task)][task.lane] = self._turn
        row = self._rows[task.client]
        row.remove(task)
        self._keep(task.client, list(row))
        return task

    def _next(
        self, now_s: float, *, texts: bool, lanes: frozenset[int] | None = None
    ) -> GuestTask | None:
        may_go = [
            task
            for task in self._firsts()
            if (task.lane == Lane.TEXT) == texts
            and (lanes is None or task.lane in lanes)
            and task.not_before_s <= now_s
            and self._lane_wait_s(task.lane, now_s) <= 0
        ]
        return min(may_go, key=self._order, default=None)

    def _order(self, task: GuestTask) -> tuple[int, float]:
        return self._turns[self._holder(task)][task.lane], task.queued_s

    def _firsts(self) -> Iterator[GuestTask]:
        """Go through the first thing of each client in each lane."""
        for row in self._rows.values():
            seen: set[int] = set()
            for task in row:
                if task.lane not in seen:
                    seen.add(task.lane)
                    yield task

    def _lane_wait_s(self, lane: int, now_s: float) -> float:
        bucket = self._buckets.get(lane)
        if bucket is not None:
            return bucket.wait_s(now_s)
        return self._free_s.get(lane, now_s) - now_s
