"""To which client go the frames that are for one alone: of MQTT and of a file transfer. Pure.

To the last that sent one of its kind; to the last that asked for a configuration while none did. A
node in proxy mode sends what is for its broker to its client, which need not have said a word.
Owned by the loop that serves the clients.
"""


class ProxiedFrames:
    """Who asked last."""

    def __init__(self) -> None:
        """Nobody did."""
        self._ready: dict[int, None] = {}
        """Those that have a configuration, the last to ask for it at the end."""
        self._senders: dict[str, int] = {}
        """The last client that sent a frame, by its kind."""

    def is_ready(self, client: int) -> None:
        """Note that a client asked for a configuration, and has it."""
        self._ready.pop(client, None)
        self._ready[client] = None

    def sent(self, client: int, kind: str) -> None:
        """Note that a client sent a frame of that kind."""
        self._senders[kind] = client

    def gone(self, client: int) -> None:
        """Forget a client."""
        self._ready.pop(client, None)
        self._senders = {kind: num for kind, num in self._senders.items() if num != client}

    def recipient(self, kind: str, *, asked: bool = False) -> int | None:
        """Return who is given a frame of that kind; ``asked``: only who sent one."""
        sender = self._senders.get(kind)
        if sender is not None or asked:
            return sender
        return next(reversed(self._ready), None)
