"""How our node is, by its own telemetry. Pure."""

import json
import math
from typing import NamedTuple

POWERED_PERCENT = 101
"""What a node says as its battery's level that runs on external power."""


class NodeMetrics(NamedTuple):
    """What is known; None for what the node did not say.

    ``battery_percent``: above 100 on external power. ``channel_percent``: how much of the time its
    channel was busy in the last minutes. ``air_percent``: how much of the last hour it transmitted.
    """

    battery_percent: int | None = None
    voltage_v: float | None = None
    channel_percent: float | None = None
    air_percent: float | None = None

    def as_json(self) -> str:
        """Return what was said, as the link's journal keeps it."""
        said = {
            "battery": self.battery_percent,
            "voltage": _rounded(self.voltage_v),
            "channel": _rounded(self.channel_percent),
            "air": _rounded(self.air_percent),
        }
        return json.dumps({name: value for name, value in said.items() if value is not None})

    @classmethod
    def from_json(cls, text: str) -> "NodeMetrics":
        """Return what :meth:`as_json` wrote; of a damaged text nothing, or what makes sense."""
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            return cls()
        if not isinstance(said, dict):
            return cls()
        battery = _number(said.get("battery"))
        return cls(
            battery_percent=int(battery) if battery is not None else None,
            voltage_v=_number(said.get("voltage")),
            channel_percent=_number(said.get("channel")),
            air_percent=_number(said.get("air")),
        )


def _rounded(value: float | None) -> float | None:
    return round(value, 2) if value is not None else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 <= value < 1_000 else None
