"""The one thread of a simulated node: sockets, timers and calls posted by other threads.

Any thread may enter :meth:`SelectLoop.call`, :meth:`~SelectLoop.start` and
:meth:`~SelectLoop.stop`; everything else belongs to the loop's own thread. Each round runs with the
lock of ``changed`` held and notifies at its end, so who holds that lock sees the node between
two rounds, never in the middle of one.
"""

import contextlib
import heapq
import itertools
import logging
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from meshbot.simulation.loop_timer import LoopTimer

logger = logging.getLogger(__name__)

_T = TypeVar("_T")

CALL_LIMIT_S = 30.0  # a busy machine needs some; reached only by a call that never ends
JOIN_LIMIT_S = 5.0
# A clock under a test's control advances without waking the selector.
FOREIGN_CLOCK_POLL_S = 0.02


class SelectLoop:
    """A selector, a timer heap and a queue of posted calls, served by one named thread."""

    def __init__(self, name: str, clock: Callable[[], float]) -> None:
        """Build it at rest: no thread and no descriptor before :meth:`start`."""
        self.changed = threading.Condition(threading.RLock())
        self._name = name
        self.clock = clock
        self._poll_limit_s = None if clock is _MONOTONIC else FOREIGN_CLOCK_POLL_S
        self._timers: list[tuple[float, int, LoopTimer]] = []
        self._order = itertools.count()
        self._posted: deque[Callable[[], None]] = deque()
        self._selector: selectors.BaseSelector | None = None
        self._wake_in: socket.socket | None = None
        self._wake_out: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._running = False

    def start(self) -> None:
        """Start the thread."""
        if self._thread is not None:
            raise RuntimeError(f"{self._name} was already started")
        self._selector = selectors.DefaultSelector()
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._selector.register(self._wake_out, selectors.EVENT_READ, self._on_wake)
        self._running = True
        # A daemon: a program that forgets to stop its simulated node must still be able to end.
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # the system refuses a thread
            self._running, self._thread = False, None
            self._free()
            raise

    def stop(self) -> None:
        """End the thread and free its descriptors; idempotent, waits at most JOIN_LIMIT_S."""
        thread = self._thread
        if thread is None:
            return
        with self.changed:
            self._running = False
        self._wake()
        thread.join(JOIN_LIMIT_S)
        if thread.is_alive():
            raise RuntimeError(f"{self._name} did not end within {JOIN_LIMIT_S:g} s")
        self._free()

    def _free(self) -> None:
        for closable in (self._selector, self._wake_in, self._wake_out):
            if closable is not None:
                closable.close()
        self._selector = self._wake_in = self._wake_out = None

    def call(self, action: Callable[[], _T]) -> _T:
        """Run ``action`` in the loop's thread and return its result, or raise what it raised.

        Before the start and after the stop it runs in the caller's thread. Do not call this while
        holding ``changed``: the loop needs it to get there, so it would end in ``TimeoutError``.
        """
        if threading.current_thread() is self._thread:
            return action()
        done: Future[_T] = Future()

        def run() -> None:
            try:
                done.set_result(action())
            except Exception as error:  # noqa: BLE001 - it belongs to the caller, who gets it
                done.set_exception(error)

        with self.changed:
            if not self._running:
                return action()
            self._posted.append(run)
        self._wake()
        return done.result(CALL_LIMIT_S)

    def later(self, delay_s: float, action: Callable[[], object]) -> LoopTimer:
        """Run ``action`` in the loop's thread after ``delay_s``."""
        timer = LoopTimer(self.clock() + delay_s, action)
        heapq.heappush(self._timers, (timer.due_s, next(self._order), timer))
        return timer

    def watch(self, sock: socket.socket, events: int, action: Callable[[int], None]) -> None:
        """Call ``action`` with the ready events of ``sock``; no events: stop watching it."""
        selector = self._selector
        if selector is None:
            return
        watched = sock in selector.get_map()
        if not events:
            if watched:
                selector.unregister(sock)
        elif watched:
            if selector.get_key(sock).events != events:
                selector.modify(sock, events, action)
        else:
            selector.register(sock, events, action)

    def _run(self) -> None:
        selector = self._selector
        assert selector is not None
        while True:
            with self.changed:
                if not self._running:
                    break
                timeout_s = self._next_timeout_s()
            ready = selector.select(timeout_s)
            with self.changed:
                for key, events in ready:
                    self._guarded(key.data, events)
                self._run_posted()
                self._run_due()
                self.changed.notify_all()
        with self.changed:
            # Callers that posted just before the end wait for an answer.
            self._run_posted()
            self._timers.clear()
            self.changed.notify_all()

    def _next_timeout_s(self) -> float | None:
        if self._posted:
            return 0.0
        timeout_s = self._poll_limit_s
        while self._timers and self._timers[0][2].action is None:
            heapq.heappop(self._timers)
        if self._timers:
            due_in_s = max(0.0, self._timers[0][0] - self.clock())
            timeout_s = due_in_s if timeout_s is None else min(timeout_s, due_in_s)
        return timeout_s

    def _run_posted(self) -> None:
        while self._posted:
            self._guarded(self._posted.popleft())

    def _run_due(self) -> None:
        # Only what is due now: a timer that starts another at 0 s must not starve the sockets.
        now_s = self.clock()
        due: list[LoopTimer] = []
        while self._timers and self._timers[0][0] <= now_s:
            due.append(heapq.heappop(self._timers)[2])
        for timer in due:
            action, timer.action = timer.action, None
            if action is not None:
                self._guarded(action)

    def _guarded(self, action: Callable[..., object], *args: Any) -> None:
        try:
            action(*args)
        except Exception:
            # The node is a tool of the tests: one fault in it must be seen, and not hang them.
            logger.exception("%s: unexpected error", self._name)

    def _wake(self) -> None:
        wake_in = self._wake_in
        if wake_in is not None:
            # Full: it will wake anyway. Closed: it has ended and answered every call.
            with contextlib.suppress(OSError):
                wake_in.send(b"\0")

    def _on_wake(self, _events: int) -> None:
        if self._wake_out is not None:
            with contextlib.suppress(BlockingIOError):
                self._wake_out.recv(4096)


_MONOTONIC = time.monotonic
