"""What still tells that a file was a database of this program, however damaged it is.

The first page of such a file holds the statements that made its tables. They are distinctive, so a
few of them are enough: a page with hundreds of flipped bits still has some. A text that quotes
them, such as the source of this program, is none: it has no zero bytes, a first page always has.
"""

import os
import stat
from pathlib import Path

LOOKED_AT_BYTES = 8_192
"""Two pages: the schema of today fills one."""
MIN_FRAGMENTS = 2
FRAGMENTS = (
    b"simulated INTEGER NOT NULL",
    b"long_name TEXT NOT NULL",
    b"short_name TEXT NOT NULL",
    b"public_key BLOB NOT NULL",
    b"PRIMARY KEY (simulated, num",
    b"CREATE TABLE other_keys",
    b"CREATE TABLE key_orders",
    b"CREATE TABLE link_events",
    b"CREATE TABLE heard_orders",
    b"replaced_by TEXT NOT NULL",
    b"offered_at INTEGER NOT NULL",
    b"mono_s REAL NOT NULL",
)


def has_traces(path: Path) -> bool:
    """Say whether a file shows that it is, or was, a database of ours. Never waits, nor raises."""
    beginning = beginning_of(path, LOOKED_AT_BYTES)
    if b"\x00" not in beginning:
        return False
    return sum(fragment in beginning for fragment in FRAGMENTS) >= MIN_FRAGMENTS


def beginning_of(path: Path, size: int) -> bytes:
    """Return the first bytes of a regular file, nothing of anything else. Never waits."""
    try:
        # A pipe without a writer would keep us waiting for one.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (OSError, ValueError):
        return b""
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b""
        return os.pread(descriptor, size, 0)
    except OSError:
        return b""
    finally:
        os.close(descriptor)
