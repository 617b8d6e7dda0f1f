"""A name on this machine that one process has at a time, and that ends with it.

The name is that of a Unix socket in Linux's abstract namespace (``unix(7)``): it needs no file that
could be deleted, damaged or forbidden, it is seen by processes of every account, and the kernel
takes it back however its process ends. Nothing listens at it. Containers with a network of their
own have names of their own. Where a system has no such names, nothing is claimed.

Beside the name stands another one with the number of the process, so that everybody can say who it
is: whose sockets are whose the system shows to root alone.

Any local account can take a name first, and so keep a bot from starting.
"""

import contextlib
import errno
import hashlib
import os
import socket
from pathlib import Path

_PREFIX = "meshbot:"
_BY = "#"
MAX_NAME = 80
"""Of 107 bytes that the system allows; the number of the process has a place behind it."""


class ProcessClaim:
    """Names claimed for this process, until :meth:`release`. Belongs to the main thread."""

    def __init__(self) -> None:
        """Begin with none."""
        self._sockets: list[socket.socket] = []

    def take(self, name: str) -> bool:
        """Claim a name; return False if another process, or another claim here, has it."""
        try:
            claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        except (AttributeError, OSError):
            return True  # a system without such sockets, or a sandbox without them
        try:
            claim.bind(_address_of(name))
        except OSError as error:
            claim.close()
            return error.errno != errno.EADDRINUSE
        self._sockets.append(claim)
        with contextlib.suppress(OSError):  # only a remark
            remark = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._sockets.append(remark)
            remark.bind(f"{_address_of(name)}{_BY}{os.getpid()}")
        return True

    def release(self) -> None:
        """Give every name back. Harmless when there is none."""
        for claim in self._sockets:
            claim.close()
        self._sockets.clear()


def holder_of(name: str) -> int | None:
    """Return the process that has a name, 0 if it does not say which, None if nobody has it."""
    shown = _address_of(name).replace("\0", "@")
    try:
        table = Path("/proc/net/unix").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    names = {line.split(None, 7)[-1] for line in table.splitlines()}
    if shown not in names:
        return None
    said = (other.removeprefix(f"{shown}{_BY}") for other in names if other.startswith(shown + _BY))
    return next((int(pid) for pid in said if pid.isdecimal() and pid.isascii()), 0)


def _address_of(name: str) -> str:
    if not name.isascii() or not name.isprintable() or len(name) > MAX_NAME:
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        name = f"{name.partition(':')[0]}:{digest}"
    return f"\0{_PREFIX}{name}"
