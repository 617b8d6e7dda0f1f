"""The clients that are there, and those that are given what the node sends.

Owned by the loop that serves the clients, and entered by its thread alone.
"""

from collections.abc import Collection

from meshbot.sharing.client_outlet import ClientOutlet
from meshbot.text.language import tr


class Guests:
    """Clients by their numbers."""

    def __init__(self) -> None:
        """Nobody is there."""
        self.outlet: ClientOutlet | None = None
        """The way to them, once there is a server."""
        self.secret = b""
        """What no client is told, wherever it may stand: the node's private key."""
        self._hosts: dict[int, str] = {}
        self._ready: dict[int, None] = {}

    @property
    def ready(self) -> Collection[int]:
        """Those that were given a configuration."""
        return self._ready.keys()

    def came(self, client: int, host: str) -> None:
        """Note that a client is there."""
        self._hosts[client] = host

    def gone(self, client: int) -> str | None:
        """Forget a client; return its machine if no other connection of that is there."""
        self._ready.pop(client, None)
        host = self._hosts.pop(client, None)
        return host if host not in self._hosts.values() else None

    def host(self, client: int) -> str:
        """Return where a client comes from."""
        return self._hosts.get(client, "")

    def address(self, client: int) -> str:
        """Return where a client comes from, for people."""
        address = self.outlet.address_of(client) if self.outlet is not None else ""
        return address or self.host(client) or tr("un client parti")

    def is_ready(self, client: int) -> None:
        """Note that a client has a configuration."""
        self._ready[client] = None
        if self.outlet is not None:
            self.outlet.set_ready(client)

    def give(self, client: int, *payloads: bytes) -> None:
        """Give a client frames; one that tells the secret is left out."""
        if self.outlet is None or client not in self._hosts:
            return
        if self.secret:
            payloads = tuple(payload for payload in payloads if self.secret not in payload)
        self.outlet.send_all(client, payloads)

    def give_ready(self, payload: bytes, *, but: int | None = None) -> None:
        """Give a frame to everybody who is ready, but one."""
        for client in tuple(self._ready):
            if client != but:
                self.give(client, payload)

    def pending_bytes(self, client: int) -> int:
        """Return how much a client has not read yet."""
        return self.outlet.pending_bytes(client) if self.outlet is not None else 0

    def close(self, client: int, why: str) -> None:
        """End a client's connection."""
        if self.outlet is not None:
            self.outlet.close_client(client, why)

    def close_all(self, why: str) -> None:
        """End every connection."""
        for client in tuple(self._hosts):
            self.close(client, why)

    def count(self, client: int, *, refused: bool) -> None:
        """Note that a packet of a client was taken, or refused."""
        if self.outlet is None or client not in self._hosts:
            return
        if refused:
            self.outlet.count_refused(client)
        else:
            self.outlet.count_packet(client)
