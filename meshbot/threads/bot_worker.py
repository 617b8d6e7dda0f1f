"""The thread ``bot-worker``: does, in order, what must not be done on a reader's thread.

Owns the queue of posted calls and the recurring ones. Any thread may post; posting never blocks.
"""

import logging
import math
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass

from meshbot.text.language import mark, tr
from meshbot.threads.bot_thread import BotThread

log = logging.getLogger(__name__)

MAX_WAITING_CALLS = 10_000
MAX_WAITING_HEARD = 9_000
"""Of those, what is heard: there is always room for what the bot itself wants done."""
DROPPED_LINE_S = 60.0
EARLY_SHARE = 0.01  # so much of its interval early a call is done, if the thread is awake


@dataclass
class _Recurring:
    interval_s: float
    call: Callable[[], object]
    due_s: float

    @property
    def may_be_done_s(self) -> float:
        """From when on it is done if the thread is awake."""
        return self.due_s - EARLY_SHARE * self.interval_s


class BotWorker(BotThread):
    """One thread, one queue; an error in a call costs a line, never the thread."""

    error_line = mark("❌ Erreur inattendue, l'événement est abandonné")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Prepare; :meth:`start` starts the thread."""
        super().__init__("bot-worker", clock)
        self._calls: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._recurring: list[_Recurring] = []
        self._may_be_done_s = math.inf
        """When the first recurring call may be."""
        self._posted_first = False
        self._dropped_line_s: float | None = None

    def every(self, interval_s: float, call: Callable[[], object]) -> None:
        """Run ``call`` every ``interval_s`` from the start on. Before :meth:`start` only."""
        recurring = _Recurring(interval_s, call, self._clock() + interval_s)
        self._recurring.append(recurring)
        self._may_be_done_s = min(self._may_be_done_s, recurring.may_be_done_s)

    def post(self, call: Callable[[], object]) -> None:
        """Have ``call`` run after those posted before. Dropped, with a line, when too many wait."""
        self._post_below(MAX_WAITING_CALLS, call)

    def _post_below(self, most_waiting: int, call: Callable[[], object]) -> None:
        # Two threads at once may find the same last place free: one too many does no harm.
        if self._calls.qsize() < most_waiting:
            self._calls.put(call)
        else:
            self._say_dropped()

    def _say_dropped(self) -> None:
        now_s = self._clock()
        last_s = self._dropped_line_s
        if last_s is None or now_s - last_s > DROPPED_LINE_S:
            self._dropped_line_s = now_s
            log.warning(tr("⚠️ Trop de paquets à la fois : les plus récents sont ignorés"))

    def post_heard(self, call: Callable[[], object]) -> None:
        """Have ``call`` run as by :meth:`post`, about something that anybody can cause."""
        self._post_below(MAX_WAITING_HEARD, call)

    def _wake(self) -> None:
        self._calls.put(None)

    def _do_next(self) -> None:
        call = self._next_call()
        if call is not None:
            self.progress.step()
            call()

    def _next_call(self) -> Callable[[], object] | None:
        """Return what is due, or else the next posted call, waiting for it until one is due."""
        now_s = self._clock()
        if now_s >= self._may_be_done_s:
            self._posted_first = not self._posted_first
            # In turn with posted calls, so that neither starves the other.
            if not self._posted_first or self._calls.empty():
                return self._take_recurring(now_s)
        if not self._calls.empty():
            return self._calls.get()
        due_s = min((recurring.due_s for recurring in self._recurring), default=None)
        self.progress.idle()
        try:
            return self._calls.get(timeout=None if due_s is None else max(due_s - now_s, 0.0))
        except queue.Empty:
            return None

    def _take_recurring(self, now_s: float) -> Callable[[], object]:
        """Return the first call that may be done, and have it come again after its interval."""
        due = next(each for each in self._recurring if now_s >= each.may_be_done_s)
        # From now, not from when it was due: no burst after the process was stopped.
        due.due_s = now_s + due.interval_s
        self._may_be_done_s = min(recurring.may_be_done_s for recurring in self._recurring)
        return due.call
