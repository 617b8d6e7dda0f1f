"""The thread ``journal-output``: writes the journal's lines, whether or not somebody reads them.

A pipe that nobody reads is full at some time, a terminal can be stopped (Ctrl-S), a disk can be
full or hang. Whoever logs must not wait for any of that: lines are queued, and this thread alone
writes. What the queue cannot hold is lost, counted, and told in one line when there is room again.

Before each write it is asked whether there is room (``poll(2)``), and no more is written at once
than a pipe takes whole (``PIPE_BUF``, see ``pipe(7)``). The descriptor stays as it is: to make it
non-blocking would change it for the shell and all who share it, too.

Owns the queue, guarded by ``_changed``, a leaf; it can be entered twice by one thread, since what
the garbage collector calls may log. Any thread may offer a line; that never blocks.
"""

import logging
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable

from meshbot.text.language import mark
from meshbot.threads.bot_thread import BotThread

MAX_WAITING_BYTES = 262_144
"""About two thousand lines: more than a busy start says, less than matters to the memory."""
BLOCKED_LOOK_S = 0.25
"""How often a thread whose output is blocked sees whether it is to end."""
RECOVER_S = 1.0

log = logging.getLogger(__name__)

LostLine = Callable[[int, bool], str]
"""Makes the line about lost ones: how many, and whether they could not be written at all."""


class OutputWriter(BotThread):
    """A queue of lines, and the one thread that writes them."""

    error_line = mark("❌ Erreur inattendue à l'écriture du journal")
    wants_reserve = False  # it is to say, of all, that memory runs out
    idle_s: float | None = None
    """How long it waits for something to write before it rests; None: as long as it takes."""

    def __init__(
        self,
        descriptor: int,
        lost_line: LostLine,
        clock: Callable[[], float] = time.monotonic,
        *,
        max_bytes: int = MAX_WAITING_BYTES,
    ) -> None:
        """Prepare to write to ``descriptor``; :meth:`start` starts the thread."""
        super().__init__("journal-output", clock)
        self._descriptor = descriptor
        self._lost_line = lost_line
        self._max_bytes = max_bytes
        self._changed = threading.Condition()
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._lost = 0
        self._dropping = False
        """Whether the queue was full: until all of it is written, everything else is lost."""
        self._failed = False
        """Whether a write was refused since lost lines were last told of."""
        self._busy = False
        self._torn = False
        """Whether half a line stands at the end of the output; the thread's alone."""

    def offer(self, line: str) -> None:
        """Have a line written after those before it, or lost if too much waits."""
        data = line.encode("utf-8", "backslashreplace") + b"\n"
        with self._changed:
            full = self._waiting and self._waiting_bytes + len(data) > self._max_bytes
            if self._dropping or full:
                self._dropping = True
                self._lost += 1
                return
            self._waiting.append(data)
            self._waiting_bytes += len(data)
            self._changed.notify_all()

    def flush(self, timeout_s: float) -> bool:
        """Wait until all is written, so long at most; return whether it is."""
        with self._changed:
            return self._changed.wait_for(self._is_idle, timeout_s)

    def _is_idle(self) -> bool:
        return not (self._waiting or self._dropping or self._busy)

    # -- On the thread -------------------------------------------------------------------------

    def _do_next(self) -> None:
        line, lost, failed = self._take()
        if lost and not self._put(self._lost_line(lost, failed)):
            self._note_lost(lost + (line is not None))
        elif line is not None and not self._put_bytes(line):
            self._note_lost(1)
        elif line is None and not lost and not self._stopping.is_set():
            self._rest()

    def _rest(self) -> None:
        """Do what is to be done where nothing is to be written."""

    def _take(self) -> tuple[bytes | None, int, bool]:
        """Wait for something to write; return the next line, and what is to be told before it."""
        with self._changed:
            self._busy = False
            self._changed.notify_all()
            if not (self._waiting or self._dropping or self._stopping.is_set()):
                self._changed.wait(self.idle_s)
            if not (self._waiting or self._dropping):
                return None, 0, False
            self._busy = True
            line = None
            if self._waiting:
                line = self._waiting.popleft()
                self._waiting_bytes -= len(line)
                if self._dropping:  # what was lost came after all that still waits
                    return line, 0, False
            self._dropping = False
            lost, failed = self._lost, self._failed
            self._lost, self._failed = 0, False
            return line, lost, failed

    def _note_lost(self, count: int) -> None:
        with self._changed:
            self._lost += count
            self._failed = True

    def _put(self, line: str) -> bool:
        return self._put_bytes(line.encode("utf-8", "backslashreplace") + b"\n")

    def _put_bytes(self, line: bytes) -> bool:
        """Write a line, however long nobody reads it; return False if that is refused.

        A reader that went away, a disk that is full, a terminal that was closed are no event.
        """
        rest = memoryview(b"\n" + line if self._torn else line)
        whole = len(rest)
        while rest and not self._stopping.is_set():
            try:
                if self._has_room():
                    rest = rest[os.write(self._descriptor, rest[: select.PIPE_BUF]) :]
            except BlockingIOError:  # somebody else made it non-blocking, and was quicker
                self._stopping.wait(BLOCKED_LOOK_S)
            except OSError:
                self._torn = self._torn or len(rest) < whole
                return False
        self._torn = bool(rest)
        return True

    def _has_room(self) -> bool:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        return bool(poll.poll(1_000 * BLOCKED_LOOK_S))  # an error, too: the write tells which

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _recover(self) -> None:
        self._stopping.wait(RECOVER_S)  # what fails each time must not fill the queue
