"""The page, its files and its events over real sockets; who does not read costs little."""

import socket
import tracemalloc
from collections.abc import Iterator

import pytest

from meshbot.status.page import event_hub, event_stream
from meshbot.status.page.event_hub import MOST_READERS
from tests.support.eventually import eventually
from tests.support.fake_live_view import FakeLiveView
from tests.support.limits import WAIT_S
from tests.support.page_server import ServedPage, served

pytestmark = pytest.mark.slow

READERS = 50
BIG = 200_000


class Reader:
    """Somebody who reads the events, or does not."""

    def __init__(self, page: ServedPage, *, seen: str = "", buffer: int = 0) -> None:
        self._socket = socket.socket()
        if buffer:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self._socket.settimeout(WAIT_S)
        self._socket.connect(("127.0.0.1", page.port))
        more = f"Last-Event-ID: {seen}\r\n" if seen else ""
        self._socket.sendall(f"GET /events HTTP/1.1\r\nHost: x\r\n{more}\r\n".encode())
        self.text = ""

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def read_until(self, text: str) -> str:
        """Read on until a text came; return all that was read so far."""
        while text not in self.text:
            data = self._socket.recv(1 << 20)
            assert data, "the server closed the stream"
            self.text += data.decode("utf-8", "replace")
        return self.text

    def ids(self) -> list[str]:
        return [line[4:] for line in self.text.split("\n") if line.startswith("id: ")]


def answer(page: ServedPage, path: str, headers: str = "") -> tuple[str, bytes]:
    """Return the head and the body of an answer."""
    with socket.create_connection(("127.0.0.1", page.port), WAIT_S) as connection:
        request = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n"
        connection.sendall(request.encode())
        data = b""
        while part := connection.recv(1 << 16):
            data += part
    head, _, body = data.partition(b"\r\n\r\n")
    return head.decode(), body


def wait_until(page: ServedPage, readers: int) -> None:
    """Wait until so many read."""
    eventually(lambda: page.hub.readers == readers, f"{readers} readers")


@pytest.fixture
def view() -> FakeLiveView:
    return FakeLiveView()


@pytest.fixture
def page(view: FakeLiveView, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedPage]:
    monkeypatch.setattr(event_hub, "LOOK_S", 0.02)
    with served(view) as server:
        yield server


def test_the_page_comes_with_its_policy_and_is_small(page: ServedPage) -> None:
    head, body = answer(page, "/")
    assert head.startswith("HTTP/1.1 200")
    assert "content-security-policy: default-src 'none'; script-src 'self';" in head
    assert "unsafe" not in head
    assert "cache-control: no-store" in head
    files = [answer(page, f"/static/live.{kind}")[1] for kind in ("js", "css")]
    assert sum(len(part) for part in (body, *files)) < 40_000


def test_nothing_else_is_served(page: ServedPage) -> None:
    for path in ("/static/", "/static/live_page.py", "/static/../live_page.py", "/index.html"):
        assert answer(page, path)[0].startswith("HTTP/1.1 404"), path


def test_a_file_is_sent_once(page: ServedPage) -> None:
    head, body = answer(page, "/static/live.css")
    assert "content-type: text/css" in head
    tag = next(line for line in head.split("\r\n") if line.startswith("etag: "))[6:]
    again, nothing = answer(page, "/static/live.css", f"If-None-Match: {tag}\r\n")
    assert again.startswith("HTTP/1.1 304")
    assert body
    assert not nothing
    assert answer(page, "/static/live.css", 'If-None-Match: "x"\r\n')[0].startswith("HTTP/1.1 200")


def test_a_reader_is_told_all_then_what_changes(page: ServedPage, view: FakeLiveView) -> None:
    with Reader(page) as reader:
        told = reader.read_until("event: own")
        assert ": heartbeat\nevent: tick\ndata: " in told
        view.said_log = ("something new",)
        reader.read_until("something new")
        first, last = reader.ids()[0], reader.ids()[-1]
    with Reader(page, seen=last) as reader:
        view.said_log = ("newer still",)
        told = reader.read_until("newer still")
        assert "event: nodes" not in told
    with Reader(page, seen=first) as reader:
        assert "event: nodes" in reader.read_until("event: own")


