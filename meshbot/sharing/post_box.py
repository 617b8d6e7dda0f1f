"""Calls that any thread leaves for a loop, and the bell that wakes it.

``_lock`` guards the calls and whether the bell rang; it is a leaf. The bell's sockets are opened
and closed by the loop's thread.
"""

import contextlib
import socket
import threading
from collections import deque
from collections.abc import Callable

_Call = Callable[[], object]


class PostBox:
    """A bounded queue. What is posted before the bell is there waits for the loop's first look."""

    def __init__(self, most: int) -> None:
        """Set how many calls may wait."""
        self._most = most
        self._lock = threading.Lock()
        self._calls: deque[_Call] = deque()
        self._rang = False
        self._bell: socket.socket | None = None
        self._ear: socket.socket | None = None
        self.dropped = 0
        """How many calls found no room."""

    def open(self) -> socket.socket:
        """Return what becomes readable when something was posted, or the bell rung."""
        ear, bell = socket.socketpair()
        ear.setblocking(False)
        bell.setblocking(False)
        with self._lock:
            self._ear, self._bell, self._rang = ear, bell, False
        return ear

    def close(self) -> None:
        """Take nothing more, and forget what waits."""
        with self._lock:
            ear, bell = self._ear, self._bell
            self._ear = self._bell = None
            self._calls.clear()
            self._most = 0
        for end in (ear, bell):
            if end is not None:
                end.close()

    def post(self, call: _Call) -> bool:
        """Leave a call; False where too many wait. Never blocks."""
        with self._lock:
            if len(self._calls) >= self._most:
                self.dropped += 1
                return False
            self._calls.append(call)
        self.ring()
        return True

    def ring(self) -> None:
        """Wake the loop; once until it has looked."""
        with self._lock:
            bell = self._bell
            if bell is None or self._rang:
                return
            self._rang = True
            with contextlib.suppress(OSError):  # full: it wakes anyway
                bell.send(
                    b"\0"
                )  # under the lock: :meth:`close` must not come between; non-blocking

    def hear(self) -> None:
        """Take note that the bell rang; before the calls are taken."""
        with self._lock:
            if self._rang and self._ear is not None:
                self._rang = False
                with contextlib.suppress(OSError):
                    self._ear.recv(64)

    def take(self) -> _Call | None:
        """Return the oldest call."""
        with self._lock:
            return self._calls.popleft() if self._calls else None

    def __len__(self) -> int:
        """Return how many calls wait."""
        return len(self._calls)
