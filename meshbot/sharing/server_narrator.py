"""What the server tells the journal."""

from typing import Protocol

from meshbot.model.client_status import ClientStatus


class ServerNarrator(Protocol):
    """The story of the port and of who comes; limits its own lines, whatever clients do."""

    def listening(self, where: str, open_to_network: bool) -> None:
        """Clients may come; ``where``: address and port, as text."""

    def not_listening(self, where: str, error: OSError) -> None:
        """The port cannot be opened now."""

    def client_came(self, address: str) -> None:
        """A client was given a place."""

    def client_left(self, client: ClientStatus, why: str, *, dropped: bool = False) -> None:
        """A client is gone; ``dropped``: the bot closed it, as it read nothing or sent too much."""

    def no_room(self, address: str, most: int) -> None:
        """A client was turned away, as ``most`` are there."""