def test_a_quiet_bot_gives_signs_of_life(page: ServedPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "TICK_S", 0.05)
    with Reader(page) as reader:
        reader.read_until("event: own")
        reader.text = ""
        reader.read_until("event: tick")
        reader.text = ""
        reader.read_until(": heartbeat")


def test_fifty_readers_cost_one_rendering_a_change(page: ServedPage, view: FakeLiveView) -> None:
    readers = [Reader(page) for _ in range(READERS)]
    try:
        for reader in readers:
            reader.read_until("event: own")
        rendered = page.hub.page.renderings
        for number in range(10):
            view.said_log = (f"change {number}.",)
            for reader in readers:
                reader.read_until(f"change {number}.")
        assert page.hub.page.renderings == rendered + 10
        looks = view.looks
        assert page.hub.readers == READERS
    finally:
        for reader in readers:
            reader.__exit__()
    wait_until(page, 0)
    assert view.looks >= looks


def test_without_readers_nobody_looks_at_the_bot(page: ServedPage, view: FakeLiveView) -> None:
    with Reader(page) as reader:
        reader.read_until("event: own")
    wait_until(page, 0)
    assert page.hub._looking is None
    looks = view.looks
    answer(page, "/static/live.css")
    assert view.looks == looks


def test_who_never_reads_has_one_buffer_and_then_the_newest(
    page: ServedPage, view: FakeLiveView
) -> None:
    """A hundred changes of 200 kB are 20 MB; what is kept for one who sleeps is far from that."""
    with Reader(page, buffer=4_096) as sleeper, Reader(page) as reader:
        reader.read_until("event: own")
        wait_until(page, 2)
        for number in range(100):
            if number == 50:
                tracemalloc.start()
            view.said_log = (f"{number}." + "x" * BIG,)
            reader.read_until(f"data: {number}.")
            reader.text = ""
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert held < 20 * BIG
        view.said_log = ("the newest",)
        told = sleeper.read_until("the newest")
        assert told.count("event: log") < 50
        reader.read_until("the newest")


def test_who_is_one_too_many_is_told_to_come_again(page: ServedPage) -> None:
    readers = [Reader(page) for _ in range(MOST_READERS)]
    try:
        wait_until(page, MOST_READERS)
        head, _ = answer(page, "/events")
        assert head.startswith("HTTP/1.1 503")
        assert "retry-after: 5" in head
    finally:
        for reader in readers:
            reader.__exit__()
    wait_until(page, 0)
    with Reader(page) as reader:
        reader.read_until("event: own")


def test_who_asks_for_the_head_of_the_events_is_no_reader(page: ServedPage) -> None:
    with socket.create_connection(("127.0.0.1", page.port), WAIT_S) as connection:
        connection.sendall(b"HEAD /events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        data = b""
        while part := connection.recv(1 << 16):
            data += part
    assert data.startswith(b"HTTP/1.1 200")
    assert page.hub.readers == 0


def test_the_server_ends_though_somebody_never_reads(
    view: FakeLiveView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_hub, "LOOK_S", 0.02)
    with served(view) as page:
        sleeper = Reader(page, buffer=4_096)
        with Reader(page) as reader:
            for number in range(40):
                view.said_log = (f"{number}." + "x" * BIG,)
                reader.read_until(f"data: {number}.")
                reader.text = ""
    assert page.hub.readers == 0
    sleeper.__exit__()


def test_the_server_ends_though_somebody_reads(view: FakeLiveView) -> None:
    with served(view) as page:
        reader = Reader(page)
        reader.read_until("event: own")
    reader.__exit__()
    assert page.hub.readers == 0
