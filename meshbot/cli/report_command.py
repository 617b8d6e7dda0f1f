"""``main_bot.py report``: why the link was lost, from the bot's own records or a text journal."""

import argparse
import re
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from meshbot.cli.exit_code import EXIT_NO, EXIT_OK
from meshbot.cli.report_refusal import ReportRefusal
from meshbot.cli.text_journal import MAX_EVENTS, TextJournal
from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.link_diagnosis import Diagnosis, diagnose
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.report_json import json_report
from meshbot.diagnosis.report_page import html_report
from meshbot.diagnosis.report_text import text_report
from meshbot.model.link_event import EventKind, LinkEvent, on_one_clock
from meshbot.store.database import Database
from meshbot.store.inspection import may_exist
from meshbot.store.instance_lock import InstanceLock
from meshbot.store.link_event_store import LinkEventStore
from meshbot.store.node_store import NodeStore
from meshbot.text.language import tr

DEFAULT_SINCE_S = 7 * 86_400.0
_UNITS_S = {"m": 60, "min": 60, "h": 3_600, "d": 86_400, "j": 86_400, "w": 604_800}
_SINCE = re.compile(r"(\d{1,5}) ?(min|m|h|d|j|w)", re.IGNORECASE)


def add_report_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options of ``report``."""
    parser.add_argument(
        "--since",
        metavar="DURÉE",
        help="24h, 7d (jours), 2w (semaines)… avant la fin ; par défaut 7d, et tout avec --journal",
    )
    parser.add_argument(
        "file",
        nargs="?",
        metavar="JOURNAL",
        help="un journal en texte, comme --journal ; par défaut ce que le bot a noté lui-même",
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
            self._write(self._report(options) + "\n")
        except ReportRefusal as refusal:
            self._write(f"❌ {refusal}\n")
            return EXIT_NO
        return EXIT_OK

    def _report(self, options: argparse.Namespace) -> str:
        """Return what is to be printed, and write the page if one is wanted."""
        since_s = since_seconds(options.since)
        name = options.journal if options.journal is not None else options.file
        if name is not None:
            journal = TextJournal(name, self._wall_clock)
            history = journal.history(since_s)
            history.in_utc = not journal.has_dates
        else:
            history = self._stored_history(since_s if since_s is not None else DEFAULT_SINCE_S)
        diagnosis = diagnose(history)
        if options.html:
            _write_page(Path(options.html), _page(history, diagnosis))
            sys.stderr.write(f"✅ Page écrite : {options.html}\n")
        if options.json:
            return json_report(history, diagnosis)
        return text_report(history, diagnosis)

    def _stored_history(self, since_s: float) -> LinkHistory:
        """Return what the bot's own records tell of the last ``since_s``."""
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
            # The bot runs: so nothing happened since the last event.
            events.append(alive_at(now_s, events[-1]))
        if not any(event.wall_s >= now_s - since_s for event in events):
            raise ReportRefusal(self._no_events_text(bool(elsewhere)))
        return history_of(events, now_s - since_s)

    def _no_events_text(self, elsewhere: bool) -> str:
        what = "du vrai nœud" if self._simulated else "du nœud simulé"
        hint = f" ; elle contient aussi le maillage {what} (CONNECTION_MODE)" if elsewhere else ""
        mode = ", mode simulé" if self._simulated else ""
        return (
            "Aucun événement de la liaison dans cette durée (voir --since) ; base : "
            f"{self._path.absolute()}{mode}{hint}"
        )


def alive_at(now_s: float, last: LinkEvent) -> LinkEvent:
    """Return the event that says that the bot still ran now, after its last one."""
    since_last_s = max(now_s - last.wall_s, 0.0)
    return replace(
        last,
        kind=EventKind.ALIVE,
        wall_s=last.wall_s + since_last_s,
        mono_s=last.mono_s + since_last_s,
        seconds=None,
        count=None,
        text="",
        cause=None,
    )


def _page(history: LinkHistory, diagnosis: Diagnosis) -> str:
    """Return the page. Raises :class:`ReportRefusal` where what makes it is not installed."""
    try:
        return html_report(history, diagnosis)
    except ModuleNotFoundError as error:
        what = tr("--html demande la bibliothèque {name} : lancer « make run »", name=error.name)
        raise ReportRefusal(what) from error


def _write_page(path: Path, page: str) -> None:
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ReportRefusal(f"{path} non écrit : {error.strerror}") from error


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
