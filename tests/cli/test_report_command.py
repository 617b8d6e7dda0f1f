"""The report as operators ask for it: text, JSON, one HTML file, of a database or of a journal."""

import contextlib
import io
import json
import os
import random
import re
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from meshbot.cli import text_journal
from meshbot.cli.arguments import parse_arguments
from meshbot.cli.report_command import ReportCommand, since_seconds
from meshbot.cli.report_refusal import ReportRefusal
from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.link_diagnosis import diagnose
from meshbot.diagnosis.report_json import json_report
from meshbot.diagnosis.report_page import html_report
from meshbot.diagnosis.report_text import text_report
from meshbot.diagnosis.statement import Statement
from meshbot.model.link_event import EventKind, LinkEvent
from meshbot.store.database import Database
from meshbot.store.link_event_store import LinkEventStore
from tests.diagnosis.made import DAY_S, NOON_S
from tests.diagnosis.page.drawn import NO_BREAKS
from tests.diagnosis.sample_weeks import sample_events
from tests.diagnosis.weeks.bot_journal import BotJournal
from tests.support.limits import PROGRAM_S
from tests.support.program import ROOT

pytestmark = pytest.mark.slow

SYNC_KILLS = sample_events("sync 0.5, hang", days=10)
END_S = SYNC_KILLS[-1].wall_s


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "bot.db"


class Report:
    """Runs ``report`` with options and keeps what it wrote."""

    def __init__(self, database: Path) -> None:
        self._database = database

    def __call__(self, *options: str, now_s: float = END_S + 60) -> tuple[int, str]:
        written: list[str] = []
        command = ReportCommand(
            self._database, simulated=False, write=written.append, wall_clock=lambda: now_s
        )
        code = command.run(parse_arguments(["report", *options]))
        return code, "".join(written)


@pytest.fixture
def report(database: Path) -> Report:
    return Report(database)


