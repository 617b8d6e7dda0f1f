"""The status server over real sockets: what it answers, whom, and what it takes to bother it."""

import asyncio
import contextlib
import gc
import logging
import os
import resource
import socket
import struct
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from meshbot.status.bounded_connection import BoundedConnection
from meshbot.status.host_guard import CONTENT_SECURITY_POLICY
from meshbot.status.status_limits import StatusLimits
from meshbot.status.status_server import StatusServer
from tests.support.eventually import eventually
from tests.support.http_client import ask, connect, get, head, read_to_end
from tests.support.journal import Journal
from tests.support.limits import WAIT_S
from tests.support.unused_port import unused_port

QUICK = StatusLimits(connections=20, request_s=0.3, unread_s=0.3, look_s=0.05, retry_s=0.05)
END_S = 1.0

Start = Callable[..., StatusServer]


class Endless:
    """A stream that ends when its reader goes, or when it is cancelled."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.over = threading.Event()

    async def serve(self, request: Request) -> Response:
        return StreamingResponse(self._parts())

    async def _parts(self) -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 65_536
                self.begun.set()
                await asyncio.sleep(0.001)
        finally:
            self.over.set()


class Told(logging.Handler):
    """What is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


async def hello(request: Request) -> Response:
    return PlainTextResponse("hello")


async def framed(request: Request) -> Response:
    return PlainTextResponse("own", headers={"Cache-Control": "no-cache"})


async def broken(request: Request) -> Response:
    raise ValueError("broken on purpose")


@pytest.fixture
def start() -> Iterator[Start]:
    servers: list[StatusServer] = []

    def run(*routes: Route, limits: StatusLimits = QUICK, port: int | None = None) -> StatusServer:
        given: Sequence[Route] = routes or (Route("/", hello),)
        server = StatusServer(
            "127.0.0.1",
            unused_port() if port is None else port,
            given,
            allowed_hosts=("Pi.Example.org",),
            limits=limits,
        )
        servers.append(server)
        server.start()
        return server

    yield run
    for server in servers:
        assert server.stop(WAIT_S)


def listening(server: StatusServer) -> int:
    assert server.listening.wait(WAIT_S)
    return server.bound_port


def test_it_answers_in_one_thread_with_what_a_browser_has_to_keep_to(start: Start) -> None:
    before = set(threading.enumerate())
    port = listening(start(Route("/", hello), Route("/own", framed)))
    status, headers, body = get(port, "/")
    assert (status, body) == (200, "hello")
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "default-src 'none'" in CONTENT_SECURITY_POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert not [name for name in headers if name.startswith("access-control-")]
    assert "server" not in headers
    assert get(port, "/own")[1]["cache-control"] == "no-cache"
    status, headers, _ = get(port, "/nothing")
    assert (status, headers["x-frame-options"]) == (404, "DENY")
    assert [thread.name for thread in set(threading.enumerate()) - before] == ["status"]


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST:80", "127.0.0.1", "127.1.2.3:9464", "[::1]", "[::1]:9464"),
        *("192.168.1.20:9464", "pi.example.org", "PI.example.org.:9464"),
        *(socket.gethostname(), f"{socket.gethostname()}.local:9464"),
    ],
)
def test_names_of_this_machine_are_answered(start: Start, host: str) -> None:
    assert ask(listening(start()), head("/", host=host))[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "a b"),
        *("localhost:80:80", "user@localhost", "[::1", "[localhost]", "pi.example.org.evil"),
        f"{socket.gethostname()}.evil.example",
    ],
)
def test_names_of_others_are_not(start: Start, host: str) -> None:
    status, headers, body = ask(listening(start()), head("/", host=host))
    assert (status, body) == (421, "not a name of this machine\n")
    assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY


def test_who_names_no_host_or_two_gets_nothing(start: Start) -> None:
    port = listening(start())
    assert ask(port, b"GET / HTTP/1.0\r\n\r\n")[0] == 421
    assert ask(port, head("/", more="Host: localhost\r\n"))[0] == 400
    assert ask(port, b"GET / HTTP/1.1\r\n\r\n")[0] == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "X"])
def test_it_is_only_for_reading(start: Start, method: str) -> None:
    status, headers, _ = ask(listening(start()), head("/", method=method))
    assert (status, headers["allow"]) == (405, "GET, HEAD")


def test_head_is_get_without_the_body(start: Start) -> None:
    status, headers, body = ask(listening(start()), head("/", method="HEAD"))
    assert (status, headers["content-length"], body) == (200, "5", "")


