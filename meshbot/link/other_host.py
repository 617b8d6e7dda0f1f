"""Finds out whether another host of our network answers, when the node does not.

If the default gateway answers, the network of this machine works, and what is wrong is with the
node; if it does not, this machine or the access point is at fault. Used by the link thread alone.
"""

import errno
import select
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

ROUTES = Path("/proc/self/net/route")  # /proc/net is hidden from the service (ProcSubset=pid)
CARRIER = "/sys/class/net/{}/carrier"
PORTS = (53, 80, 443)
"""A router listens on one of them, or refuses: either is an answer."""
LIMIT_S = 1.0
POLL_S = 0.1  # how soon a stop is noticed
_UP, _GATEWAY = 0x1, 0x2
_ANSWERS = (0, errno.ECONNREFUSED, errno.ECONNRESET)

Address = tuple[str, int]


def read_text(path: Path) -> str:
    """Return what a file of the system says; nothing where there is none, or it says nothing."""
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def tcp_socket() -> socket.socket:
    """Return a new TCP socket."""
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM)


class OtherHost:
    """The default gateway of this machine, asked by a TCP connection."""

    def __init__(
        self,
        *,
        read: Callable[[Path], str] = read_text,
        new_socket: Callable[[], socket.socket] = tcp_socket,
        ports: Sequence[int] = PORTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask nothing yet. ``read`` returns the text of a file, empty if there is none."""
        self._read = read
        self._new_socket = new_socket
        self._ports = ports
        self._clock = clock

    def answers(self, node: str, stop: threading.Event) -> bool | None:
        """Say within a second whether the gateway answers; None if nobody can know.

        Nobody can where no gateway is known, where it is the ``node`` itself, and when ``stop`` is
        set meanwhile.
        """
        device, gateway = self._default_route()
        if not gateway or gateway == node:
            return None
        if self._read(Path(CARRIER.format(device))).strip() == "0":
            return False
        try:
            return self._ask([(gateway, port) for port in self._ports], stop)
        except OSError:  # no descriptor left to ask with
            return None

    def _default_route(self) -> tuple[str, str]:
        """Return the device and the gateway that the system prefers, each empty without one."""
        routes = []
        for line in self._read(ROUTES).splitlines()[1:]:
            fields = line.split()
            try:
                device, destination, gateway, flags = fields[:4]
                metric, mask = fields[6:8]
                if int(destination, 16) or int(mask, 16):
                    continue
                if int(flags, 16) & (_UP | _GATEWAY) == _UP | _GATEWAY:
                    # The kernel shows the four bytes as a number of this machine's own order.
                    address = socket.inet_ntoa(socket.ntohl(int(gateway, 16)).to_bytes(4, "big"))
                    routes.append((int(metric), device, address))
            except (ValueError, OverflowError):
                continue
        return min(routes)[1:] if routes else ("", "")

    def _ask(self, addresses: Sequence[Address], stop: threading.Event) -> bool | None:
        deadline_s = self._clock() + LIMIT_S
        with ExitStack() as opened:
            poll, asked = select.poll(), {}
            for address in addresses:
                candidate = opened.enter_context(self._new_socket())
                candidate.setblocking(False)
                result = candidate.connect_ex(address)
                if result in _ANSWERS:
                    return True
                if result == errno.EINPROGRESS:
                    poll.register(candidate, select.POLLOUT)
                    asked[candidate.fileno()] = candidate
            while asked:
                left_s = deadline_s - self._clock()
                if stop.is_set():
                    return None
                if left_s <= 0:
                    break
                for number, _ in poll.poll(min(left_s, POLL_S) * 1000):
                    candidate = asked.pop(number)
                    poll.unregister(candidate)
                    if candidate.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) in _ANSWERS:
                        return True
        return False
