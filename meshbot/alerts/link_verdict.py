"""What the report would say of the last days of the link, read from the bot's own file."""

from pathlib import Path

from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.link_diagnosis import diagnose
from meshbot.model.link_event import EventKind, on_one_clock
from meshbot.store.link_event_store import look_at_events

VERDICT_S = 7 * 86_400.0
VERDICT_EVENTS = 20_000


class LinkVerdict:
    """Judges when it is called, on whatever thread: the file is read beside the bot's connection.

    Twenty thousand events take a third of a second on a desktop computer.
    """

    def __init__(self, path: Path, *, simulated: bool) -> None:
        """Name the file, and whether the node is a simulated one."""
        self._path = path
        self._simulated = simulated

    def __call__(self) -> tuple[str, str] | None:
        """Return the verdict's name and words; None where nothing is known."""
        stored = look_at_events(
            self._path, tuple(EventKind), VERDICT_EVENTS, simulated=self._simulated
        )
        events = on_one_clock(stored)
        if not events:
            return None
        diagnosis = diagnose(history_of(events, events[-1].wall_s - VERDICT_S))
        return diagnosis.verdict.name, diagnosis.short_headline
