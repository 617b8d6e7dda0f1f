"""Calls that are due later, each on a timer thread of its own, and all of them gone at the end.

Where the system refuses a thread, the call is made by whoever calls :meth:`DeferredCalls.run_due`
now and then. Owns the pending timers and the calls without one, guarded by ``_lock``, a leaf. Any
thread may schedule.
"""

import logging
import threading
import time
from collections.abc import Callable

from meshbot.text.language import tr

log = logging.getLogger(__name__)

_Call = Callable[[], object]


class DeferredCalls:
    """Timers by one name. After :meth:`cancel` nothing is scheduled any more."""

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Name the timers' threads."""
        self._name = name
        self._clock = clock
        self._lock = threading.Lock()
        self._timers: set[threading.Timer] = set()
        self._timerless: list[tuple[float, _Call]] = []
        """What no thread could be had for, and when it is due."""
        self._cancelled = False

    def schedule(self, delay_s: float, call: _Call) -> bool:
        """Have ``call`` run in ``delay_s``; return False when all is being cancelled."""
        timer = threading.Timer(delay_s, self._run, (call,))
        timer.name = self._name
        timer.daemon = True
        refused = False
        with self._lock:
            if self._cancelled:
                return False
            self._timers = {pending for pending in self._timers if pending.is_alive()}
            try:
                timer.start()
                self._timers.add(timer)
            except RuntimeError:  # no thread to be had
                refused = True
                self._timerless.append((self._clock() + delay_s, call))
        if refused:
            log.warning(
                tr(
                    "⚠️ Plus de fil d'exécution libre pour « %s » : ce sera fait à son heure, à "
                    "quelques secondes près, par un autre"
                ),
                self._name,
            )
        return True

    def run_due(self) -> None:
        """Make the calls that are due and have no timer, on the thread that calls this."""
        now_s = self._clock()
        with self._lock:
            due = [call for due_s, call in self._timerless if due_s <= now_s]
            self._timerless = [waiting for waiting in self._timerless if waiting[0] > now_s]
        for call in due:
            self._run(call)

    def _run(self, call: _Call) -> None:
        with self._lock:
            cancelled = self._cancelled
        if not cancelled:
            call()

    def cancel(self) -> None:
        """Call off what is not due yet; what runs already goes on."""
        with self._lock:
            self._cancelled = True
            self._timerless.clear()
            timers = set(self._timers)
        for timer in timers:
            timer.cancel()

    def join(self, timeout_s: float) -> None:
        """Wait for what runs, ``timeout_s`` at most for each call."""
        with self._lock:
            timers, self._timers = self._timers, set()
        for timer in timers:
            timer.join(timeout_s)
