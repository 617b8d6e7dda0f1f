"""Whether the log beside a database lost what was committed, which SQLite does not tell.

A log is read up to the first frame that is damaged, and no further; what stands behind is dropped
without a word, and the database is whole and of the past. The format is documented
(https://www.sqlite.org/walformat.html, 1 to 4). Pure but for the reading of one file.
"""

import struct
from collections import Counter
from pathlib import Path

from meshbot.store.carved_rows import PAGE_BYTES
from meshbot.store.file_access import LOG, beside

_HEAD = struct.Struct(">8I")
_FRAME_HEAD = struct.Struct(">6I")
_MAGIC = 0x377F0682  # the lowest bit says in which order the bytes of a checksum's words stand
_MASK = 0xFFFFFFFF
_MANY = 10_000_000
"""No database of this program has so many pages."""

_Salts = tuple[int, int]


def lost_commits(path: Path) -> bool:
    """Say whether a transaction that was committed stands behind a damaged place of the log.

    An unfinished transaction at the end is none, nor is what an earlier round of the log left.
    Raises ``OSError``.
    """
    log_path = beside(path, LOG)
    if not log_path.is_file():
        return False
    data = log_path.read_bytes()
    frame_bytes = _FRAME_HEAD.size + PAGE_BYTES
    frames = range(_HEAD.size, len(data) - frame_bytes + 1, frame_bytes)  # whole ones
    if not frames:
        return False
    valid, salts = _valid_frames(data, frames)
    if salts is None:
        found = Counter(_FRAME_HEAD.unpack_from(data, frame)[2:4] for frame in frames)
        salts, count = found.most_common(1)[0]
        if count < 2:
            return False  # anything at all, but no log of ours
    # The first that is damaged may be the one that a power cut left half written.
    return any(_is_commit(data, frame, salts) for frame in frames[valid + 1 :])


def _valid_frames(data: bytes, frames: range) -> tuple[int, _Salts | None]:
    """Return how many frames SQLite takes, and the log's salts, None if its head is damaged."""
    magic, _, page_bytes, _, *salts, first, second = _HEAD.unpack_from(data)
    order = ">" if magic & 1 else "<"
    checksum = _sum(data[: _HEAD.size - 8], (0, 0), order)
    if magic | 1 != _MAGIC | 1 or page_bytes != PAGE_BYTES or checksum != (first, second):
        return 0, None
    for number, frame in enumerate(frames):
        of_frame = _FRAME_HEAD.unpack_from(data, frame)
        checksum = _sum(data[frame : frame + 8], checksum, order)
        page = frame + _FRAME_HEAD.size
        checksum = _sum(data[page : page + PAGE_BYTES], checksum, order)
        if of_frame[2:4] != tuple(salts) or of_frame[4:] != checksum:
            return number, (salts[0], salts[1])
    return len(frames), (salts[0], salts[1])


def _is_commit(data: bytes, frame: int, salts: _Salts) -> bool:
    page, pages_then, *of_frame = _FRAME_HEAD.unpack_from(data, frame)
    return tuple(of_frame[:2]) == salts and 0 < page < _MANY and 0 < pages_then < _MANY


def _sum(data: bytes, checksum: tuple[int, int], order: str) -> tuple[int, int]:
    first, second = checksum
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for one, other in zip(words[::2], words[1::2], strict=True):
        first = first + one + second & _MASK
        second = second + other + first & _MASK
    return first, second
