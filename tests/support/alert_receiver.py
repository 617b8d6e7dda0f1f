"""A service that alerts are sent to: a real HTTP server, and what was posted to it."""

import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import pytest

from tests.support.limits import PROGRAM_S


class AlertReceiver:
    """Takes what is posted as JSON; ``status`` is its answer, and ``hanging`` that it has none."""

    def __init__(self, port: int = 0, *, status: int = 200, hanging: bool = False) -> None:
        self.status = status
        self.hanging = hanging
        self.asked = threading.Event()
        self._posts: queue.Queue[dict[str, Any]] = queue.Queue()
        self._closing = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.asked.set()
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if receiver.hanging:
                    receiver.drip(self)
                    return
                if receiver.status == 200:
                    receiver._posts.put(json.loads(body))
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Be silent."""

        class Server(ThreadingHTTPServer):
            daemon_threads = False

        self._server = Server(("127.0.0.1", port), Handler)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def drip(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer a byte a second for ever: no timeout of a read ends that."""
        try:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while not self._closing.wait(1.0):
                handler.wfile.write(b".")
                handler.wfile.flush()
        except OSError:
            return

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.port}/"

    def next(self) -> dict[str, Any]:
        """Return the next that was posted; fail if none comes."""
        try:
            return self._posts.get(timeout=PROGRAM_S)
        except queue.Empty:
            pytest.fail("no alert came")

    def wait_for(self, text: str) -> None:
        """Wait for a message with a text, alone or among others; fail if none comes."""
        while text not in self.next()["message"]:
            pass

    def is_empty(self) -> bool:
        return self._posts.empty()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
