"""The journal's writer where it writes to a terminal: colours, and a line with the bot's state.

The state stands in the last line, without an end. Whatever is written first wipes it out and puts
it behind again, in one piece with the line; it is wiped out for good at the end and while the
program is suspended. Nothing about the terminal is changed, so nothing has to be put back: neither
its modes nor its cursor. In the background, and where the terminal has no room, no state is shown.

A terminal that got narrower has broken the line in two; that is counted back. One that is stopped
(Ctrl-S) stops this thread alone, as it does without a state.
"""

import contextlib
import math
import os
import time
from collections.abc import Callable
from typing import Protocol

from meshbot.service.live_state import LiveState
from meshbot.threads.output_writer import LostLine, OutputWriter

LOOK_S = 1.0
"""How often the state is looked at while nothing is written."""
SAME_STATE_S = 0.5
"""So long a state counts while many lines are written."""
MIN_CELLS = 20
SPARE_CELLS = 4
"""Left free behind the state: the terminal shows ``^C`` there, and what is typed."""
WIPE = "\r\x1b[J"
UP = "\x1b[1A"


class Painter(Protocol):
    """Makes texts for a terminal."""

    def line(self, line: str) -> str:
        """Return a line of the journal in colours."""

    def state(self, state: LiveState, cells: int) -> tuple[str, int]:
        """Return the state in one line of so many cells at most, and how many it takes."""


class TerminalWriter(OutputWriter):
    """Writes lines above a line with the state. What is on the screen is its thread's alone."""

    idle_s = LOOK_S

    def __init__(
        self,
        descriptor: int,
        lost_line: LostLine,
        painter: Painter,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare to write to the terminal behind ``descriptor``."""
        super().__init__(descriptor, lost_line, clock)
        self._painter: Painter | None = painter
        self._state: Callable[[], LiveState] | None = None
        self._held = False
        """Whether no state is to be shown for now; guarded by ``_changed``, as the one above."""
        self._shown = ""
        self._shown_cells = 0
        self._latest: LiveState | None = None
        self._latest_s = -math.inf

    def show(self, state: Callable[[], LiveState]) -> None:
        """Have the state shown from now on; ``state`` is called on the thread, and never waits."""
        with self._changed:
            self._state = state
            self._changed.notify_all()

    def hold(self, timeout_s: float) -> None:
        """Wipe the state out until :meth:`release`; returns when that is done, or then."""
        with self._changed:
            self._held = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._shown, timeout_s)

    def release(self) -> None:
        """Show the state again."""
        with self._changed:
            self._held = False
            self._changed.notify_all()

    # -- On the thread -------------------------------------------------------------------------

    def _put_bytes(self, line: bytes) -> bool:
        painter = self._painter
        if painter is None:
            is_written = super()._put_bytes(_bytes(self._wiped()) + line)
            self._note_shown("", 0)
            return is_written
        text = painter.line(line.decode("utf-8", "replace").removesuffix("\n"))
        state, cells = self._state_now()
        return self._put_with_state(f"{text}\n", state, cells)

    def _rest(self) -> None:
        """Bring the state up to date."""
        state, cells = self._state_now()
        if state != self._shown:
            self._put_with_state("", state, cells)

    def _put_with_state(self, text: str, state: str, cells: int) -> bool:
        """Write a text and the state behind it, in the place of the one that is on the screen."""
        whole = f"{self._wiped()}{text}{state}"
        if state:  # before it can be seen: who holds it from now on waits until it is gone
            self._note_shown(state, cells)
        is_written = super()._put_bytes(_bytes(whole))
        self._note_shown(state, cells)
        return is_written

    def _finish(self) -> None:
        if self._shown:
            with contextlib.suppress(OSError):
                if self._has_room():
                    os.write(self._descriptor, _bytes(self._wiped()))

    def _recover(self) -> None:
        self._painter = None  # lines matter, and their colours do not
        super()._recover()

    def _note_shown(self, state: str, cells: int) -> None:
        with self._changed:
            self._shown, self._shown_cells = state, cells
            self._changed.notify_all()

    def _wiped(self) -> str:
        """Return what wipes the state out that is on the screen."""
        if not self._shown:
            return ""
        rows = math.ceil(self._shown_cells / max(self._columns(), 1))
        return UP * (rows - 1) + WIPE

    def _state_now(self) -> tuple[str, int]:
        """Return the state to be shown, and how many cells it takes; nothing where it is not."""
        with self._changed:
            state = None if self._held else self._state
        cells = self._columns() - SPARE_CELLS
        if state is None or self._painter is None or cells < MIN_CELLS or self._in_background():
            return "", 0
        now_s = self._clock()
        if self._latest is None or now_s - self._latest_s >= SAME_STATE_S:
            self._latest, self._latest_s = state(), now_s
        return self._painter.state(self._latest, cells)

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._descriptor).columns
        except OSError:  # it is gone
            return 0

    def _in_background(self) -> bool:
        """Say whether a shell or another program has the terminal now."""
        try:
            return os.tcgetpgrp(self._descriptor) != os.getpgrp()
        except OSError:  # nobody's terminal: there is no shell to be disturbed
            return False


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
