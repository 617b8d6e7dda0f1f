"""What the bot's own threads have in common: how they start, show progress and end.

Owns the thread, the wish that it ends and its progress mark. :meth:`start` and :meth:`stop` may be
called from any thread; what a subclass does in :meth:`_do_next` runs on the thread alone.
"""

import logging
import threading
import time
from collections.abc import Callable

from meshbot.threads.progress_mark import ProgressMark

log = logging.getLogger(__name__)


class BotThread:
    """A thread that does one thing after another until it is stopped.

    An error in one of them costs a line, never the thread. A subclass gives ``error_line`` and
    :meth:`_do_next`, and :meth:`_wake` if that waits on anything but ``_stopping``.
    """

    error_line = "❌ Erreur inattendue"
    """What the journal says of an error that nothing else caught."""

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Prepare; :meth:`start` starts the thread."""
        self._clock = clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.progress = ProgressMark(clock)

    def start(self) -> None:
        """Start the thread, once."""
        self._thread.start()

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
                self._do_next()
            except Exception:  # top of a thread
                log.exception(self.error_line)
                self._recover()
        self._finish()

    def _do_next(self) -> None:
        """Do the next thing, waiting for it; a wait ends when :meth:`_wake` is called."""
        raise NotImplementedError

    def _wake(self) -> None:
        """Make the wait of :meth:`_do_next` end; on the thread that calls :meth:`stop`."""

    def _recover(self) -> None:
        """Put in order what an unexpected error left behind; on the thread."""

    def _finish(self) -> None:
        """Do the last thing on the thread."""
