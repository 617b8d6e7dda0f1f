"""What a client of the shared node was refused, as an event of the link keeps it."""

import json
from dataclasses import dataclass, field

from meshbot.model.client_use import host_in

MOST_KINDS = 32
OTHER_KIND = "other"
"""What stands for all kinds beyond those that find room."""


@dataclass(slots=True)
class ClientRefusals:
    """Of one host."""

    host: str
    """Where it came from, without a port; nothing where it is about many hosts."""
    kinds: dict[str, int] = field(default_factory=dict)
    """How often what was refused: the values of the refusals' kinds."""

    @property
    def count(self) -> int:
        """How often in all."""
        return sum(self.kinds.values())

    def add(self, kind: str, count: int = 1) -> None:
        """Count a refusal."""
        if kind not in self.kinds and len(self.kinds) >= MOST_KINDS:
            kind = OTHER_KIND
        self.kinds[kind] = self.kinds.get(kind, 0) + count

    def as_json(self) -> str:
        """Return it as an event keeps it."""
        return json.dumps({"host": self.host, "kinds": self.kinds})

    @classmethod
    def from_json(cls, text: str) -> "ClientRefusals":
        """Return what an event keeps; what a damaged file spoilt is left out."""
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            return cls("")
        kinds = said.get("kinds")
        refusals = cls(host_in(said))
        for kind, count in kinds.items() if isinstance(kinds, dict) else ():
            if isinstance(count, int) and not isinstance(count, bool) and 0 < count < 1 << 40:
                refusals.add(kind, count)
        return refusals
