"""Waits for SIGTERM or SIGINT without ever missing one.

A main thread that waits on a lock does not notice a signal that the system hands to another thread,
or that comes just before it falls asleep: Python's handler runs in the main thread only, and that
sleeps on. So the signal itself writes a byte (``signal.set_wakeup_fd``), and that is waited for.
"""

import signal
import socket
import threading
from types import FrameType, TracebackType
from typing import Self

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Termination:
    """The wish of the system or the operator that the program ends.

    Signals belong to the main thread; in any other, the wait has no end but the process's.
    """

    def __init__(self) -> None:
        """Install nothing yet: use it as a context manager."""
        self.requested = False
        self._previous: dict[signal.Signals, signal._HANDLER] = {}
        self._previous_bell = -1

    def __enter__(self) -> Self:
        """Take the signals over."""
        self._awake, self._bell = socket.socketpair()
        self._bell.setblocking(False)
        if threading.current_thread() is threading.main_thread():
            self._previous_bell = signal.set_wakeup_fd(
                self._bell.fileno(), warn_on_full_buffer=False
            )
            self._previous = {number: signal.signal(number, self._note) for number in _SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the signals back."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        if self._previous:
            signal.set_wakeup_fd(self._previous_bell)
        self._bell.close()
        self._awake.close()

    def wait(self) -> None:
        """Return when a signal has come, were it before the call."""
        while not self.requested:
            # The bytes are the signals' numbers; the handler itself may not have run yet.
            self.requested = any(number in _SIGNALS for number in self._awake.recv(64))

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
