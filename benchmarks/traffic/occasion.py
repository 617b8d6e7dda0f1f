"""One moment at which somebody says something. Pure data."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from meshbot.simulation.peer import SimulatedPeer


@dataclass(frozen=True)
class Occasion:
    """Who says it, when (``time_s``, in seconds since 1970), and who else is there."""

    speaker: SimulatedPeer
    people: Sequence[SimulatedPeer]
    own_num: int
    time_s: int
    chance: random.Random

    @property
    def uptime_s(self) -> int:
        """How long the speaker has run: another time for each, going on with the clock."""
        return self.speaker.num % 2_000_000 + self.time_s % 1_000_000

    def degrees(self) -> tuple[int, int]:
        """Return the speaker's latitude and longitude, in 1e-7 degrees; he has moved a little."""
        return (
            int((self.speaker.latitude + self.chance.uniform(-0.01, 0.01)) * 1e7),
            int((self.speaker.longitude + self.chance.uniform(-0.01, 0.01)) * 1e7),
        )

    def somebody(self) -> int:
        """Return anybody's number."""
        return self.chance.choice(self.people).num

    def quarter_db(self) -> int:
        """Return how well one was heard, in quarters of a decibel."""
        return self.chance.randrange(-80, 48)
