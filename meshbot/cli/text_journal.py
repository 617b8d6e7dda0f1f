"""A text journal as the report reads it: in bounded memory, however long it is."""

import math
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from meshbot.cli.reading_progress import ReadingProgress
from meshbot.cli.report_refusal import ReportRefusal
from meshbot.diagnosis.event_order import in_order
from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.journal_reader import JournalReader
from meshbot.diagnosis.line_layout import telling_lines
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.text.language import tr
from meshbot.text.quantities import counted

MAX_EVENTS = 300_000
"""Of a longer journal only the last ones are judged: memory is bounded."""
BLOCK_BYTES = 1 << 20
MAX_LINE_BYTES = 8_192
DAY_S = 86_400.0


class TextJournal:
    """Reads one journal, this bot's or another's, from a file or standard input."""

    def __init__(self, name: str, wall_clock: Callable[[], float] = time.time) -> None:
        """Name the file, ``-`` for standard input; nothing is opened yet."""
        self._name = name
        self._wall_clock = wall_clock
        self._reader = JournalReader(wall_clock, _language())
        self._lines = 0

    @property
    def has_dates(self) -> bool:
        """Whether its lines say which day they are of; without, days count from today, in UTC."""
        return self._reader.has_dates

    def history(self, since_s: float | None) -> LinkHistory:
        """Return what it tells, or only the last ``since_s`` seconds of it.

        Raises :class:`ReportRefusal` if it cannot be read or tells nothing.
        """
        events, remarks = self._judged_events()
        # The last line says until when the bot ran, whatever it is about.
        last_s = max(self._reader.last_s or 0.0, events[-1].wall_s)
        if not self.has_dates:
            # Days were counted on from today; the last one can be no later than that.
            ahead_s = max(0.0, math.ceil((last_s - self._local_now_s()) / DAY_S) * DAY_S)
            events = [replace(event, wall_s=event.wall_s - ahead_s) for event in events]
            last_s -= ahead_s
        events.append(LinkEvent(EventKind.ALIVE, last_s))
        history = history_of(
            events,
            last_s - since_s if since_s is not None else -math.inf,
            of_this_bot=self._reader.is_of_this_bot,
        )
        history.remarks = remarks + history.remarks
        return history

    def _judged_events(self) -> tuple[list[LinkEvent], list[str]]:
        """Return the events of one bot in their order, and what is to be said about them."""
        reader = self._reader
        events = self._events()
        if not events:
            raise ReportRefusal(self._nothing_text())
        remarks = []
        if len(events) == MAX_EVENTS:
            remarks.append(
                tr(
                    "Journal très long : seuls ses {max_events} derniers événements sont jugés",
                    max_events=MAX_EVENTS,
                )
            )
        numbers, told = reader.sources.judged()
        remarks += told
        if numbers is not None:
            events = [event for event in events if event.run in numbers]
        if reader.other_interfaces:
            remarks.append(
                tr("Plusieurs radios dans ce journal : seule la première est jugée, sans ")
                + counted(reader.other_interfaces, "ligne", "lignes")
                + tr(" sur les autres")
            )
        if reader.untimed:
            what = counted(reader.untimed, "ligne", "lignes")
            remarks.append(tr("{what} sur la liaison sans heure, donc ignorées", what=what))
        events, told = in_order(events)
        return events, remarks + told

    def _nothing_text(self) -> str:
        reader = self._reader
        if reader.untimed:
            what = counted(reader.untimed, "ligne", "lignes")
            return tr(
                "Ce journal ne dit pas l'heure de ses lignes ({what} sur la liaison) : sans elle, "
                "aucune durée n'est connue ; journalctl -u … -o short-iso la donne",
                what=what,
            )
        compressed = self._name.endswith((".gz", ".xz", ".zst"))
        hint = tr(" (fichier compressé ? zcat …)") if compressed else ""
        return tr(
            "Aucune ligne d'un bot sur {lines} lues{hint} : il faut des lignes "
            "telles que « 13:35:58 [INFO] ✅ Reconnexion TCP réussie (background) »",
            lines=self._lines,
            hint=hint,
        )

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
            what = self._name or tr("fichier")
            raise ReportRefusal(
                tr("{what} illisible : {strerror}", what=what, strerror=error.strerror)
            ) from error
        except ValueError as error:
            raise ReportRefusal(
                tr("{name!r} n'est pas un nom de fichier", name=self._name)
            ) from error

    def _last_events(self, file: BinaryIO, size: int) -> list[LinkEvent]:
        progress = ReadingProgress(size, sys.stderr)
        try:
            lines = self._telling(_blocks(file, progress))
            return list(deque(self._reader.events(lines), MAX_EVENTS))
        finally:
            progress.finish()

    def _telling(self, blocks: Iterable[bytes]) -> Iterator[str]:
        """Return the lines that may tell something."""
        for block in blocks:
            self._lines += block.count(b"\n")
            for line in telling_lines(block):
                yield line[:MAX_LINE_BYTES].decode("utf-8", "replace")


def _language() -> str:
    """Return the language in which this machine writes dates."""
    names = (os.environ.get(name) for name in ("LC_ALL", "LC_TIME", "LANG"))
    return next((name for name in names if name), "").partition("_")[0]


def _blocks(file: BinaryIO, progress: ReadingProgress) -> Iterator[bytes]:
    """Return a file in blocks of whole lines; of a line without end only the beginning."""
    rest = b""
    while block := file.read(BLOCK_BYTES):
        progress.advance(len(block))
        lines, newline, begun = block.rpartition(b"\n")
        if not newline:
            rest = (rest + begun)[:MAX_LINE_BYTES]
            continue
        yield rest + lines + newline
        rest = begun[:MAX_LINE_BYTES]
    if rest:
        yield rest + b"\n"
