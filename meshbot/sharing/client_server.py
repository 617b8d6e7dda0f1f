"""The thread ``share-clients``: serves everybody who comes to the bot as if it were the node.

One loop owns all clients' connections, and calls those who know what they want (``ClientDesk``), so
these need no lock. Any thread may :meth:`~ClientServer.post`, look at :meth:`~ClientServer.clients`
and :attr:`~ClientServer.address`; ``_lock`` guards which clients there are, for that look, and is a
leaf. Everything else is the loop's own. Nothing here waits for a client: one that does not read, or
floods, has a bounded share of memory and of each round.
"""

import itertools
import logging
import math
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from meshbot.link.frame_decoder import encode_frame
from meshbot.model.client_status import ClientStatus
from meshbot.sharing.client_desk import ClientDesk
from meshbot.sharing.client_door import MOST_AT_ONCE, ClientDoor
from meshbot.sharing.client_end import STOPPING, ClientEnd
from meshbot.sharing.client_frames import notification
from meshbot.sharing.listening_socket import host_of, label, prepare
from meshbot.sharing.parting_sockets import PartingSockets, end
from meshbot.sharing.post_box import PostBox
from meshbot.sharing.server_limits import ServerLimits
from meshbot.sharing.server_narrator import ServerNarrator
from meshbot.sharing.share_settings import ShareSettings
from meshbot.sharing.shared_client import SharedClient
from meshbot.text.language import mark, tr
from meshbot.threads.bot_thread import BotThread
from meshbot.threads.shortage import shortage_text

log = logging.getLogger(__name__)

FRAMES_A_TURN = 8
"""Of one client, before the next one's turn."""
POSTED_A_ROUND = 500
DROPPED_LINE_S = 60.0
OPEN_PAUSE_S = 5.0
"""How long the loop waits before it tries again to get what it needs itself."""
_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_Call = Callable[[], object]


