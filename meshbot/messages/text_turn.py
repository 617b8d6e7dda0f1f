"""When the node may be given the next text, and whether that is the bot's or a client's.

The firmware silently drops a text that comes within 2 s of another, whoever sends it. So there is
one owner of the pause between two texts, for the thread that sends the bot's and the one that sends
the clients'. Where both wait, they alternate.

Any thread; ``_changed`` guards everything here and is a leaf. Each wait is bounded, and so is each
turn: who has given the node nothing after :data:`IDLE_TURN_S` (the worker makes its text, say)
loses it to whoever waits, and must take it again before he sends; a text on whose fate nobody has
said a word for :data:`UNDER_WAY_S` holds up nobody any more.
"""

import enum
import math
import threading
import time
from collections.abc import Callable

IDLE_TURN_S = 10.0
UNDER_WAY_S = 120.0
ASKED_S = 1.0
"""So long who asked in vain counts as waiting."""
USUAL_AIR_S = 2.5
"""So long a text is on the air at most as a rule; two seconds with the default preset."""


def pause_s(spacing_s: float, air_s: float) -> float:
    """Return the pause after a text that is on the air for so long; longer than usual if that is.

    Otherwise texts would queue up in the node, and whoever asks next would wait behind them.
    """
    return spacing_s * max(air_s / USUAL_AIR_S, 1.0)


class TurnSide(enum.Enum):
    """Whose text it is."""

    BOT = "bot"
    GUESTS = "guests"


class TextTurn:
    """Two sides, each used by one thread at a time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nobody's turn; the first text may go at once."""
        self._clock = clock
        self._changed = threading.Condition()
        self._next_s = clock()
        self._holder: TurnSide | None = None
        self._held_until_s = 0.0
        """From when on the other side may take the turn away."""
        self._last: TurnSide | None = None
        """Who gave the node the last text."""
        self._waiting: dict[TurnSide, float] = {}
        """Until when a side counts as waiting."""
        self._closed: set[TurnSide] = set()
        self._listeners: list[Callable[[], object]] = []

    @property
    def next_s(self) -> float:
        """When the node may be given the next text, on the clock given."""
        with self._changed:
            return self._next_s

    def listen(self, call: Callable[[], object]) -> None:
        """Have a function called, by any thread, whenever a turn is over; before any begins."""
        self._listeners.append(call)

    # -- To get a turn ---------------------------------------------------------------------------

    def wait(self, side: TurnSide, limit_s: float) -> bool:
        """Wait for a turn up to ``limit_s``; return whether it has come. It ends the pause, too."""
        deadline_s = time.monotonic() + limit_s
        with self._changed:
            self._waiting[side] = math.inf
            try:
                while side not in self._closed:
                    wait_s = self._wait_s(side)
                    if wait_s <= 0:
                        self._take(side)
                        return True
                    left_s = deadline_s - time.monotonic()
                    if left_s <= 0:
                        return False
                    self._changed.wait(min(wait_s, left_s))
            finally:
                self._waiting.pop(side, None)
        return False

    def try_take(self, side: TurnSide) -> float:
        """Take the turn and return 0.0, or return in how many seconds to ask again at the latest.

        Who asks in vain counts as waiting for :data:`ASKED_S`, or until he says :meth:`waive`.
        """
        with self._changed:
            wait_s = self._wait_s(side)
            if wait_s > 0:
                self._waiting[side] = self._clock() + ASKED_S
                return wait_s
            self._waiting.pop(side, None)
            self._take(side)
        return 0.0

    def close(self, side: TurnSide) -> None:
        """Let a side wait no more: its thread ends."""
        with self._changed:
            self._closed.add(side)
            self._waiting.pop(side, None)
            self._changed.notify_all()

    # -- With the turn ---------------------------------------------------------------------------

    def begin(self, side: TurnSide) -> bool:
        """Say that the node is given a text now; False: it took too long, the turn is another's."""
        with self._changed:
            if self._holder is not side:
                return False
            self._held_until_s = self._clock() + UNDER_WAY_S
            return True

    def given(self, side: TurnSide, then_s: float) -> None:
        """Note that the node was given a text: the next one may come ``then_s`` after now."""
        with self._changed:
            self._next_s = self._clock() + then_s
            self._last = side
        self.leave(side)

    def leave(self, side: TurnSide) -> None:
        """End the turn of a side, if it has it."""
        with self._changed:
            had_it = self._holder is side
            if had_it:
                self._holder = None
                self._changed.notify_all()
        if had_it:
            self._tell()

    def _tell(self) -> None:
        for call in self._listeners:
            call()

    # -- With the lock held ----------------------------------------------------------------------

    def _wait_s(self, side: TurnSide) -> float:
        now_s = self._clock()
        wait_s = max(self._next_s - now_s, 0.0)
        if self._holder not in (None, side):
            return max(self._held_until_s - now_s, wait_s)
        if self._last is side:  # the other first, if he waits
            for other, until_s in self._waiting.items():
                if other is not side:
                    wait_s = max(wait_s, min(until_s - now_s, ASKED_S))
        return wait_s

    def _take(self, side: TurnSide) -> None:
        self._holder = side
        self._held_until_s = self._clock() + IDLE_TURN_S
