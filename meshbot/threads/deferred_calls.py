"""Calls that are due later, each on a timer thread of its own, and all of them gone at the end.

Owns the set of pending timers, guarded by ``_lock``, a leaf. Any thread may schedule.
"""

import threading
from collections.abc import Callable


class DeferredCalls:
    """Timers by one name. After :meth:`cancel` nothing is scheduled any more."""

    def __init__(self, name: str) -> None:
        """Name the timers' threads."""
        self._name = name
        self._lock = threading.Lock()
        self._timers: set[threading.Timer] = set()
        self._cancelled = False

    def schedule(self, delay_s: float, call: Callable[[], object]) -> bool:
        """Have ``call`` run in ``delay_s``; return False when all is being cancelled."""
        timer = threading.Timer(delay_s, call)
        timer.name = self._name
        timer.daemon = True
        with self._lock:
            if self._cancelled:
                return False
            self._timers = {pending for pending in self._timers if pending.is_alive()}
            self._timers.add(timer)
            timer.start()
        return True

    def cancel(self) -> None:
        """Call off what is not due yet; what runs already goes on."""
        with self._lock:
            self._cancelled = True
            timers = set(self._timers)
        for timer in timers:
            timer.cancel()

    def join(self, timeout_s: float) -> None:
        """Wait for what runs, ``timeout_s`` at most for each call."""
        with self._lock:
            timers, self._timers = self._timers, set()
        for timer in timers:
            timer.join(timeout_s)
