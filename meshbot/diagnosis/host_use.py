"""How the clients of one host used the shared node."""

from dataclasses import dataclass, field


@dataclass
class HostUse:
    """The sum of its connections that were there in the time that is judged."""

    host: str
    """Nothing where it stands for many hosts."""
    connections: int = 0
    there: int = 0
    """How many of them last."""
    there_since_s: float | None = None
    """When the first of those that last began."""
    seconds: float = 0.0
    """How long they lasted in sum, from their beginnings on."""
    packets: int = 0
    """How many packets of it were taken for the node."""
    refused: dict[str, int] = field(default_factory=dict)
    """How often what was refused, by the kind of refusal."""
    first_s: float | None = None
    """When the first of them began, as far as is known; None if none found a place."""
    last_s: float | None = None
    """When the last of them ended, or until when it is known to last."""

    @property
    def refusals(self) -> int:
        """How often it was refused something."""
        return sum(self.refused.values())

    def saw(self, from_s: float, to_s: float) -> None:
        """Count a time in which one of them was there."""
        self.first_s = from_s if self.first_s is None else min(self.first_s, from_s)
        self.last_s = to_s if self.last_s is None else max(self.last_s, to_s)