class ClientServer(BotThread):
    """A selector loop; see the module for who may call what."""

    error_line = mark("❌ Erreur inattendue au service des clients du nœud partagé")

    def __init__(
        self,
        settings: ShareSettings,
        desk: ClientDesk,
        narrator: ServerNarrator,
        clock: Callable[[], float] = time.monotonic,
        limits: ServerLimits | None = None,
    ) -> None:
        """Prepare; the port is opened by the thread, so that the bot starts without it too."""
        super().__init__("share-clients", clock)
        self._settings = settings
        self._desk = desk
        self._narrator = narrator
        self._limits = limits or ServerLimits()
        now_s = clock()
        self._door = ClientDoor(settings, narrator, self._limits, now_s)
        self._box = PostBox(self._limits.posted)
        self._parting = PartingSockets(self._limits.parting, self._limits.parting_s)
        self._selector: selectors.BaseSelector | None = None
        self._lock = threading.Lock()
        self._clients: dict[int, SharedClient] = {}
        self._watched: dict[socket.socket, int] = {}
        """What the selector waits for, by socket."""
        self._numbers = itertools.count(1)
        self._turn = 0
        self._settled = True
        """False while there may be something to do for a client that no socket will tell of."""
        self._tick_due_s = now_s
        self._said_dropped = (0, -math.inf)
        self._said_no_means = False

    # -- Any thread ----------------------------------------------------------------------------

    def post(self, call: _Call) -> None:
        """Have ``call`` made on the loop, after those posted before; dropped if too many wait."""
        self._box.post(call)

    def clients(self) -> list[ClientStatus]:
        """Return who is connected, the oldest first."""
        with self._lock:
            clients = list(self._clients.values())
        now_s = self._clock()
        return [client.status(now_s) for client in clients]

    @property
    def address(self) -> tuple[str, int] | None:
        """Where clients come to; None while the port is not open."""
        return self._door.address

    @property
    def dropped_posts(self) -> int:
        """How many posted calls found no room."""
        return self._box.dropped

    # -- The loop's thread: what the desk may ask ----------------------------------------------

    def send(self, client: int, payload: bytes) -> None:
        """Give a client a frame; it goes out at the end of the round."""
        self.send_all(client, (payload,))

    def send_all(self, client: int, payloads: Iterable[bytes]) -> None:
        """Give a client several frames, in their order. One that is gone is passed over."""
        found = self._clients.get(client)
        if found is not None:
            self._settled = False
            now_s = self._clock()
            for payload in payloads:
                found.give(payload, now_s)

    def address_of(self, client: int) -> str:
        """Return where a client comes from, with its port; empty if it is gone."""
        found = self._clients.get(client)
        return found.label if found is not None else ""

    def pending_bytes(self, client: int) -> int:
        """Return how much a client was given that the system has not taken yet."""
        found = self._clients.get(client)
        return found.pending_bytes if found is not None else 0

    def close_client(self, client: int, why: str) -> None:
        """Let a client go at the end of the round, after what it was given; ``why`` in words."""
        found = self._clients.get(client)
        if found is not None:
            self._settled = False
            found.end = found.end or ClientEnd(why)

    def set_ready(self, client: int) -> None:
        """Note that a client has a configuration."""
        found = self._clients.get(client)
        if found is not None:
            found.ready = True

    def count_packet(self, client: int) -> None:
        """Note that a packet of a client was taken for the node."""
        found = self._clients.get(client)
        if found is not None:
            found.packets += 1

    def count_refused(self, client: int) -> None:
        """Note that something of a client was refused."""
        found = self._clients.get(client)
        if found is not None:
            found.refused += 1

    # -- One round -----------------------------------------------------------------------------

    def _wake(self) -> None:
        self._box.ring()

    def _do_next(self) -> None:
        selector = self._selector or self._opened()
        if selector is None:
            return
        now_s = self._clock()
        self._door.try_to_open(now_s)
        if self._door.socket is not None:
            self._watch(self._door.socket, _READ if self._door.may_accept(now_s) else 0)
        timeout_s = self._timeout_s(now_s)
        if timeout_s:
            self.progress.idle()
        happened = selector.select(timeout_s)
        self.progress.step()
        self._settled = False
        now_s = self._clock()
        self._make_posted_calls()
        for key, events in happened:
            self._attend(key, events)
        self._hear_clients()
        # By the time when it was looked what came: after the program stood still, those are not
        # found silent whose words waited.
        self._tick_if_due(now_s)
        while self._settle():
            pass
        self._settled = True

    def _opened(self) -> selectors.BaseSelector | None:
        """Return what the loop waits with; None, after a pause, where the system has none left."""
        selector: selectors.BaseSelector | None = None
        try:
            selector = selectors.DefaultSelector()
            selector.register(self._box.open(), _READ, self._box.hear)
        except OSError as error:
            if selector is not None:
                selector.close()
            if not self._said_no_means:
                self._said_no_means = True
                log.error(
                    tr("❌ %s : le nœud n'est pas encore partagé"), shortage_text(error) or error
                )
            self._stopping.wait(OPEN_PAUSE_S)
            return None
        self._selector = selector
        return selector

    def _timeout_s(self, now_s: float) -> float:
        if len(self._box) or not self._settled or self._stopping.is_set():
            return 0.0
        waits_s = [self._tick_due_s - now_s]
        door_s = self._door.wait_s(now_s)
        if door_s:
            waits_s.append(door_s)
        for client in self._clients.values():
            wait_s = client.wait_s(now_s)
            if wait_s is not None:
                waits_s.append(wait_s)
        return max(0.0, min(waits_s))

    def _attend(self, key: selectors.SelectorKey, events: int) -> None:
        if isinstance(key.data, SharedClient):
            now_s = self._clock()
            if events & _WRITE:
                key.data.flush(now_s)
            if events & _READ and key.data.may_read(now_s):
                key.data.read(now_s)
        elif key.fileobj is self._door.socket:
            self._let_in()
        else:
            key.data()

    def _make_posted_calls(self) -> None:
        self._box.hear()
        for _ in range(min(len(self._box), POSTED_A_ROUND)):
            call = self._box.take()
            if call is not None:
                call()

    def _tick_if_due(self, now_s: float) -> None:
        if now_s >= self._tick_due_s:
            # From now, not from when it was due: no burst after the process was stopped.
            self._tick_due_s = now_s + self._limits.tick_s
            self._look_after(now_s)
            self._desk.tick()

    def _look_after(self, now_s: float) -> None:
        """End what has lasted too long."""
        for client in self._clients.values():
            client.look(now_s)
        for connection in self._parting.overdue(now_s):
            self._watch(connection, 0)
            connection.close()
        said, said_s = self._said_dropped
        if self._box.dropped > said and now_s - said_s >= DROPPED_LINE_S:
            self._said_dropped = (self._box.dropped, now_s)
            log.warning(
                tr("⚠️ Trop à faire pour les clients du nœud partagé : le plus récent se perd")
            )

    def _hear_clients(self) -> None:
        """Deal with what clients said, some frames of each, each round another one first."""
        clients = list(self._clients.values())
        if not clients:
            return
        self._turn = (self._turn + 1) % len(clients)
        for client in clients[self._turn :] + clients[: self._turn]:
            for _ in range(FRAMES_A_TURN):
                message = client.next_frame(self._clock())
                if message is None:
                    break
                self._desk.frame_came(client.number, message)

    def _settle(self) -> bool:
        """Give the system what it takes and let those go who are to go; True if somebody went."""
        now_s = self._clock()
        for client in self._clients.values():
            if client.pending_bytes and not self._watched.get(client.connection, 0) & _WRITE:
                client.flush(now_s)
            client.look_hung_up()
        gone = [client for client in self._clients.values() if client.end]
        for client in gone:
            self._let_go(client, client.end or STOPPING, now_s)
        for client in self._clients.values():
            reads = _READ if client.may_read(now_s) else 0
            writes = _WRITE if client.pending_bytes else 0
            self._watch(client.connection, reads | writes, client)
        return bool(gone)

    def _watch(self, connection: socket.socket, events: int, data: Any = None) -> None:
        """Have the selector tell of ``events`` only; of none where that is 0."""
        before = self._watched.get(connection, 0)
        if self._selector is None or before == events:
            return
        if not events:
            self._selector.unregister(connection)
            del self._watched[connection]
            return
        if before:
            self._selector.modify(connection, events, data)
        else:
            self._selector.register(connection, events, data)
        self._watched[connection] = events

    # -- Coming and going ----------------------------------------------------------------------

    def _let_in(self) -> None:
        for _ in range(MOST_AT_ONCE):
            now_s = self._clock()
            found = self._door.next_connection(now_s)
            if found is None:
                return
            connection, where = found
            try:
                prepare(
                    connection,
                    kernel_bytes=self._limits.kernel_bytes,
                    vanished_s=self._limits.vanished_s,
                )
            except OSError:  # gone again
                connection.close()
                continue
            host = host_of(where)
            if len(self._clients) >= self._settings.max_clients:
                self._turn_away(connection, label(host, where[1]), now_s)
            else:
                self._welcome(connection, host, where[1], now_s)

    def _welcome(self, connection: socket.socket, host: str, port: int, now_s: float) -> None:
        number = next(self._numbers)
        client = SharedClient(number, connection, label(host, port), self._limits, now_s)
        with self._lock:
            self._clients[number] = client
        self._share_out(now_s)
        self._narrator.client_came(client.label)
        self._desk.client_came(number, host)

    def _turn_away(self, connection: socket.socket, address: str, now_s: float) -> None:
        """Say in the protocol's own words that there is no room, and hang up."""
        most = self._settings.max_clients
        text = tr(
            "Nœud partagé : déjà {most} clients, plus de place (SHARE_MAX_CLIENTS)", most=most
        )
        payload = notification(text, 0, 0.0)
        try:
            connection.send(encode_frame(payload))
        except OSError:
            connection.close()
        else:
            self._part(connection, now_s)
        self._narrator.no_room(address, most)

    def _part(self, connection: socket.socket, now_s: float) -> None:
        if self._parting.part(connection, now_s):
            self._watch(connection, _READ, lambda: self._read_parting(connection))

    def _read_parting(self, connection: socket.socket) -> None:
        if self._parting.read(connection):
            self._watch(connection, 0)
            connection.close()

    def _let_go(self, client: SharedClient, why: ClientEnd, now_s: float) -> None:
        with self._lock:
            del self._clients[client.number]
        client.flush(now_s)
        self._watch(client.connection, 0)
        if why.theirs:
            client.connection.close()
        else:
            self._part(client.connection, now_s)
        self._share_out(now_s)
        self._tell_gone(client, why, now_s)

    def _tell_gone(self, client: SharedClient, why: ClientEnd, now_s: float) -> None:
        self._narrator.client_left(client.status(now_s), tr(why.why), dropped=why.dropped)
        self._desk.client_gone(client.number)

    def _share_out(self, now_s: float) -> None:
        for client in self._clients.values():
            client.share_with(len(self._clients), now_s)

    # -- The end -------------------------------------------------------------------------------

    def _finish(self) -> None:
        now_s = self._clock()
        self._door.close()
        with self._lock:
            clients = list(self._clients.values())
            self._clients.clear()
        for client in clients:
            client.flush(now_s)
            end(client.connection)
        self._parting.close()
        if self._selector is not None:
            self._selector.close()
        self._box.close()
        for client in clients:
            try:
                self._tell_gone(client, client.end or STOPPING, now_s)
            except Exception as error:  # the others are to be told all the same
                log.error(tr(self.error_line), exc_info=error)
