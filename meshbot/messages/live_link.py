"""Where the sending side gets the live interface from."""

from typing import Protocol

from meshbot.link.supervised_interface import SupervisedInterface


class LiveLink(Protocol):
    """What it asks of the link."""

    def wait_live(self, timeout_s: float) -> SupervisedInterface | None:
        """Return the live interface, waiting for one up to ``timeout_s``."""
