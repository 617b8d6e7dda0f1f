"""How often strangers are asked for their key, which costs everybody's air time. Pure.

Owned by the worker thread; told the time, keeps no clock.
"""

from collections import deque
from typing import NamedTuple

from meshbot.messages.packet_path import PacketPath
from meshbot.text.line_limiter import LineLimiter

SENDER_INTERVAL_S = 600.0
HOUR_S = 3_600.0


class Share(NamedTuple):
    """How many an hour, and how many of them for numbers never heard before."""

    most: int
    most_of_strangers: int


SHARES = {
    PacketPath.NETWORK: Share(3, 2),
    PacketPath.HOPS: Share(8, 5),
    PacketPath.DIRECT: Share(12, 8),
}
"""For senders of a path and of those farther away, whom it costs least to make a number up: so a
flood from afar leaves room for those nearby, and one of made-up numbers for those heard before."""
MAX_PER_HOUR = SHARES[PacketPath.DIRECT].most
_FARTHEST_FIRST = list(SHARES)


class KeyRequests:
    """Allows one request a sender in ten minutes, and twelve an hour in all."""

    def __init__(self) -> None:
        """Nobody has been asked."""
        self._senders = LineLimiter(SENDER_INTERVAL_S)
        self._asked: deque[tuple[float, PacketPath, bool]] = deque(maxlen=MAX_PER_HOUR)

    def allows(
        self,
        sender: int,
        now_s: float,
        *,
        path: PacketPath = PacketPath.DIRECT,
        familiar: bool = False,
    ) -> bool:
        """Say whether ``sender`` may be asked at monotonic ``now_s``; yes counts as asked."""
        lately = [(way, known) for asked_s, way, known in self._asked if now_s - asked_s < HOUR_S]
        if len(lately) >= MAX_PER_HOUR:
            return False
        rank = _FARTHEST_FIRST.index(path)
        for wider in _FARTHEST_FIRST[rank:]:
            within = _FARTHEST_FIRST[: _FARTHEST_FIRST.index(wider) + 1]
            counted = [known for way, known in lately if way in within]
            share = SHARES[wider]
            if len(counted) >= share.most:
                return False
            if not familiar and counted.count(False) >= share.most_of_strangers:
                return False
        if not self._senders.allows(sender, now_s):
            return False
        self._asked.append((now_s, path, familiar))
        return True
