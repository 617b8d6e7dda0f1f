"""What the bot's own threads have in common: how they start, show progress and end.

Owns the thread, the wish that it ends and its progress mark. :meth:`start` and :meth:`stop` may be
called from any thread; what a subclass does in :meth:`_do_next` runs on the thread alone.

Where memory runs out the thread goes on after a pause, without what it was at; if that does not
help, it asks for the end of the program, which systemd starts anew.
"""

import contextlib
import logging
import math
import os
import signal
import threading
import time
from collections.abc import Callable
from functools import partial

from meshbot.text.language import mark, tr
from meshbot.threads.memory_reserve import MemoryReserve
from meshbot.threads.progress_mark import ProgressMark
from meshbot.threads.shortage import NoThreadError

log = logging.getLogger(__name__)

MEMORY_PAUSE_S = 1.0
MEMORY_TRIES = 10
"""So often in a row without a step that went well, and the program ends."""
MEMORY_LINE_S = 60.0


class BotThread:
    """A thread that does one thing after another until it is stopped.

    An error in one of them costs a line, never the thread. A subclass gives ``error_line`` and
    :meth:`_do_next`, and :meth:`_wake` if that waits on anything but ``_stopping``.
    """

    error_line = mark("❌ Erreur inattendue")
    """What the journal says of an error that nothing else caught."""
    wants_reserve = True
    """Whether it lets go of what it is at when memory runs out, before it cannot any more."""

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Prepare; :meth:`start` starts the thread."""
        self._clock = clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.progress = ProgressMark(clock)
        self.exhausted = False
        """Whether the memory ran out for good, and the end of the program was asked for."""
        self._reserve = MemoryReserve()
        self._memory_errors = 0
        """In a row; the thread's own, as when that was last said."""
        self._said_memory_s = -math.inf

    def start(self) -> None:
        """Start the thread, once. Raises :class:`NoThreadError` if the system refuses it."""
        try:
            self._thread.start()
        except RuntimeError as error:
            if self._thread.ident is not None:
                raise  # started before
            raise NoThreadError(self._thread.name) from error

    def stop(self, timeout_s: float) -> bool:
        """End after what is under way; return whether the thread ended in time.

        May be called before :meth:`start`, and more than once.
        """
        self._stopping.set()
        self._wake()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self.wants_reserve:
                    self._reserve.require(self._clock())
                self._do_next()
                self._memory_errors = 0
            except MemoryError:
                self._do_without_memory()
            except Exception as error:  # noqa: BLE001 - top of a thread
                self._try_to(partial(log.error, tr(self.error_line), exc_info=error))
                self._try_to(self._recover)
        self._finish()

    def _do_without_memory(self) -> None:
        """Let go of what the thread was at, and leave the others time to let go of theirs."""
        self._memory_errors += 1
        self._try_to(self._say_no_memory)
        self._try_to(self._recover)
        self.progress.idle()
        self._stopping.wait(MEMORY_PAUSE_S)

    @staticmethod
    def _try_to(step: Callable[[], object]) -> None:
        """Do what may lack memory itself."""
        with contextlib.suppress(MemoryError):
            step()

    def _say_no_memory(self) -> None:
        if self._clock() - self._said_memory_s >= MEMORY_LINE_S:
            self._said_memory_s = self._clock()
            log.error(
                tr("❌ Mémoire insuffisante sur cette machine : ce que faisait %s est abandonné"),
                self._thread.name,
            )
        if self._memory_errors >= MEMORY_TRIES and not self.exhausted:
            self.exhausted = True
            log.error(
                tr(
                    "❌ Mémoire insuffisante sur cette machine depuis trop longtemps : le "
                    "bot s'arrête"
                )
            )
            self._end_program()

    def _end_program(self) -> None:
        """Ask the program to end in order, as the system does."""
        os.kill(os.getpid(), signal.SIGTERM)

    def _do_next(self) -> None:
        """Do the next thing, waiting for it; a wait ends when :meth:`_wake` is called."""
        raise NotImplementedError

    def _wake(self) -> None:
        """Make the wait of :meth:`_do_next` end; on the thread that calls :meth:`stop`."""

    def _recover(self) -> None:
        """Put in order what an unexpected error left behind; on the thread."""

    def _finish(self) -> None:
        """Do the last thing on the thread."""
