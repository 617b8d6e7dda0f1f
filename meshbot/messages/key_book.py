"""Where the sending side gets public keys and names from."""

from typing import Protocol

from meshbot.model.known_node import BROADCAST_NUM
from meshbot.text.language import tr


class KeyBook(Protocol):
    """What the sending side asks of the known nodes."""

    def public_key(self, num: int) -> bytes:
        """Return the key known for a node, or ``b""``."""

    def label(self, num: int) -> str:
        """Return how a log line names a node."""


def recipient_label(keys: KeyBook, num: int) -> str:
    """Return how a log line names whom a text is for."""
    return tr("tous") if num == BROADCAST_NUM else keys.label(num)
