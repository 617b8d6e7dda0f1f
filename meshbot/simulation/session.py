"""What the simulated node remembers about one connection. Owned by its loop thread alone."""

from collections import deque

from meshbot.simulation.link import SimulatedLink

# The firmware's PhoneAPI remembers this many ids of packets from the client.
RECENT_IDS = 20


class SimulatedSession:
    """The state of the API on one link: handshake, duplicates, pacing."""

    def __init__(self, link: SimulatedLink) -> None:
        """Start as after an accept: nothing asked, nothing sent."""
        self.link = link
        self.complete = False
        # True once a handshake was cut short for good: nothing more is said on this link.
        self.muted = False
        self.handshake = 0
        # By port number.
        self.taken_at_s: dict[int, float] = {}
        self._recent_ids: deque[int] = deque(maxlen=RECENT_IDS)

    def is_duplicate(self, packet_id: int) -> bool:
        """Say whether this id came lately, and remember it."""
        if packet_id == 0:
            return False
        if packet_id in self._recent_ids:
            return True
        self._recent_ids.append(packet_id)
        return False
