"""Where events of the link are noted."""

from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind


class LinkNotes:
    """Takes note of events; any thread may tell, and none waits. This one keeps nothing."""

    def note(
        self,
        kind: EventKind,
        *,
        seconds: float | None = None,
        count: int | None = None,
        text: str = "",
        cause: Cause | None = None,
    ) -> None:
        """Note an event that happens now."""

    def next_session(self) -> None:
        """Note that the events to come are about another connection."""
