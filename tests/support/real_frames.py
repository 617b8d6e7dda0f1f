"""All that real nodes sent, for tests that break it."""

from functools import cache

from tests.support.capture import PATHS, frames_of


@cache
def frames_of_nodes() -> list[bytes]:
    """Return what nodes of three firmware versions sent, without the frames' headers."""
    frames = [payload for path in PATHS for _, ours, payload in frames_of(path) if not ours]
    assert frames
    return frames