@pytest.fixture
def lived(database: Path) -> list[LinkEvent]:
    """Ten days of a bot whose sync kills, in its database."""
    storage = LinkEventStore(Database(database))
    storage.database.open()
    storage.add_link_events(SYNC_KILLS)
    storage.database.close()
    return SYNC_KILLS


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Ten days of a node that crashes, as a text journal."""
    events = sample_events("crashes, back at once", days=10)
    path = tmp_path / "mesh.log"
    path.write_text("".join(BotJournal().lines(events)), encoding="utf-8")
    return path


class Page(HTMLParser):
    """Checks that every element is closed in order, and collects what a page refers to."""

    VOID = ("meta", "br", "link", "img", "input", "hr")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


# -- From the database -------------------------------------------------------------------------


@pytest.mark.usefixtures("lived")
def test_the_text_has_verdict_advice_figures_and_criteria(report: Report) -> None:
    code, text = report("--since", "30d")
    assert code == 0
    assert "VERDICT : la synchronisation des clés est suspecte" in text
    for part in ("À faire", "Chiffres", "Critères", "reconnexions", "disponibilité"):
        assert part in text
    assert re.search(r"coupures +\d+ \(\d+ × silence\)", text)


def test_the_json_has_the_same_figures(report: Report, lived: list[LinkEvent]) -> None:
    code, text = report("--json", "--since", "30d")
    assert code == 0
    found = json.loads(text)
    assert found["verdict"] == "sync suspected"
    losses = sum(event.kind is EventKind.SILENCE for event in lived)
    assert found["figures"]["losses"] == found["causes"]["silence"] == losses
    assert found["sync"]["losses_after"] > 10 > found["sync"]["expected_by_chance"]
    assert found["sync"]["p_value"] < 0.001
    assert found["to"] == END_S
    assert [criterion["passed"] for criterion in found["criteria"]] == [None, True, None, False]


@pytest.mark.parametrize(("since", "days"), [("24h", 1), ("2d", 2), ("1w", 7), (None, 7)])
@pytest.mark.usefixtures("lived")
def test_since_limits_what_is_judged(since: str | None, days: int, report: Report) -> None:
    options = ("--since", since) if since else ()
    code, text = report("--json", *options, now_s=END_S)
    assert code == 0
    found = json.loads(text)
    assert found["to"] - found["from"] == pytest.approx(days * DAY_S, abs=1)
    assert found["figures"]["observed_s"] == pytest.approx(days * DAY_S, rel=0.01)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("24h", 86_400),
        ("24H", 86_400),
        (" 90 min ", 5_400),
        ("30m", 1_800),
        ("7d", 7 * DAY_S),
        ("7j", 7 * DAY_S),
        ("2w", 14 * DAY_S),
    ],
)
def test_durations_are_understood(text: str | None, seconds: float | None) -> None:
    assert since_seconds(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "24", "h", "0h", "-1h", "1y", "1.5h", "5s", "hier", "999999h"]
)
def test_other_durations_are_refused_in_words(text: str, report: Report) -> None:
    with pytest.raises(ReportRefusal, match="24h"):
        since_seconds(text)
    code, said = report(f"--since={text}")
    assert code == 1
    assert said.startswith("❌ ") and said.count("\n") == 1 and "24h" in said


def test_a_bot_that_never_ran_is_said(report: Report, database: Path) -> None:
    code, said = report()
    assert (code, said.count("\n")) == (1, 1)
    assert str(database) in said
    assert not database.exists()


@pytest.mark.usefixtures("lived")
def test_a_time_without_events_is_said(report: Report) -> None:
    code, said = report("--since", "1h", now_s=END_S + 10 * DAY_S)
    assert (code, said.count("\n")) == (1, 1)
    assert "--since" in said


@pytest.mark.usefixtures("lived")
def test_a_clock_that_learns_the_time_late_does_not_matter(report: Report, database: Path) -> None:
    """A Raspberry Pi whose first lines are of 1970."""
    storage = LinkEventStore(Database(database))
    storage.database.open()
    events = [
        LinkEvent(EventKind.STARTED, 10.0, 10.0, run=2, text="{}"),
        LinkEvent(EventKind.CONNECTED, 12.0, 12.0, run=2, session=1),
        LinkEvent(EventKind.ALIVE, END_S + 3_600, 3_600.0, run=2, session=1),
    ]
    storage.add_link_events(events)
    storage.database.close()
    _, text = report("--json", "--since", "1h", now_s=END_S + 3_600)
    found = json.loads(text)
    assert found["from"] == END_S
    assert found["figures"]["observed_s"] == pytest.approx(3_600, abs=30)


# -- From a text journal -----------------------------------------------------------------------


def test_a_text_journal_is_judged_without_a_database(
    report: Report, kept: Path, database: Path
) -> None:
    code, text = report("--journal", str(kept))
    assert code == 0
    assert "VERDICT : le nœud plante et revient aussitôt (100 %)" in text
    assert "synchronisation hors de cause" in text
    assert not database.exists()


def test_a_journal_needs_no_option(report: Report, kept: Path) -> None:
    assert report(str(kept)) == report("--journal", str(kept))


def test_a_remark_is_in_every_form(report: Report, kept: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    lines = kept.read_text(encoding="utf-8").splitlines(keepends=True)
    kept.write_text("".join(lines[300:] + lines[:300]), encoding="utf-8")
    _, text = report(str(kept), "--html", str(page))
    _, found = report(str(kept), "--json")
    (remark,) = json.loads(found)["remarks"]
    assert "désordre" in remark
    assert text.splitlines()[1] == f"⚠️ {remark}"
    assert f"⚠️ {remark}" in Page(page.read_text(encoding="utf-8").translate(NO_BREAKS)).texts


def test_since_counts_from_the_end_of_a_text_journal(report: Report, kept: Path) -> None:
    _, whole = report("--json", "--journal", str(kept))
    _, part = report("--json", "--journal", str(kept), "--since", "2d")
    whole_found, part_found = json.loads(whole), json.loads(part)
    assert part_found["to"] == whole_found["to"]
    assert part_found["to"] - part_found["from"] == 2 * DAY_S
    assert 0 < part_found["figures"]["losses"] < whole_found["figures"]["losses"]


@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n\n", b"\x00" * 20_000, bytes(range(256)) * 100, b"13:35:58 [INFO] bonjour\n"],
)
def test_a_file_without_a_line_of_a_bot_is_an_error(
    content: bytes, report: Report, tmp_path: Path
) -> None:
    path = tmp_path / "other.log"
    path.write_bytes(content)
    code, said = report("--journal", str(path))
    assert (code, said.count("\n")) == (1, 1)
    assert "Aucune ligne d'un bot" in said


def test_a_file_that_cannot_be_read_is_an_error(report: Report, tmp_path: Path) -> None:
    for path in (tmp_path / "none.log", tmp_path):
        code, said = report("--journal", str(path))
        assert (code, said.count("\n")) == (1, 1)
        assert said.startswith(f"❌ {path} illisible")


def test_a_damaged_journal_is_judged_all_the_same(
    report: Report, kept: Path, tmp_path: Path
) -> None:
    """NULs, invalid UTF-8, lines without end, a beginning and an end cut in the middle."""
    lines = kept.read_bytes().splitlines(keepends=True)
    rng = random.Random(1)
    damaged = bytearray(lines[0][40:])
    for line in lines[1:-1]:
        damaged += line
        damaged += rng.choice((b"", b"", b"\xff\xfe\x80\n", b"\x00" * 50, b"x" * 50_000 + b"\n"))
    damaged += lines[-1][:-20]
    path = tmp_path / "damaged.log"
    path.write_bytes(damaged)
    _, whole = report("--json", "--journal", str(kept))
    code, found = report("--json", "--journal", str(path))
    assert code == 0
    assert json.loads(found)["figures"]["losses"] == json.loads(whole)["figures"]["losses"]
    assert json.loads(found)["verdict"] == json.loads(whole)["verdict"]


def test_the_program_reads_standard_input_and_shows_no_bar_without_a_terminal(
    kept: Path, tmp_path: Path
) -> None:
    with kept.open("rb") as standard_input:
        done = subprocess.run(
            [sys.executable, str(ROOT / "main_bot.py"), "report", "--journal", "-", "--json"],
            cwd=tmp_path,
            env={**os.environ, "MESHBOT_DATABASE_PATH": str(tmp_path / "bot.db")},
            stdin=standard_input,
            capture_output=True,
            timeout=PROGRAM_S,
            check=False,
        )
    assert done.returncode == 0
    assert json.loads(done.stdout)["verdict"] == "the node crashes"
    assert done.stderr == b""
    assert not (tmp_path / "bot.db").exists()


class Terminal(io.StringIO):
    """Standard error of somebody who watches."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_how_far_the_reading_is(
    report: Report, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "long.log"
    path.write_bytes(kept.read_bytes() * 40)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    code, text = report("--journal", str(path))
    assert code == 0
    assert "Lecture" in terminal.getvalue() and "%" in terminal.getvalue()
    assert "Lecture" not in text


