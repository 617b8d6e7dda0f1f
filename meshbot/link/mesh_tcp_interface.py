"""A session with a node over one TCP connection: owns the socket. See SupervisedInterface."""

import errno
import logging
import os
import select
import socket
import threading

from meshbot.link.frame_writer import WRITE_TIMEOUT_S
from meshbot.link.interface_events import InterfaceEvents
from meshbot.link.session_options import SessionOptions
from meshbot.link.supervised_interface import SupervisedInterface
from meshbot.model.cause import Cause
from meshbot.model.link_error import LinkError
from meshbot.text.typography import labelled
from meshbot.threads.shortage import no_descriptor_text

log = logging.getLogger(__name__)

CONNECT_POLL_S = 0.1  # how fast an interrupted connection attempt ends
RECEIVE_BYTES = 8192
READ_WAIT_S = 60.0  # what comes, or the end of the link, wakes the reader sooner

_CAUSES = {
    errno.ECONNREFUSED: Cause.REFUSED,
    errno.ECONNRESET: Cause.RESET,
    errno.EPIPE: Cause.ALREADY_CLOSED,
    errno.EHOSTUNREACH: Cause.UNREACHABLE,
    errno.ENETUNREACH: Cause.NETWORK_UNREACHABLE,
    errno.ETIMEDOUT: Cause.NO_ANSWER,
    errno.EBADF: Cause.CLOSED,
    errno.ENOTCONN: Cause.CLOSED,
    errno.EAFNOSUPPORT: Cause.ADDRESS_FAMILY,
    errno.EADDRNOTAVAIL: Cause.ADDRESS_FAMILY,
    errno.EMFILE: Cause.NO_DESCRIPTOR,
    errno.ENFILE: Cause.NO_DESCRIPTOR,
    errno.ENOMEM: Cause.NO_MEMORY,
    errno.ENOBUFS: Cause.NO_MEMORY,
    errno.EINVAL: Cause.ADDRESS_FAMILY,  # such as fe80::1 without the interface it is on
}
_TELLING = (
    Cause.ADDRESS_FAMILY,
    Cause.NETWORK_UNREACHABLE,
    Cause.NO_ANSWER,
    Cause.UNREACHABLE,
    Cause.RESET,
    Cause.REFUSED,
    Cause.NO_MEMORY,
    Cause.NO_DESCRIPTOR,
)
"""What several addresses of one host came to: the last of these says most about the node."""


