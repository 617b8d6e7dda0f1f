"""A client of the status server that says what a test has it say, byte for byte."""

import socket

from tests.support.limits import WAIT_S


def connect(port: int) -> socket.socket:
    """Return a connection that waits for what it is sent no longer than a test does."""
    return socket.create_connection(("127.0.0.1", port), WAIT_S)


def head(path: str, *, method: str = "GET", host: str = "localhost", more: str = "") -> bytes:
    """Return a request without a body."""
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n".encode()


def read_to_end(connection: socket.socket) -> bytes:
    """Return all that comes until the server hangs up."""
    received = bytearray()
    try:
        while data := connection.recv(65_536):
            received += data
    except ConnectionResetError:
        pass  # it hung up on what we had not read
    return bytes(received)


def ask(port: int, request: bytes) -> tuple[int, dict[str, str], str]:
    """Return the status, the headers and the body of an answer; each header comes once."""
    with connect(port) as connection:
        connection.sendall(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
        answer = read_to_end(connection).decode()
    first, _, body = answer.partition("\r\n\r\n")
    status, *lines = first.split("\r\n")
    names = [line.partition(":")[0].lower() for line in lines]
    assert len(set(names)) == len(names)
    headers = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in lines}
    return int(status.split()[1]), headers, body


def get(port: int, path: str) -> tuple[int, dict[str, str], str]:
    """Return the answer to a plain question."""
    return ask(port, head(path))