def test_what_is_no_request_is_told_so_and_logged_nowhere(start: Start, journal: Journal) -> None:
    logging.getLogger().setLevel(logging.DEBUG)
    port = listening(start())
    with connect(port) as connection:
        connection.sendall(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
        assert read_to_end(connection).startswith(b"HTTP/1.1 400")
    long = head("/", more=f"X: {'x' * 1_000_000}\r\n")
    with connect(port) as connection:
        connection.sendall(long)
        assert read_to_end(connection)[:12] in (b"HTTP/1.1 400", b"")
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
    assert ask(port, head("/", more=upgrade))[0] == 200
    assert [line for line in journal.lines if "📈" not in line] == []


def test_an_error_in_an_answer_costs_a_line_and_not_the_server(start: Start) -> None:
    told = Told()
    root = logging.getLogger()
    root.addHandler(told)
    try:
        port = listening(start(Route("/", hello), Route("/broken", broken)))
        for _ in range(3):
            status, _, body = get(port, "/broken")
            assert (status, body) == (500, "internal error\n")
        assert get(port, "/")[0] == 200
    finally:
        root.removeHandler(told)
    errors = [record for record in told.records if record.levelno >= logging.ERROR]
    assert len(errors) == 1
    assert "serveur d'état" in errors[0].getMessage()


# -- Those who hang on -----------------------------------------------------------------------------


@pytest.mark.slow
def test_idle_connections_keep_nobody_out(start: Start) -> None:
    patient = StatusLimits(connections=20, request_s=WAIT_S, look_s=0.05)
    port = listening(start(limits=patient))
    idle = [connect(port) for _ in range(200)]
    try:
        for _ in range(5):
            assert get(port, "/")[0] == 200
        idle[-1].sendall(head("/", more="Connection: close\r\n"))  # the newest are there still
        assert read_to_end(idle[-1]).startswith(b"HTTP/1.1 200")
        assert read_to_end(idle[0]) == b""
    finally:
        for connection in idle:
            connection.close()


def test_who_reads_none_of_his_answer_keeps_nobody_out(start: Start) -> None:
    endless = Endless()
    patient = StatusLimits(connections=20, unread_s=4 * WAIT_S, look_s=0.05)
    port = listening(start(Route("/", hello), Route("/endless", endless.serve), limits=patient))
    with contextlib.ExitStack() as deaf:
        for _ in range(patient.connections):
            deaf.enter_context(connect(port)).sendall(head("/endless"))
        eventually(lambda: is_answered(port))


def is_answered(port: int) -> bool:
    with connect(port) as connection, contextlib.suppress(OSError):
        connection.sendall(head("/", more="Connection: close\r\n"))
        return read_to_end(connection).startswith(b"HTTP/1.1 200")
    return False


def test_nothing_is_kept_for_who_was_reset(start: Start) -> None:
    port = listening(start())
    for _ in range(5):
        with connect(port) as connection:
            connection.sendall(head("/"))
            assert connection.recv(65_536)
            at_once = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
    eventually(lambda: not any(map(waits_on, made_connections())))


def made_connections() -> list[BoundedConnection]:
    return [one for one in gc.get_objects() if isinstance(one, BoundedConnection)]


def waits_on(connection: BoundedConnection) -> bool:
    return connection.timeout_keep_alive_task is not None


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\nX"])
def test_half_a_request_is_hung_up_on(start: Start, said: bytes) -> None:
    port = listening(start())
    with connect(port) as connection:
        connection.sendall(said)
        assert read_to_end(connection) == b""


def test_a_request_that_trickles_in_is_hung_up_on(start: Start) -> None:
    port = listening(start())
    with connect(port) as connection:
        began_s = time.monotonic()
        connection.settimeout(0.05)
        ended = False
        while not ended and time.monotonic() - began_s < WAIT_S:
            try:
                connection.sendall(b"G")
                ended = connection.recv(1) == b""
            except TimeoutError:
                continue
            except ConnectionError:
                ended = True
        assert ended


def test_a_body_nobody_asked_for_is_not_waited_for(start: Start) -> None:
    port = listening(start())
    with connect(port) as connection:
        connection.sendall(head("/", more="Content-Length: 1000000\r\n") + b"x" * 100)
        answer = read_to_end(connection)
    assert answer.endswith(b"hello")


def test_who_never_reads_is_hung_up_on(start: Start) -> None:
    endless = Endless()
    port = listening(start(Route("/", endless.serve)))
    with connect(port) as connection:
        connection.sendall(head("/"))
        assert endless.begun.wait(WAIT_S)
        assert endless.over.wait(WAIT_S)
        read_to_end(connection)  # what the system had; then the end


def test_who_reads_is_not(start: Start) -> None:
    endless = Endless()
    port = listening(start(Route("/", endless.serve)))
    read = 0
    with connect(port) as connection:
        connection.sendall(head("/"))
        until_s = time.monotonic() + 4 * QUICK.unread_s
        while time.monotonic() < until_s:
            data = connection.recv(65_536)
            assert data
            read += len(data)
        assert not endless.over.is_set()
    assert endless.over.wait(WAIT_S)
    assert read > 65_536


def test_a_stream_may_be_silent_for_as_long_as_it_likes(start: Start) -> None:
    ended = threading.Event()

    async def parts() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.sleep(4 * QUICK.request_s)
        ended.set()
        yield b"last"

    async def stream(request: Request) -> Response:
        return StreamingResponse(parts())

    port = listening(start(Route("/", stream)))
    assert "last" in get(port, "/")[2]
    assert ended.is_set()


def test_it_stops_in_time_while_clients_hang_on(start: Start) -> None:
    endless = Endless()
    limits = StatusLimits()  # as in the field
    server = start(Route("/", hello), Route("/endless", endless.serve), limits=limits)
    port = listening(server)
    idle = [connect(port) for _ in range(30)]
    reading = [connect(port) for _ in range(10)]
    try:
        for connection in reading:
            connection.sendall(head("/endless"))
        assert endless.begun.wait(WAIT_S)
        began_s = time.monotonic()
        assert server.stop(WAIT_S)
        assert time.monotonic() - began_s < END_S
        assert endless.over.wait(WAIT_S)
        assert server.bound_port == 0
    finally:
        for connection in [*idle, *reading]:
            connection.close()
    with pytest.raises(OSError):
        connect(port)


def test_who_does_not_let_itself_be_cancelled_does_not_hold_the_end_up(start: Start) -> None:
    begun = threading.Event()

    async def stubborn(request: Request) -> Response:
        begun.set()
        for _ in range(3):
            try:
                await asyncio.sleep(0.3)
            except asyncio.CancelledError:
                continue
        return PlainTextResponse("at last")

    server = start(Route("/", stubborn))
    with connect(listening(server)) as connection:
        connection.sendall(head("/"))
        assert begun.wait(WAIT_S)
        assert server.stop(WAIT_S)


def test_without_descriptors_they_wait_outside(start: Start, journal: Journal) -> None:
    port = listening(start())
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    waiting = socket.socket()
    held = [os.dup(0)]
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (held[0] + 1, limit[1]))
        with contextlib.suppress(OSError):
            while True:
                held.append(os.dup(0))
        waiting.settimeout(WAIT_S)
        waiting.connect(("127.0.0.1", port))
        waiting.sendall(head("/", more="Connection: close\r\n"))
        line = journal.wait_for("❌ Serveur d'état en attente")
        assert "Trop de fichiers ouverts" in line
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)
        for descriptor in held:
            os.close(descriptor)
    with waiting:
        assert read_to_end(waiting).endswith(b"hello")


