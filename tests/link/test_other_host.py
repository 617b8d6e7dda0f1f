"""Whether another host answers: routes as the kernel shows them, hosts as sockets play them."""

import contextlib
import errno
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from meshbot.link.other_host import LIMIT_S, ROUTES, OtherHost, read_text, tcp_socket
from tests.support.limits import LATE_S

HEADER = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
NODE = "192.168.1.38"


def as_shown(address: str) -> str:
    """Return an IPv4 address as the kernel shows it on this machine."""
    return f"{int.from_bytes(socket.inet_aton(address), sys.byteorder):08X}"


def route(
    gateway: str,
    *,
    device: str = "wlan0",
    to: str = "0.0.0.0",
    mask: str = "0.0.0.0",
    flags: str = "0003",
    metric: int = 600,
) -> str:
    fields = (device, as_shown(to), as_shown(gateway), flags, 0, 0, metric, as_shown(mask), 0, 0, 0)
    return "\t".join(map(str, fields)) + "\n"


DEFAULT = HEADER + route("127.0.0.1")


def host(
    routes: str = DEFAULT,
    *,
    ports: tuple[int, ...] = (),
    carrier: str = "1\n",
    new_socket: Callable[[], socket.socket] = tcp_socket,
    clock: Callable[[], float] = time.monotonic,
) -> OtherHost:
    def read(path: Path) -> str:
        return routes if path == ROUTES else carrier

    return OtherHost(read=read, ports=ports, new_socket=new_socket, clock=clock)


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed() -> Iterator[int]:
    """A port that nobody listens on, and nobody else can take."""
    with tcp_socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))
        yield placeholder.getsockname()[1]


@contextlib.contextmanager
def deaf_port() -> Iterator[int]:
    """Keep a port whose queue of connections is full: what comes is dropped."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(tcp_socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        yield server.getsockname()[1]


@pytest.fixture
def deaf() -> Iterator[int]:
    with deaf_port() as port:
        yield port


def test_a_host_that_takes_connections_answers(stop: threading.Event, listening: int) -> None:
    assert host(ports=(listening,)).answers(NODE, stop) is True


def test_a_host_that_refuses_answers(stop: threading.Event, closed: int) -> None:
    assert host(ports=(closed,)).answers(NODE, stop) is True


def test_one_port_that_answers_is_enough(stop: threading.Event, deaf: int, closed: int) -> None:
    assert host(ports=(deaf, closed)).answers(NODE, stop) is True


@pytest.mark.slow
def test_a_host_that_says_nothing_is_given_a_second(stop: threading.Event, deaf: int) -> None:
    began_s = time.monotonic()
    assert host(ports=(deaf, deaf)).answers(NODE, stop) is False
    assert LIMIT_S <= time.monotonic() - began_s < LIMIT_S + LATE_S


def test_a_host_nobody_can_reach_does_not_answer(stop: threading.Event) -> None:
    class Unreachable(socket.socket):
        def connect_ex(self, address: object, /) -> int:
            return errno.EHOSTUNREACH

    found = host(ports=(53,), new_socket=lambda: Unreachable(socket.AF_INET, socket.SOCK_STREAM))
    assert found.answers(NODE, stop) is False


def test_a_stop_ends_the_wait(stop: threading.Event, deaf: int) -> None:
    stop.set()
    assert host(ports=(deaf,)).answers(NODE, stop) is None


def test_without_a_carrier_nobody_is_asked(stop: threading.Event, listening: int) -> None:
    assert host(ports=(listening,), carrier="0\n").answers(NODE, stop) is False


def test_a_device_that_tells_nothing_of_its_carrier_is_asked_through(
    stop: threading.Event, listening: int
) -> None:
    assert host(ports=(listening,), carrier="").answers(NODE, stop) is True


def test_the_node_itself_is_no_other_host(stop: threading.Event, listening: int) -> None:
    assert host(ports=(listening,)).answers("127.0.0.1", stop) is None


@pytest.mark.parametrize(
    "routes",
    [
        "",
        HEADER,
        HEADER + route("0.0.0.0", to="192.168.1.0", mask="255.255.255.0", flags="0001"),
        HEADER + route("127.0.0.1", to="10.0.0.0", mask="255.0.0.0"),
        HEADER + route("127.0.0.1", flags="0002"),
        HEADER + route("0.0.0.0", flags="0001"),
        HEADER + "wlan0\t00000000\tno number\t0003\t0\t0\t0\t00000000\n",
        HEADER + "wlan0\t00000000\t1FFFFFFFFF\t0003\t0\t0\t0\t00000000\n",
        HEADER + "wlan0\t00000000\n\n",
    ],
)
def test_without_a_gateway_nobody_can_know(
    routes: str, stop: threading.Event, listening: int
) -> None:
    assert host(routes, ports=(listening,)).answers(NODE, stop) is None


def test_the_route_that_the_system_prefers_is_taken(stop: threading.Event, listening: int) -> None:
    routes = HEADER + route("240.0.0.1", metric=700) + route("127.0.0.1", metric=100)
    assert host(routes, ports=(listening,)).answers(NODE, stop) is True


def test_a_file_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert read_text(tmp_path / "none") == ""
    assert read_text(tmp_path) == ""


def test_this_machines_own_routes_are_of_the_shape_expected() -> None:
    assert read_text(ROUTES).split()[:3] == ["Iface", "Destination", "Gateway"]


def test_without_a_free_descriptor_nobody_can_know(stop: threading.Event) -> None:
    def refuse() -> socket.socket:
        raise OSError(errno.EMFILE, "Too many open files")

    assert host(ports=(80,), new_socket=refuse).answers(NODE, stop) is None