class MeshTCPInterface(SupervisedInterface):
    """One TCP connection to a node. It never reconnects; a new session is a new object."""

    def __init__(
        self,
        events: InterfaceEvents,
        host: str,
        port: int,
        options: SessionOptions,
        *,
        address: str = "",
    ) -> None:
        """Prepare a connection to ``host:port``; nothing is opened yet.

        ``address`` is the one of the host's addresses at which the node answered before.
        """
        super().__init__(events, options)
        self.address = address
        """The address to try first; once it is open, the one of the node."""
        self._host = host
        self._port = port
        self._connect_timeout_s = options.connect_timeout_s
        self._socket: socket.socket | None = None
        self._readable = select.poll()
        """Waits for the socket; the reader's own once it runs."""

    def __repr__(self) -> str:
        """Name the node, and nothing of its configuration."""
        return f"MeshTCPInterface({self._host!r}, {self._port})"

    def _open_stream(self, stop: threading.Event) -> None:
        """Try one address after another, never two at a time: the node serves one client.

        All of them share the one limit, so that an address that leads nowhere, as an IPv6 one in a
        network without, leaves time for the next.
        """
        addresses = self._addresses()
        deadline_s = self._clock() + self._connect_timeout_s
        failures = [LinkError(Cause.NO_ADDRESS)]
        for tried, (family, kind, protocol, address) in enumerate(addresses):
            now_s = self._clock()
            share_s = max(deadline_s - now_s, 0.0) / (len(addresses) - tried)
            try:
                candidate = socket.socket(family, kind, protocol)
            except OSError as error:  # such as an IPv6 address on a machine without IPv6
                failures.append(self._loss(error))
                continue
            try:
                self._connect_socket(candidate, address, now_s + share_s, stop)
                candidate.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                candidate.close()
                failures.append(self._loss(error))
                if stop.is_set():
                    raise failures[-1] from error
                continue
            candidate.settimeout(WRITE_TIMEOUT_S)
            self._readable.register(candidate, select.POLLIN)
            self._socket = candidate
            self.address = str(address[0])
            return
        raise max(failures, key=_says_how_much)

    def _addresses(
        self,
    ) -> list[
        tuple[int, int, int, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]
    ]:
        try:
            found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError, LookupError) as error:
            log.debug("name resolution: %s", error)
            # The resolver calls that an unknown name, and Python's codec of names cannot be read.
            if no_descriptor_text() is not None:
                raise LinkError(Cause.NO_DESCRIPTOR) from None
            raise LinkError(Cause.UNKNOWN_NAME, self._host) from None
        found.sort(key=lambda entry: entry[4][0] != self.address)  # the rest as the system has it
        return [(family, kind, protocol, address) for family, kind, protocol, _, address in found]

    def _connect_socket(
        self, candidate: socket.socket, address: object, deadline_s: float, stop: threading.Event
    ) -> None:
        """Connect before the deadline, looking at ``stop`` several times a second."""
        candidate.setblocking(False)
        result = candidate.connect_ex(address)  # type: ignore[arg-type]
        if result not in (0, errno.EINPROGRESS):
            raise OSError(result, os.strerror(result))
        poll = select.poll()
        poll.register(candidate, select.POLLOUT)
        while not poll.poll(CONNECT_POLL_S * 1000):
            if stop.is_set():
                raise LinkError(Cause.INTERRUPTED)
            if self._clock() >= deadline_s:
                raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        result = candidate.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if result:
            raise OSError(result, os.strerror(result))

    def _read_stream(self) -> bytes | None:
        stream = self._socket
        if stream is None:
            return b""
        # Not the socket's own limit, a write's: on a quiet mesh each wait that ends is a wake-up.
        if not self._readable.poll(READ_WAIT_S * 1000):
            return None
        try:
            return stream.recv(RECEIVE_BYTES)
        except TimeoutError:
            return None

    def _write_stream(self, data: bytes, timeout_s: float) -> None:
        stream = self._socket
        if stream is None:
            raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))
        if stream.gettimeout() != timeout_s:
            stream.settimeout(timeout_s)
        try:
            stream.sendall(data)
        except TimeoutError:
            raise LinkError(Cause.NOT_READING) from None

    def has_unread_input(self) -> bool:
        """Say whether bytes wait in the socket."""
        stream = self._socket
        if stream is None:
            return False
        poll = select.poll()
        try:
            poll.register(stream, select.POLLIN)
        except ValueError:  # closed meanwhile
            return False
        return bool(poll.poll(0))

    def _wake_stream(self) -> None:
        if self._socket is not None:
            self._socket.shutdown(socket.SHUT_RDWR)

    def _close_stream(self) -> None:
        with self._state:
            stream, self._socket = self._socket, None
        if stream is not None:
            stream.close()

    def _loss(self, error: Exception | None) -> LinkError:
        if error is None:
            return LinkError(Cause.FIN)
        if isinstance(error, LinkError):
            return error
        if isinstance(error, OSError) and error.errno in _CAUSES:
            return LinkError(_CAUSES[error.errno])
        return LinkError(Cause.OTHER, labelled(type(error).__name__, error))


def _says_how_much(failure: LinkError) -> int:
    if failure.cause is Cause.NO_ADDRESS:
        return -2  # it has addresses, if another cause is there
    return _TELLING.index(failure.cause) if failure.cause in _TELLING else -1
