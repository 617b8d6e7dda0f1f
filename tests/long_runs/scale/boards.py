"""What the boards and the alerts that are shipped ask of Prometheus."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
ONE_BOT = "grafana.json"
MANY_BOTS = "grafana-fleet.json"
DAY_S = 86_400.0
SCREEN_POINTS = 720
"""What Grafana asks for where a panel says nothing: about as many as it is wide."""


@dataclass(frozen=True)
class Query:
    """One question of a panel."""

    panel: str
    expression: str
    is_instant: bool
    step_s: float
    """Between the points of a day."""


def queries_of(board: str, sites: str = ".*") -> list[Query]:
    """Return what a board asks; ``sites``: a regular expression of those that are chosen."""
    found: dict[str, Any] = json.loads((DEPLOY / board).read_text(encoding="utf-8"))
    return [
        Query(
            panel["title"],
            target["expr"].replace("$site", sites),
            bool(target.get("instant")),
            DAY_S / panel.get("maxDataPoints", SCREEN_POINTS),
        )
        for panel in found["panels"]
        for target in panel["targets"]
    ]


def expressions_of(rules: str) -> list[str]:
    """Return what the rules of a file compute."""
    text = (DEPLOY / rules).read_text(encoding="utf-8")
    return re.findall(r"^ +expr: (.+)$", text, re.MULTILINE)
