"""A text journal as the report reads it: in bounded memory, however long it is."""

import math
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from meshbot.cli.reading_progress import ReadingProgress
from meshbot.cli.report_refusal import ReportRefusal
from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.journal_reader import JournalReader
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.model.link_event import EventKind, LinkEvent

MAX_EVENTS = 300_000
"""Of a longer journal only the last ones are judged: memory is bounded."""
MAX_LINE_BYTES = 8_192
DAY_S = 86_400.0


class TextJournal:
    """Reads one journal, this bot's or another's, from a file or standard input."""

    def __init__(self, name: str, wall_clock: Callable[[], float] = time.time) -> None:
        """Name the file, ``-`` for standard input; nothing is opened yet."""
        self._name = name
        self._wall_clock = wall_clock
        self._reader = JournalReader(wall_clock)

    @property
    def has_dates(self) -> bool:
        """Whether its lines say which day they are of; without, days count from today, in UTC."""
        return self._reader.has_dates

    def history(self, since_s: float | None) -> LinkHistory:
        """Return what it tells, or only the last ``since_s`` seconds of it.

        Raises :class:`ReportRefusal` if it cannot be read or tells nothing.
        """
        events = self._events()
        if not events:
            compressed = self._name.endswith((".gz", ".xz", ".zst"))
            hint = " (fichier compressé ? zcat …)" if compressed else ""
            raise ReportRefusal(
                f"Aucune ligne d'un bot sur {self._reader.lines} lues{hint} : il faut des lignes "
                "telles que « 13:35:58 [INFO] ✅ Reconnexion TCP réussie (background) »"
            )
        # The last line says until when the bot ran, whatever it is about.
        last_s = max(self._reader.last_s or 0.0, events[-1].wall_s)
        if not self.has_dates:
            # Days were counted on from today; the last one can be no later than that.
            ahead_s = max(0.0, math.ceil((last_s - self._local_now_s()) / DAY_S) * DAY_S)
            events = [replace(event, wall_s=event.wall_s - ahead_s) for event in events]
            last_s -= ahead_s
        events.append(LinkEvent(EventKind.ALIVE, last_s))
        return history_of(events, last_s - since_s if since_s is not None else -math.inf)

    def _local_now_s(self) -> float:
        """Return the time of day on local clocks, as a journal without dates is read."""
        now = datetime.fromtimestamp(self._wall_clock())
        return now.replace(tzinfo=UTC).timestamp()

    def _events(self) -> list[LinkEvent]:
        try:
            if self._name == "-":
                return self._last_events(sys.stdin.buffer, 0)
            path = Path(self._name)
            with path.open("rb") as file:
                return self._last_events(file, path.stat().st_size)
        except OSError as error:
            what = self._name or "fichier"
            raise ReportRefusal(f"{what} illisible : {error.strerror}") from error
        except ValueError as error:
            raise ReportRefusal(f"{self._name!r} n'est pas un nom de fichier") from error

    def _last_events(self, file: BinaryIO, size: int) -> list[LinkEvent]:
        progress = ReadingProgress(size, sys.stderr)
        try:
            return list(deque(self._reader.events(_lines(file, progress)), MAX_EVENTS))
        finally:
            progress.finish()


def _lines(file: BinaryIO, progress: ReadingProgress) -> Iterator[str]:
    """Return the lines of a file; of one without end only the beginning."""
    continued = False
    while chunk := file.readline(MAX_LINE_BYTES):
        progress.advance(len(chunk))
        if not continued:
            yield chunk.decode("utf-8", "replace")
        continued = not chunk.endswith(b"\n")
