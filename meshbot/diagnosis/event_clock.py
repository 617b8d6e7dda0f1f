"""Keeps the times of a journal's events in order, whatever its clock did. Pure.

What a clock cannot tell is not counted: the time that it was set back by, and long stretches in
which nobody said anything.
"""

from meshbot.model.link_event import EventKind, LinkEvent

CLOCK_BACK_S = 2 * 3_600.0
"""Set back by less, a clock stands still instead; by more, the time between is unknown."""
MAX_QUIET_S = 36 * 3_600.0
"""A bot that speaks now and then was not there for longer than this without a line."""
MAX_FILTERED_QUIET_S = 30 * 86_400.0
"""A journal that was filtered tells nothing of a healthy link for as long as it is healthy."""
SPEAKS_EVENTS = 8
"""So many signs of life show that a journal was not filtered."""


class EventClock:
    """Gives each event a time that is never before the last one's. Owned by one thread."""

    def __init__(self) -> None:
        """Have seen nothing."""
        self.seen_s: float | None = None
        """When the last event was."""
        self.unknown_s = 0.0
        """How long nobody knows what was, in all."""
        self.longest_unknown: tuple[float, float] | None = None
        self.set_back = 0
        """How often the clock was set back by more than it may stand still for."""
        self._behind_s = 0.0
        self._last_kind: EventKind | None = None
        self._alive = 0

    def read(self, event: LinkEvent) -> tuple[float, bool]:
        """Return the time of an event, and whether what went before it is unknown."""
        seen_s, last_kind = self.seen_s, self._last_kind
        self._last_kind = event.kind
        max_quiet_s = MAX_QUIET_S if self._alive >= SPEAKS_EVENTS else MAX_FILTERED_QUIET_S
        self._alive += event.kind is EventKind.ALIVE
        if seen_s is None:
            self.seen_s = event.wall_s
            return event.wall_s, False
        if event.wall_s >= seen_s:
            self._behind_s = 0.0
        wall_s = event.wall_s + self._behind_s
        broke = wall_s < seen_s - CLOCK_BACK_S
        if broke:
            self._behind_s = seen_s - event.wall_s
            self.set_back += event.kind is not EventKind.STARTED
        elif wall_s - seen_s > max_quiet_s:
            broke = True
            if event.kind is not EventKind.STARTED and last_kind is not EventKind.STOPPED:
                self._note_unknown(seen_s, wall_s)
        self.seen_s = max(wall_s, seen_s)
        return self.seen_s, broke

    def _note_unknown(self, from_s: float, to_s: float) -> None:
        self.unknown_s += to_s - from_s
        longest = self.longest_unknown
        if longest is None or to_s - from_s > longest[1] - longest[0]:
            self.longest_unknown = (from_s, to_s)
