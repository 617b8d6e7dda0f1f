"""``main_bot.py report``: why the link was lost, from the bot's own records or a text journal."""

import argparse
import math
import re
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from tqdm import tqdm

from meshbot.diagnosis.journal_reader import JournalReader
from meshbot.diagnosis.link_diagnosis import diagnose
from meshbot.diagnosis.link_history import LinkHistory, history_of
from meshbot.diagnosis.report_page import html_report
from meshbot.diagnosis.report_text import json_report, text_report
from meshbot.model.link_event import EventKind, LinkEvent, on_one_clock
from meshbot.store.database import Database
from meshbot.store.inspection import may_exist
from meshbot.store.instance_lock import InstanceLock
from meshbot.store.link_event_store import LinkEventStore
from meshbot.store.node_store import NodeStore

EXIT_OK = 0
EXIT_NO = 1
MAX_EVENTS = 300_000
"""Of a longer history only the last ones are judged: memory is bounded."""
DAY_S = 86_400.0
MAX_LINE_BYTES = 8_192
DEFAULT_SINCE = "7d"
_UNITS_S = {"m": 60, "min": 60, "h": 3_600, "d": 86_400, "j": 86_400, "w": 604_800}
_SINCE = re.compile(r"(\d{1,5}) ?(min|m|h|d|j|w)", re.IGNORECASE)


class _Progress(tqdm):  # type: ignore[type-arg]
    """A progress bar that needs no thread."""

    monitor_interval = 0


class ReportRefusal(Exception):
    """The report cannot be made. ``str()`` says in French why."""


