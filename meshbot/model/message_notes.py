"""Where it is noted what becomes of messages."""


class MessageNotes:
    """Takes note of messages; any thread may tell, and none waits. This one keeps nothing."""

    def heard(self, sender: int, text: str) -> None:
        """Note that a command was heard that is dealt with."""

    def sent(self, packet_id: int, to: int, text: str) -> None:
        """Note that the node has a text of ours."""

    def delivered(self, packet_id: int) -> None:
        """Note that the one whom a text was for confirmed it."""

    def failed(self, packet_id: int, why: str) -> None:
        """Note that a text that the node had did not arrive."""

    def refused(self, to: int, text: str, why: str) -> None:
        """Note that the node would not send a text."""

    def dropped(self, to: int, why: str) -> None:
        """Note that a reply was given up before the node had it."""
