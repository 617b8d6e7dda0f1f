"""Whether the bot is well, in one line. For any thread."""

from collections.abc import Callable

from meshbot.status.counts import Counts
from meshbot.status.status_sources import StatusSources
from meshbot.text.language import tr
from meshbot.text.quantities import duration_text


class Health:
    """Judges as systemd's watchdog does, and by the link besides."""

    def __init__(
        self, sources: StatusSources, counts: Callable[[], Counts], *, stuck_s: float
    ) -> None:
        """Look at the parts; a step that takes longer than ``stuck_s`` is a fault."""
        self._sources = sources
        self._counts = counts
        self._stuck_s = stuck_s

    def problem(self) -> str:
        """Return what is wrong, nothing where all is well."""
        marks = self._sources.progress_marks()
        stuck = [name for name, mark in marks.items() if mark.busy_s() > self._stuck_s]
        if stuck:
            return tr(
                "sans progrès depuis plus de {limit} : {threads}",
                limit=duration_text(self._stuck_s),
                threads=", ".join(stuck),
            )
        status = self._sources.link.status()
        if status.up_s is not None:
            return ""
        since_s = self._counts().down_since_s
        down_s = 0.0 if since_s is None else self._sources.clock() - since_s
        cause = " ".join(status.last_cause.split())
        return tr(
            "pas de liaison depuis {duration} : {cause}",
            duration=duration_text(down_s),
            cause=cause,
        )
