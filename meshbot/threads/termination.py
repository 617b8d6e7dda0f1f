"""Waits for SIGTERM or SIGINT without ever missing one, and answers others meanwhile.

A main thread that waits on a lock does not notice a signal that the system hands to another thread,
or that comes just before it falls asleep: Python's handler runs in the main thread only, and that
sleeps on. So the signal itself writes a byte (``signal.set_wakeup_fd``), and that is waited for.
"""

import contextlib
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Termination:
    """The wish of the system or the operator that the program ends.

    Signals belong to the main thread; in any other, the wait has no end but the process's.
    """

    def __init__(
        self,
        on_usr1: Callable[[], object] = lambda: None,
        on_hup: Callable[[], object] = lambda: None,
    ) -> None:
        """Install nothing yet: use it as a context manager.

        ``on_usr1`` is called by :meth:`wait` for each SIGUSR1, or once for several; ``on_hup`` for
        SIGHUP.
        """
        self.requested = False
        self._answers = {signal.SIGUSR1: on_usr1, signal.SIGHUP: on_hup}
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
            # The byte is what counts; but without a handler the signal would end the process.
            for number in self._answers:
                self._previous[number] = signal.signal(number, lambda *_: None)
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

    def wake(self) -> None:
        """Have :meth:`wait` call its ``tick`` now; from any thread."""
        with contextlib.suppress(OSError):  # full: it wakes anyway; closed: it is over
            self._bell.send(b"\0")

    def wait(
        self, tick: Callable[[], object] = lambda: None, interval_s: float | None = None
    ) -> None:
        """Return when a signal has come, even if before the call.

        Meanwhile ``tick`` is called every ``interval_s`` (None: never), and on :meth:`wake`.
        """
        self._awake.settimeout(interval_s)
        while not self.requested:
            tick()
            try:
                # The bytes are the signals' numbers; the handler itself may not have run yet.
                numbers = self._awake.recv(64)
            except TimeoutError:
                continue
            self.requested = self.requested or any(number in _SIGNALS for number in numbers)
            for number, answer in self._answers.items():
                if number in numbers and not self.requested:
                    answer()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
