"""What the report would say of the last days of the link, read from the bot's own file."""

from pathlib import Path

from meshbot.diagnosis.last_week import WEEK_EVENTS, judged_week
from meshbot.model.link_event import EventKind
from meshbot.store.link_event_store import look_at_events


class LinkVerdict:
    """Judges when it is called, on any thread: reads the file beside the bot's connection."""

    def __init__(self, path: Path, *, simulated: bool) -> None:
        """Name the file, and whether the node is a simulated one."""
        self._path = path
        self._simulated = simulated

    def __call__(self) -> tuple[str, str] | None:
        """Return the verdict's name and words; None where nothing is known."""
        kinds = tuple(EventKind)
        stored = look_at_events(self._path, kinds, WEEK_EVENTS, simulated=self._simulated)
        if not stored:
            return None
        diagnosis = judged_week(stored)
        return diagnosis.verdict.name, diagnosis.short_headline