# -- The port --------------------------------------------------------------------------------------


def test_a_port_that_is_taken_is_said_once_and_tried_again(start: Start, journal: Journal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = start(port=port)
        journal.wait_for("inutilisable")
        assert not server.listening.wait(5 * QUICK.retry_s)
        assert server.bound_port == 0
    assert listening(server) == port
    assert get(port, "/")[0] == 200
    assert len([line for line in journal.lines if "inutilisable" in line]) == 1


def test_it_stops_while_it_waits_for_a_port(start: Start, journal: Journal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        server = start(port=other.getsockname()[1], limits=StatusLimits())
        journal.wait_for("inutilisable")
        began_s = time.monotonic()
        assert server.stop(WAIT_S)
        assert time.monotonic() - began_s < END_S


@pytest.mark.parametrize(("address", "is_open"), [("0.0.0.0", True), ("::", True), ("::1", False)])
def test_one_that_is_open_to_the_network_says_so(
    address: str, is_open: bool, journal: Journal
) -> None:
    server = StatusServer(address, unused_port(), [Route("/", hello)], limits=QUICK)
    server.start()
    try:
        assert server.listening.wait(WAIT_S)
        host, family = ("::1", socket.AF_INET6) if ":" in address else ("127.0.0.1", socket.AF_INET)
        with socket.socket(family) as connection:
            connection.settimeout(WAIT_S)
            connection.connect((host, server.bound_port))
            connection.sendall(head("/", more="Connection: close\r\n"))
            assert read_to_end(connection).endswith(b"hello")
    finally:
        assert server.stop(WAIT_S)
    assert bool([line for line in journal.lines if "ouvert au réseau" in line]) is is_open


def test_one_that_never_started_stops() -> None:
    assert StatusServer("127.0.0.1", unused_port(), ()).stop(WAIT_S)
