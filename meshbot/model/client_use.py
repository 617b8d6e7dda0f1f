"""How a client used the shared node, as an event of the link keeps it."""

import json
import re
from dataclasses import dataclass

MOST_NUMBERS = 64
MOST_PACKETS = 1 << 40
_HOST = re.compile(r"[0-9A-Za-z.:%_-]{1,80}")


@dataclass(frozen=True, slots=True)
class ClientUse:
    """One connection, or several of one host."""

    host: str
    """Where it came from, without a port; nothing where it is about many hosts."""
    packets: int = 0
    """How many packets were taken for the node."""
    numbers: tuple[int, ...] = ()
    """Which connections of the run; of those that ended, only the ones told to be there."""
    ago_s: float = 0.0
    """How long before the event the last of them ended."""

    def as_json(self) -> str:
        """Return it as an event keeps it."""
        said = {"host": self.host, "packets": self.packets, "numbers": self.numbers}
        return json.dumps({**said, **({"ago": round(self.ago_s)} if self.ago_s >= 1 else {})})

    @classmethod
    def from_json(cls, text: str) -> "ClientUse":
        """Return what an event keeps; what a damaged file spoilt is left out."""
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            return cls("")
        numbers = said.get("numbers")
        return cls(
            host_in(said),
            _count(said.get("packets")),
            tuple(
                number
                for number in (numbers if isinstance(numbers, list) else [])[:MOST_NUMBERS]
                if _count(number)
            ),
            float(_count(said.get("ago"))),
        )


def host_in(said: dict[str, object]) -> str:
    """Return the host that an event names; nothing for what can be none."""
    host = said.get("host")
    return host if isinstance(host, str) and _HOST.fullmatch(host) else ""


def _count(value: object) -> int:
    sound = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST_PACKETS
    return int(value) if sound and isinstance(value, int) else 0
