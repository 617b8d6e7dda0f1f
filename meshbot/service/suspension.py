"""Ctrl-Z: the terminal is left to the shell without the line that shows the bot's state.

Only where suspending does what it does by default, and only in the main thread, whose the signals
are.
"""

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType


class Suspension:
    """Does something before the program is suspended, and when it goes on."""

    def __init__(self, before: Callable[[], object], after: Callable[[], object]) -> None:
        """Name both; nothing is installed yet."""
        self._before = before
        self._after = after
        self._installed = False

    def install(self) -> None:
        """Take the signal over, if it is nobody's."""
        if threading.current_thread() is not threading.main_thread():
            return
        if signal.getsignal(signal.SIGTSTP) == signal.SIG_DFL:
            signal.signal(signal.SIGTSTP, self._suspend)
            self._installed = True

    def remove(self) -> None:
        """Give it back."""
        if self._installed:
            self._installed = False
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)

    def _suspend(self, number: int, frame: FrameType | None) -> None:
        self._before()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)  # returns when the program goes on
        signal.signal(signal.SIGTSTP, self._suspend)
        self._after()
