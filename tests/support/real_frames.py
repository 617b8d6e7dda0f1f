"""All that real nodes sent, for tests that break it."""

import random
from functools import cache

from tests.support.capture import PATHS, frames_of


@cache
def frames_of_nodes() -> list[bytes]:
    """Return what nodes of three firmware versions sent, without the frames' headers."""
    frames = [payload for path in PATHS for _, ours, payload in frames_of(path) if not ours]
    assert frames
    return frames


def spoil(data: bytearray, chance: random.Random) -> None:
    """Change, drop or add a byte, or cut the end off; of nothing, nothing."""
    if not data:
        return
    at = chance.randrange(len(data))
    match chance.randrange(4):
        case 0:
            data[at] = chance.randrange(256)
        case 1:
            del data[at]
        case 2:
            data.insert(at, chance.randrange(256))
        case _:
            del data[at:]
