"""The port at which clients come to the bot: opens it, takes connections from it."""

import contextlib
import errno
import ipaddress
import socket
from typing import Any

_BACKLOG = 16
_NO_MEANS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""The system has nothing left for another connection, which waits for us meanwhile."""


class NoMeansError(OSError):
    """A connection waits, and the system has no descriptor or no memory for it."""


def open_port(address: str, port: int) -> socket.socket:
    """Return a socket that listens, and does not block. Raises ``OSError``.

    A name is looked up, which may take the resolver's time; IPv4 is preferred, as the clients are
    older than IPv6 in most homes. ``::`` is open to both.
    """
    found = socket.getaddrinfo(
        address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )  # numbers are not looked up anywhere
    found.sort(key=lambda entry: entry[0] != socket.AF_INET)
    failed: OSError | None = None
    for family, kind, protocol, _, where in found:
        try:
            return _open(family, kind, protocol, where)
        except OSError as error:
            failed = failed or error
    raise failed or OSError(errno.EADDRNOTAVAIL, "no such address")


def _open(family: int, kind: int, protocol: int, where: Any) -> socket.socket:
    listening = socket.socket(family, kind, protocol)
    try:
        # So that the bot can listen again right after it ended, connections in TIME_WAIT or not.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, where[0] != "::")
        listening.bind(where)
        listening.listen(_BACKLOG)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening


def next_connection(listening: socket.socket) -> tuple[socket.socket, Any] | None:
    """Return a connection and where it comes from, None if none waits.

    Raises :class:`NoMeansError`, and ``OSError`` for a client that hung up while it waited.
    """
    try:
        connection, where = listening.accept()
    except BlockingIOError:
        return None
    except OSError as error:
        if error.errno in _NO_MEANS:
            raise NoMeansError(error.errno, error.strerror) from error
        raise
    return connection, where


def prepare(connection: socket.socket, *, kernel_bytes: int, vanished_s: float) -> None:
    """Set a client's connection up: never blocks, no delay, notices when the other end vanishes.

    Raises ``OSError`` if it is gone already. While something is under way the system repeats that
    for a quarter of an hour unless ``TCP_USER_TIMEOUT`` is set; else keepalive asks.
    """
    connection.setblocking(False)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, kernel_bytes)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    idle_s, every_s, times = int(vanished_s / 2), int(vanished_s / 8), 4
    for name, value in (
        ("TCP_KEEPIDLE", idle_s),
        ("TCP_KEEPINTVL", every_s),
        ("TCP_KEEPCNT", times),
        ("TCP_USER_TIMEOUT", int(vanished_s * 1000)),
    ):
        option = getattr(socket, name, None)  # not everywhere
        if option is not None:
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, option, max(value, 1))


def host_of(where: Any) -> str:
    """Return the machine's address as it is usually written."""
    host = str(where[0])
    with contextlib.suppress(ValueError):
        mapped = getattr(ipaddress.ip_address(host), "ipv4_mapped", None)
        if mapped is not None:
            return str(mapped)
    return host


def label(host: str, port: int) -> str:
    """Return address and port as one text."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
