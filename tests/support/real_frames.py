"""The frames that real nodes sent a client, as they were recorded."""

import json
from functools import cache
from pathlib import Path

CAPTURES = Path(__file__).parents[1] / "simulation" / "captures"


@cache
def frames_of_nodes() -> list[bytes]:
    """Return what nodes of three firmware versions sent, without the frames' headers."""
    frames = []
    for capture in sorted(CAPTURES.glob("firmware-*.jsonl")):
        records = map(json.loads, capture.read_text().splitlines())
        frames += [bytes.fromhex(record["hex"]) for record in records if record.get("dir") == "<"]
    assert frames
    return frames
