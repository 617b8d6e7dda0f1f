"""``main_bot.py report``: why the link was lost, from the bot's own records or from files."""

import argparse
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from meshbot.cli.exit_code import EXIT_NO, EXIT_OK
from meshbot.cli.report_refusal import ReportRefusal
from meshbot.cli.report_source import DEFAULT_SINCE_S, history_in
from meshbot.cli.sites_report import SitesReport
from meshbot.cli.text_journal import MAX_EVENTS
from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.link_diagnosis import diagnose
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.report_json import json_report
from meshbot.diagnosis.report_page import html_report
from meshbot.diagnosis.report_text import text_report
from meshbot.diagnosis.sites.site_names import STANDARD_INPUT
from meshbot.model.link_event import alive_at, on_one_clock
from meshbot.store.database import Database
from meshbot.store.inspection import may_exist
from meshbot.store.instance_lock import InstanceLock
from meshbot.store.link_event_store import LinkEventStore
from meshbot.store.node_store import NodeStore
from meshbot.text.language import tr

_UNITS_S = {"m": 60, "min": 60, "h": 3_600, "d": 86_400, "j": 86_400, "w": 604_800}
_SINCE = re.compile(r"(\d{1,5}) ?(min|m|h|d|j|w)", re.IGNORECASE)


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
            files = _files(options)
            if len(files) > 1:
                return self._compare(files, since_s, options)
            self._write(self._report(files, since_s, options) + "\n")
        except ReportRefusal as refusal:
            # What a program reads as JSON holds nothing else.
            refuse = sys.stderr.write if options.json else self._write
            refuse(f"❌ {refusal}\n")
            return EXIT_NO
        return EXIT_OK

    def _compare(
        self, files: Sequence[str], since_s: float | None, options: argparse.Namespace
    ) -> int:
        """Print what several sites amount to, and write the page if one is wanted."""
        report = SitesReport(self._wall_clock, as_json=options.json, as_page=bool(options.html))
        code = report.read(files, since_s)
        if report.has_sites and options.html:
            _write_page(options.html, report.page())
        if report.has_sites or options.json:
            self._write(report.text() + "\n")
        return code

    def _report(
        self, files: Sequence[str], since_s: float | None, options: argparse.Namespace
    ) -> str:
        """Return what is to be printed, and write the page if one is wanted."""
        if files:
            history = history_in(files[0], since_s, self._wall_clock)
        else:
            history = self._stored_history(since_s if since_s is not None else DEFAULT_SINCE_S)
        diagnosis = diagnose(history)
        if options.html:
            _write_page(options.html, html_report(history, diagnosis))
        if options.json:
            return json_report(history, diagnosis)
        return text_report(history, diagnosis)

    def _stored_history(self, since_s: float) -> LinkHistory:
        """Return what the bot's own records tell of the last ``since_s``."""
        if not may_exist(self._path):
            raise ReportRefusal(
                tr("Pas encore de base {path} : le bot n'a pas tourné", path=self._path)
            )
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
        what = tr("du vrai nœud") if self._simulated else tr("du nœud simulé")
        hint = (
            tr(" ; elle contient aussi le maillage {what} (CONNECTION_MODE)", what=what)
            if elsewhere
            else ""
        )
        mode = tr(", mode simulé") if self._simulated else ""
        return tr(
            "Aucun événement de la liaison dans cette durée (voir --since) ; base : "
            "{absolute}{mode}{hint}",
            absolute=self._path.absolute(),
            mode=mode,
            hint=hint,
        )


def _write_page(name: str, page: str) -> None:
    path = Path(name)
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ReportRefusal(
            tr("{path} non écrit : {strerror}", path=path, strerror=error.strerror)
        ) from error
    sys.stderr.write(tr("✅ Page écrite : {html}\n", html=name))


def _files(options: argparse.Namespace) -> list[str]:
    """Return the files to judge, each once, however it is named."""
    named = [*options.files, *([options.journal] if options.journal is not None else [])]
    return list({_place_of(name): name for name in reversed(named)}.values())[::-1]


def _place_of(name: str) -> str:
    try:
        return os.path.realpath(name) if name != STANDARD_INPUT else name
    except ValueError:
        return name  # no name of a file; to read it will tell


def since_seconds(text: str | None) -> float | None:
    """Return a duration such as ``24h`` in seconds, None for none.

    Raises :class:`ReportRefusal` for anything else.
    """
    if text is None:
        return None
    match = _SINCE.fullmatch(text.strip())
    if match is None or int(match.group(1)) == 0:
        raise ReportRefusal(
            tr("--since {what} : il faut une durée telle que 24h, 7d ou 2w", what=text)
        )
    return float(int(match.group(1)) * _UNITS_S[match.group(2).lower()])
