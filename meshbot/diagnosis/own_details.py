"""What lines of this bot tell beside the event, in whichever language. Pure."""

import json
import re
from collections.abc import Mapping

from meshbot.diagnosis.journal_line import EventDetails

TRIAL_ARMS = {
    ("SYNC", True): "sync",
    ("SYNC", False): "skip",
    ("LIGHT", True): "full",
    ("LIGHT", False): "light",
}
"""By what is on trial, and whether it is done this time."""


def loss(match: re.Match[str]) -> EventDetails:
    """Return why the link was lost, and how long before that the last byte came."""
    return {"text": match[1], "seconds": float(match[2]) if match[2] else None}


def node_said(parts: Mapping[str, re.Pattern[str]], match: re.Match[str]) -> EventDetails:
    """Return what the node said of itself, whatever of it is there."""
    found: dict[str, str] = {}
    for part in match[2].split(", "):  # a text of strangers holds no such blank
        for name, pattern in parts.items():
            whole = pattern.fullmatch(part.strip())
            if whole is not None:
                found[name] = whole[1]
    said: dict[str, object] = {"id": match[1]}
    said |= {name: found[name] for name in ("firmware", "region") if name in found}
    if "silent" in found:
        said["transmits"] = False
    return {
        "count": int(found["reboots"]) if "reboots" in found else None,
        "text": json.dumps(said, ensure_ascii=False),
    }
