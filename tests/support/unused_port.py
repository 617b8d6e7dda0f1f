"""A port at which nobody listens, and which no other test uses."""

import socket


def unused_port() -> int:
    """Return a port that the system would give next."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port
