"""What the desk asks of the server: all on the loop's thread."""

from collections.abc import Iterable
from typing import Protocol


class ClientOutlet(Protocol):
    """The way to the clients, by their numbers. A client that is gone is passed over."""

    def send(self, client: int, payload: bytes) -> None:
        """Give a client a frame."""

    def send_all(self, client: int, payloads: Iterable[bytes]) -> None:
        """Give a client several frames, in their order."""

    def address_of(self, client: int) -> str:
        """Return where a client comes from, with its port, for people."""

    def pending_bytes(self, client: int) -> int:
        """Return how much a client was given and did not read yet."""

    def close_client(self, client: int, why: str) -> None:
        """End a connection; ``why`` goes to the journal."""

    def set_ready(self, client: int) -> None:
        """Note that a client has a configuration."""

    def count_packet(self, client: int) -> None:
        """Note that a packet of a client was taken."""

    def count_refused(self, client: int) -> None:
        """Note that one was refused."""