@contextlib.contextmanager
def pipe_of(chunks: Iterator[bytes]) -> Iterator[io.BufferedReader]:
    """Return the reading end of a pipe that a thread fills."""
    read_end, write_end = os.pipe()

    def fill() -> None:
        with os.fdopen(write_end, "wb") as file, contextlib.suppress(BrokenPipeError):
            for chunk in chunks:
                file.write(chunk)

    writer = threading.Thread(target=fill, name="fill")
    writer.start()
    with os.fdopen(read_end, "rb") as file:
        yield file
    writer.join(10.0)


class StandardInput:
    def __init__(self, buffer: io.BufferedReader) -> None:
        self.buffer = buffer


def test_a_long_journal_takes_no_more_memory_than_the_events_kept(
    report: Report, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thirty megabytes through a pipe, a line of ten among them."""
    monkeypatch.setattr(text_journal, "MAX_EVENTS", 2_000)
    content = kept.read_bytes()
    noise = b"Nov 23 13:00:00 raspi meshbot[1]: 13:00:00 [INFO] X : " + b"bonjour " * 500 + b"\n"

    def chunks() -> Iterator[bytes]:
        for _ in range(30):
            yield content
            for _ in range(150):
                yield noise
        for _ in range(160):
            yield b"y" * 65_536
        yield b"\n"
        yield content

    kept_events: list[int] = []
    judge = history_of

    def counting(events: list[LinkEvent], since_s: float, *, of_this_bot: bool) -> object:
        kept_events.append(len(events))
        return judge(events, since_s, of_this_bot=of_this_bot)

    monkeypatch.setattr(text_journal, "history_of", counting)
    with pipe_of(chunks()) as buffer:
        monkeypatch.setattr(sys, "stdin", StandardInput(buffer))
        tracemalloc.start()
        code, _ = report("--journal", "-")
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert code == 0
    assert 300 < kept_events[0] <= 2_001  # what stands in it thirty times counts once
    assert most < 8_000_000


# -- HTML --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("lived")
def test_the_page_is_written_whole_and_needs_no_network(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    code, text = report("--html", str(path), "--since", "30d")
    assert code == 0 and "VERDICT" in text
    content = path.read_text(encoding="utf-8")
    page = Page(content)
    assert not re.search(r"https?:|//|@import|url\(", content.replace("<!DOCTYPE html>", ""))
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name in ("src", "href", "srcset")]
    assert ("charset", "utf-8") in page.attributes and ("lang", "fr") in page.attributes
    assert any("a synchronisation des clés est suspecte" in text for text in page.texts)
    assert page.attributes.count(("class", "end day")) == 11


def test_the_page_escapes_whatever_it_says() -> None:
    hostile = "<script>alert('x')</script> & \"quotes\""
    history = history_of([LinkEvent(EventKind.STARTED, NOON_S, text=hostile)])
    diagnosis = diagnose(history)
    diagnosis = replace(
        diagnosis,
        statements=[Statement(hostile)],
        advice=[hostile],
        criteria=[replace(diagnosis.criteria[0], name=hostile, evidence=hostile)],
    )
    content = html_report(history, diagnosis)
    page = Page(content)
    assert "script" not in page.tags
    assert sum(hostile in text for text in page.texts) == 3
    assert json.loads(json_report(history, diagnosis))["reasons"] == [hostile]
    assert hostile in text_report(history, diagnosis)


def test_names_in_a_journal_do_not_reach_the_page(report: Report, tmp_path: Path) -> None:
    path, page = tmp_path / "hostile.log", tmp_path / "page.html"
    path.write_text(
        "13:35:58 [INFO] ✅ Reconnexion TCP réussie (background)\n"
        "13:36:58 [INFO] 🔌 Liaison TCP perdue (h) : <script>alert(1)</script> ; nouvel essai\n"
        "13:36:59 [INFO] 📩 <b>SILENCE TCP: 500s sans paquet : <i>\n",
        encoding="utf-8",
    )
    code, _ = report("--journal", str(path), "--html", str(page))
    assert code == 0
    assert not {"script", "b"} & set(Page(page.read_text(encoding="utf-8")).tags)


def test_a_page_that_cannot_be_written_is_an_error(
    report: Report, kept: Path, tmp_path: Path
) -> None:
    code, said = report("--journal", str(kept), "--html", str(tmp_path))
    assert (code, said.count("\n")) == (1, 1)
    assert said.startswith(f"❌ {tmp_path} non écrit")


@pytest.mark.parametrize(
    "events",
    [
        pytest.param(list, id="nothing"),
        pytest.param(lambda: [LinkEvent(EventKind.ALIVE, NOON_S)], id="one moment"),
        pytest.param(lambda: sample_events("phone by hand", days=120), id="four months"),
        pytest.param(lambda: sample_events("sync 1.0, crash", days=3), id="many losses"),
    ],
)
def test_every_history_makes_a_page_of_bounded_length(
    events: Callable[[], list[LinkEvent]],
) -> None:
    history = history_of(events())
    diagnosis = diagnose(history)
    content = html_report(history, diagnosis)
    page = Page(content)
    assert page.attributes.count(("class", "end day")) <= 92
    assert len(content.encode()) < 300_000
    assert text_report(history, diagnosis) and json.loads(json_report(history, diagnosis))


def test_what_the_program_warns_of_does_not_spoil_the_json(kept: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "main_bot.py"), "report", "--journal", str(kept), "--json"],
        cwd=tmp_path,
        env={**os.environ, "MESHBOT_TCP_HSOT": "x"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PROGRAM_S,
        check=True,
    )
    assert json.loads(done.stdout)["verdict"] == "the node crashes"
    assert "MESHBOT_TCP_HSOT" in done.stderr.decode()
