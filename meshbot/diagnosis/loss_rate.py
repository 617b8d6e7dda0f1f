"""How many losses began in how much time."""

from dataclasses import dataclass


@dataclass
class LossRate:
    """Losses in a kind of time, in seconds."""

    losses: int = 0
    time_s: float = 0.0

    def add(self, time_s: float, *, lost: bool = False) -> None:
        """Count some more of this time, and whether a loss began in it."""
        self.time_s += time_s
        self.losses += lost

    @property
    def per_s(self) -> float:
        """Losses a second; 0 where there was no time."""
        return self.losses / self.time_s if self.time_s else 0.0
