"""The texts that a client missed while it was away, for ``SHARE_REPLAY``. Pure: told the time.

A client is known again by the address of its machine only, so it is given what came since the last
connection from there ended. Owned by the loop that serves the clients.
"""

from collections import OrderedDict, deque

KEPT_TEXTS = 200
KEPT_S = 86_400.0
KEPT_HOSTS = 64


class MissedTexts:
    """The last texts, and when which machine was last there."""

    def __init__(self) -> None:
        """Nothing was heard, and nobody was there."""
        self._texts: deque[tuple[float, bytes]] = deque(maxlen=KEPT_TEXTS)
        self._left_s: OrderedDict[str, float] = OrderedDict()

    def heard(self, payload: bytes, now_s: float) -> None:
        """Keep the frame of a text."""
        self._texts.append((now_s, payload))

    def left(self, host: str, now_s: float) -> None:
        """Note that the last connection from a machine has ended."""
        self._left_s[host] = now_s
        self._left_s.move_to_end(host)
        if len(self._left_s) > KEPT_HOSTS:
            self._left_s.popitem(last=False)

    def take(self, host: str, now_s: float) -> list[bytes]:
        """Return what a machine missed that is there again; nothing the second time."""
        left_s = self._left_s.pop(host, None)
        if left_s is None:
            return []
        since_s = max(left_s, now_s - KEPT_S)
        return [payload for heard_s, payload in self._texts if heard_s > since_s]
