"""Connections that we ended, held for a moment so that the client can read what it was told last.

To close a socket in which unread bytes wait resets the connection, and a reset throws away what the
other end has not read yet. So the end is announced first, and what still comes is read and
forgotten until the client hangs up too, or has had its time. Owned by the loop's thread.
"""

import contextlib
import socket

_READ_BYTES = 16 << 10
_MOST_READS = 16
"""Whoever sends more than that after the end gets the reset."""


class PartingSockets:
    """The sockets of such connections, a limited number of them."""

    def __init__(self, most: int, each_s: float) -> None:
        """Set how many are held, and for how long."""
        self._most = most
        self._each_s = each_s
        self._held: dict[socket.socket, tuple[float, int]] = {}
        """When each is closed at the latest, and how often it was read from."""

    def part(self, connection: socket.socket, now_s: float) -> bool:
        """Announce the end; True if the socket is held, False if it is closed already."""
        try:
            connection.shutdown(socket.SHUT_WR)
        except OSError:  # gone
            connection.close()
            return False
        if len(self._held) >= self._most:
            _drain(connection)
            connection.close()
            return False
        self._held[connection] = (now_s + self._each_s, 0)
        return True

    def read(self, connection: socket.socket) -> bool:
        """Forget what came; True if the socket is let go of, for the caller to close."""
        until_s, reads = self._held[connection]
        try:
            ended = not connection.recv(_READ_BYTES)
        except BlockingIOError:
            ended = False
        except OSError:
            ended = True
        if not ended and reads < _MOST_READS:
            self._held[connection] = (until_s, reads + 1)
            return False
        del self._held[connection]
        return True

    def overdue(self, now_s: float) -> list[socket.socket]:
        """Let go of those whose time is over; return them, for the caller to close."""
        late = [held for held, (until_s, _) in self._held.items() if now_s >= until_s]
        for connection in late:
            del self._held[connection]
        return late

    def close(self) -> None:
        """Close them all."""
        for connection in self._held:
            connection.close()
        self._held.clear()


def end(connection: socket.socket) -> None:
    """Announce the end and close at once, with as little chance of a reset as that leaves."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        _drain(connection)
    connection.close()


def _drain(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # nothing there, or gone
        for _ in range(_MOST_READS):
            if not connection.recv(_READ_BYTES):
                break
