"""Whether a reconnection asks for the node's database, decided from outside the link."""


class ReconnectChoice:
    """Called on the link thread. This one leaves it as it is."""

    def is_light(self, usual: bool) -> bool:
        """Say whether the next session does without the database; ``usual``: as settings say."""
        return usual

    def opened(self) -> None:
        """Hear that the session that was asked about has a connection."""
