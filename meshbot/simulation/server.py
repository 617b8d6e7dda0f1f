"""The TCP side of the simulated node: listener, the one client, and the faults of a transport.

Everything here runs in the node's loop thread; the node's public methods post to it.
"""

import errno
import logging
import os
import selectors
import socket
from collections.abc import Callable

from meshbot.simulation.link import LinkLostError, SimulatedLink
from meshbot.simulation.loop import SelectLoop
from meshbot.simulation.loop_timer import LoopTimer

logger = logging.getLogger(__name__)

_BACKLOG = 64
# A link that is not read tells the selector nothing, so its end is looked for at this pace.
_UNREAD_LINK_POLL_S = 0.02


class SimulatedServer:
    """Accepts clients as the firmware does: one at a time, the newest wins."""

    def __init__(
        self,
        loop: SelectLoop,
        *,
        on_open: Callable[[SimulatedLink], None],
        on_frame: Callable[[SimulatedLink, bytes], None],
        on_close: Callable[[SimulatedLink], None],
    ) -> None:
        """Remember who is told about clients and their frames; nothing is bound yet."""
        self.host = ""
        self.port = 0
        self.link: SimulatedLink | None = None
        self.last_link: SimulatedLink | None = None
        self.connections_total = 0
        self.max_connections_open = 0
        self.bytes_received = 0
        self.bytes_sent = 0
        self.frames_sent = 0
        self.junk_bytes_received = 0
        self.reads = True
        self.freezes_new_links = False
        self.drop_next: int | None = 0
        self._loop = loop
        self._clock = loop.clock
        self._on_open = on_open
        self._on_frame = on_frame
        self._on_close = on_close
        self._listener: socket.socket | None = None
        # Bound but not listening: connections are refused, and the system gives the port to nobody,
        # neither to another listener nor to a client as the port it connects from.
        self._placeholder: socket.socket | None = None
        # Connections of a life that ended in a crash, of which their clients know nothing yet.
        self._dead: list[SimulatedLink] = []
        self._reopening: LoopTimer | None = None
        self._watchdog: LoopTimer | None = None

    @property
    def is_listening(self) -> bool:
        """Say whether connections are accepted at this moment."""
        return self._listener is not None

    def open(self, host: str, port: int) -> None:
        """Bind and listen; raises ``OSError`` naming the address when it cannot."""
        self.host = host
        self.port = port
        sock = self._bound_socket()
        self.port = sock.getsockname()[1]
        self._listen(sock)

    def shut(self) -> None:
        """Close every socket."""
        for timer in (self._reopening, self._watchdog):
            if timer is not None:
                timer.cancel()
        self._reopening = self._watchdog = None
        self.close_by_fin()
        for link in list(self._dead):
            self._bury(link)
        self._close_listener()
        if self._placeholder is not None:
            self._placeholder.close()
            self._placeholder = None

    def send(self, link: SimulatedLink, data: bytes, frames: int) -> None:
        """Queue bytes for a client and send what its socket takes."""
        if link.closed:
            return
        link.out += data
        link.frames_sent += frames
        self.frames_sent += frames
        self._flush(link)

    def close_by_fin(self) -> bool:
        """Close the client's connection in good order; say whether there was one."""
        link = self.link
        if link is not None:
            self._forget(link)
            link.close_by_fin()
        return link is not None

    def close_by_rst(self) -> bool:
        """Reset the client's connection; say whether there was one."""
        link = self.link
        if link is not None:
            self._forget(link)
            link.close_by_rst()
        return link is not None

    def reset_when_drained(self, link: SimulatedLink) -> None:
        """Reset once all that is queued has been handed to the network."""
        link.reset_when_drained = True
        self._flush(link)

    def set_frozen(self, frozen: bool) -> None:
        """Stop or resume all traffic on the current connection, which stays open."""
        if self.link is not None:
            self.link.frozen = frozen
            self._resume(self.link)

    def set_reads(self, reads: bool) -> None:
        """Stop or resume reading, on this connection and the next ones."""
        self.reads = reads
        if self.link is not None:
            self._resume(self.link)

    def is_reading(self, link: SimulatedLink) -> bool:
        """Say whether what this client sends is taken in."""
        return self.reads and not link.frozen

    def refuse(self, duration_s: float | None, *, reset: bool = False) -> None:
        """Refuse connections and close the client, for some time or until told otherwise.

        In this order: a client that returns at once must not find the door still open.
        """
        self._stop_listening(duration_s)
        if reset:
            self.close_by_rst()
        else:
            self.close_by_fin()

    def crash(self, duration_s: float) -> None:
        """Refuse connections for some time and forget the client, who is told nothing.

        The next thing it sends is answered with a RST, as by any machine that knows of no such
        connection; so is what was on its way, which the client's machine sends again.
        """
        self._stop_listening(duration_s)
        link = self.link
        if link is None:
            return
        self._forget(link)
        self._dead.append(link)
        self._loop.watch(link.sock, selectors.EVENT_READ, lambda ready: self._bury(link))

    def cut(self, losses: int) -> None:
        """Cut the network between node and client, which neither notices.

        The node does once so many packets, written as if nothing was, are lost.
        """
        if self.link is not None:
            self.link.losses_left = losses
            self.set_frozen(True)

    def loses_next(self, link: SimulatedLink) -> bool:
        """Say whether the next packet is lost, on a link that is cut and not known to be."""
        if link.losses_left is None:
            return False
        link.losses_left -= 1
        if link.losses_left >= 0:
            return True
        # Closed on this side, and no FIN of it arrives.
        self._forget(link)
        self._dead.append(link)
        return False

    def _bury(self, link: SimulatedLink) -> None:
        self._dead.remove(link)
        self._loop.watch(link.sock, 0, lambda ready: None)
        link.close_by_rst()

    def _stop_listening(self, duration_s: float | None) -> None:
        self._close_listener()
        if self._placeholder is None:
            self._placeholder = self._bound_socket()
        if self._reopening is not None:
            self._reopening.cancel()
            self._reopening = None
        if duration_s is not None:
            self._reopening = self._loop.later(duration_s, self.accept_again)

    def accept_again(self) -> None:
        """Listen on the same port again."""
        if self._reopening is not None:
            self._reopening.cancel()
            self._reopening = None
        sock, self._placeholder = self._placeholder, None
        if sock is not None:
            self._listen(sock)

    def _bound_socket(self) -> socket.socket:
        try:
            family, kind, proto, _, address = socket.getaddrinfo(
                self.host, self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
        except socket.gaierror as error:
            raise OSError(
                errno.EADDRNOTAVAIL, f"cannot listen on {self.host}:{self.port}: {error.strerror}"
            ) from error
        sock = socket.socket(family, kind, proto)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(address)
        except OSError as error:
            sock.close()
            raise self._cannot_listen(error) from error
        sock.setblocking(False)
        return sock

    def _listen(self, sock: socket.socket) -> None:
        try:
            sock.listen(_BACKLOG)
        except OSError as error:
            sock.close()
            raise self._cannot_listen(error) from error
        self._listener = sock
        self._loop.watch(sock, selectors.EVENT_READ, self._on_connection)

    def _cannot_listen(self, error: OSError) -> OSError:
        number = error.errno or errno.EIO
        return OSError(number, f"cannot listen on {self.host}:{self.port}: {os.strerror(number)}")

    def _close_listener(self) -> None:
        if self._listener is not None:
            self._loop.watch(self._listener, 0, self._on_connection)
            self._listener.close()
            self._listener = None

    def _on_connection(self, _events: int) -> None:
        while self._listener is not None:
            try:
                sock, _ = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            self._accept(sock)

    def _accept(self, sock: socket.socket) -> None:
        self._settle_old_link()
        self.connections_total += 1
        self.max_connections_open = max(
            self.max_connections_open, 2 if self.link is not None else 1
        )
        # Firmware: "Force close previous TCP connection".
        self.close_by_fin()
        link = SimulatedLink(sock, self._clock())
        if self.drop_next is None or self.drop_next > 0:
            if self.drop_next is not None:
                self.drop_next -= 1
            link.close_by_fin()
            return
        link.frozen = self.freezes_new_links
        self.link = self.last_link = link
        self._on_open(link)
        self._watch(link)

    def _settle_old_link(self) -> None:
        """Take in what the old client sent, and its end, before it counts as an overlap.

        Its FIN and the new connection may have arrived in the same round, in this order.
        """
        old = self.link
        if old is None:
            return
        if self.is_reading(old):
            self._read(old)
        if not old.closed and old.has_client_hung_up():
            self._forget(old)
            old.close_by_fin()

    def _on_link_events(self, link: SimulatedLink, events: int) -> None:
        # The socket may have been closed earlier in this round.
        if not link.closed and events & selectors.EVENT_READ:
            self._read(link)
        if not link.closed and events & selectors.EVENT_WRITE:
            self._flush(link)

    def _read(self, link: SimulatedLink) -> None:
        before, junk_before = link.bytes_received, link.junk_bytes
        try:
            payloads = link.receive()
        except LinkLostError:
            self._forget(link)
            link.close_by_fin()
            return
        self.bytes_received += link.bytes_received - before
        self.junk_bytes_received += link.junk_bytes - junk_before
        link.heard_at_s = self._clock()
        for payload in payloads:
            self._on_frame(link, payload)

    def _flush(self, link: SimulatedLink) -> None:
        if link.closed or link.frozen:
            return
        try:
            self.bytes_sent += link.flush()
        except LinkLostError:
            self._forget(link)
            link.close_by_fin()
            return
        if link.reset_when_drained and not link.out:
            self._forget(link)
            link.close_by_rst()
            return
        self._watch(link)

    def _resume(self, link: SimulatedLink) -> None:
        self._watch(link)
        self._flush(link)

    def _watch(self, link: SimulatedLink) -> None:
        if link.closed or link is not self.link:
            return
        events = 0
        if not link.frozen:
            if self.reads:
                events |= selectors.EVENT_READ
            if link.out:
                events |= selectors.EVENT_WRITE
        self._loop.watch(link.sock, events, lambda ready: self._on_link_events(link, ready))
        if not events & selectors.EVENT_READ and self._watchdog is None:
            self._watchdog = self._loop.later(_UNREAD_LINK_POLL_S, self._look_for_hang_up)

    def _look_for_hang_up(self) -> None:
        self._watchdog = None
        link = self.link
        if link is None or self.is_reading(link):
            return
        if link.has_client_hung_up():
            self._forget(link)
            link.close_by_fin()
        else:
            self._watchdog = self._loop.later(_UNREAD_LINK_POLL_S, self._look_for_hang_up)

    def _forget(self, link: SimulatedLink) -> None:
        """Take a link that is about to be closed out of everything."""
        if self.link is link:
            self.link = None
        self._loop.watch(link.sock, 0, lambda ready: None)
        self._on_close(link)