def add_report_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options of ``report``."""
    parser.add_argument(
        "--since",
        metavar="DURÉE",
        help="24h, 7d (jours), 2w (semaines)… avant la fin ; par défaut 7d, et tout avec --journal",
    )
    parser.add_argument(
        "--journal",
        metavar="FICHIER",
        help="juger un journal en texte, d'un autre bot aussi ; - pour l'entrée standard "
        "(journalctl -u meshbot | …)",
    )
    parser.add_argument("--html", metavar="FICHIER", help="écrire aussi une page HTML")
    parser.add_argument("--json", action="store_true", help="écrire du JSON au lieu du texte")


class ReportCommand:
    """Makes one report."""

    def __init__(
        self,
        path: Path,
        *,
        simulated: bool,
        write: Callable[[str], object] = sys.stdout.write,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Name the bot's database; nothing is opened yet."""
        self._path = path
        self._simulated = simulated
        self._write = write
        self._wall_clock = wall_clock

    def run(self, options: argparse.Namespace) -> int:
        """Make the report and return the exit code. Raises ``StorageError``."""
        try:
            since_s = since_seconds(options.since)
            if options.journal is not None:
                history, in_utc = self._from_text(options.journal, since_s)
            else:
                history, in_utc = self._from_database(since_s), False
            diagnosis = diagnose(history)
            if options.json:
                text = json_report(history, diagnosis)
            else:
                text = text_report(history, diagnosis, in_utc=in_utc)
            if options.html:
                page = html_report(history, diagnosis, in_utc=in_utc)
                self._write_page(Path(options.html), page)
                sys.stderr.write(f"✅ Page écrite : {options.html}\n")
        except ReportRefusal as refusal:
            self._write(f"❌ {refusal}\n")
            return EXIT_NO
        self._write(text + "\n")
        return EXIT_OK

    def _write_page(self, path: Path, page: str) -> None:
        try:
            path.write_text(page, encoding="utf-8")
        except OSError as error:
            raise ReportRefusal(f"{path} non écrit : {error.strerror}") from error

    def _from_database(self, since_s: float | None) -> LinkHistory:
        if not may_exist(self._path):
            raise ReportRefusal(f"Pas encore de base {self._path} : le bot n'a pas tourné")
        database = Database(self._path, simulated=self._simulated)
        database.open()
        try:
            events = on_one_clock(LinkEventStore(database).load_link_events(MAX_EVENTS))
            elsewhere = NodeStore(database).nodes_of_the_other_mesh()
        finally:
            database.close()
        now_s = self._wall_clock()
        if events and InstanceLock(self._path).holder() is not None:
            # The bot runs: that nothing happened since the last event is a fact, too.
            last = events[-1]
            since_last_s = max(now_s - last.wall_s, 0.0)
            events.append(
                replace(
                    last,
                    kind=EventKind.ALIVE,
                    wall_s=last.wall_s + since_last_s,
                    mono_s=last.mono_s + since_last_s,
                    seconds=None,
                    count=None,
                    text="",
                )
            )
        start_s = now_s - (since_s or since_seconds(DEFAULT_SINCE) or 0.0)
        if not any(event.wall_s >= start_s for event in events):
            what = "du vrai nœud" if self._simulated else "du nœud simulé"
            hint = f" ; elle contient aussi le maillage {what} (CONNECTION_MODE)" * bool(elsewhere)
            raise ReportRefusal(
                "Aucun événement de la liaison dans cette durée (voir --since) ; base : "
                f"{self._path.absolute()}{', mode simulé' if self._simulated else ''}{hint}"
            )
        return history_of(events, start_s)

    def _local_now_s(self) -> float:
        """Return the time of day on local clocks, as a journal without dates is read."""
        now = datetime.fromtimestamp(self._wall_clock())
        return now.replace(tzinfo=UTC).timestamp()

    def _from_text(self, name: str, since_s: float | None) -> tuple[LinkHistory, bool]:
        reader = JournalReader(self._wall_clock)
        try:
            if name == "-":
                events = _last_events(reader, sys.stdin.buffer, 0)
            else:
                with Path(name).open("rb") as file:
                    events = _last_events(reader, file, Path(name).stat().st_size)
        except OSError as error:
            raise ReportRefusal(f"{name or 'fichier'} illisible : {error.strerror}") from error
        except ValueError as error:
            raise ReportRefusal(f"{name!r} n'est pas un nom de fichier") from error
        if not events:
            hint = " (fichier compressé ? zcat …)" if name.endswith((".gz", ".xz", ".zst")) else ""
            raise ReportRefusal(
                f"Aucune ligne d'un bot sur {reader.lines} lues{hint} : il faut des lignes telles "
                "que « 13:35:58 [INFO] ✅ Reconnexion TCP réussie (background) »"
            )
        # The last line says until when the bot ran, whatever it is about.
        last_s = max(reader.last_s or 0.0, events[-1].wall_s)
        if not reader.has_dates:
            # Days were counted on from today; the last one can be no later than that.
            ahead_s = max(0.0, math.ceil((last_s - self._local_now_s()) / DAY_S) * DAY_S)
            events = [replace(event, wall_s=event.wall_s - ahead_s) for event in events]
            last_s -= ahead_s
        alive = LinkEvent(EventKind.ALIVE, last_s)
        start_s = last_s - since_s if since_s is not None else -math.inf
        return history_of([*events, alive], start_s), not reader.has_dates


def since_seconds(text: str | None) -> float | None:
    """Return a duration such as ``24h`` in seconds, None for none.

    Raises :class:`ReportRefusal` for anything else.
    """
    if text is None:
        return None
    match = _SINCE.fullmatch(text.strip())
    if match is None or int(match.group(1)) == 0:
        raise ReportRefusal(f"--since {text} : il faut une durée telle que 24h, 7d ou 2w")
    return float(int(match.group(1)) * _UNITS_S[match.group(2).lower()])


def _last_events(reader: JournalReader, file: BinaryIO, size: int) -> list[LinkEvent]:
    """Read a journal of any length in bounded memory, with a progress bar on a terminal."""
    with _Progress(
        total=size or None,
        unit="o",
        unit_scale=True,
        desc="Lecture",
        leave=False,
        disable=None,  # no terminal, no bar
    ) as progress:
        lines = _lines(file, progress.update)
        return list(deque(reader.events(lines), MAX_EVENTS))


def _lines(file: BinaryIO, advance: Callable[[int], object]) -> Iterator[str]:
    """Return the lines of a file; of one without end only the beginning."""
    behind = 0
    continued = False
    while chunk := file.readline(MAX_LINE_BYTES):
        behind += len(chunk)
        if behind >= 1_000_000:
            advance(behind)
            behind = 0
        if not continued:
            yield chunk.decode("utf-8", "replace")
        continued = not chunk.endswith(b"\n")
    advance(behind)
