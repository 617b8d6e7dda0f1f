"""The report of several files at once: a bot's databases, text journals, and what is neither."""

import json
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from meshbot.cli import named_store, text_journal
from meshbot.cli.arguments import parse_arguments
from meshbot.cli.report_command import ReportCommand
from meshbot.model.link_event import LinkEvent
from meshbot.store.database import Database
from meshbot.store.instance_lock import InstanceLock
from meshbot.store.link_event_store import LinkEventStore
from tests.diagnosis.made import DAY_S
from tests.diagnosis.sample_weeks import sample_events
from tests.diagnosis.weeks.bot_journal import BotJournal
from tests.support.limits import PROGRAM_S
from tests.support.program import ROOT

pytestmark = pytest.mark.slow

SYNC_KILLS = sample_events("sync 0.5, hang", days=10)
REBOOTS = sample_events("reboots")
END_S = max(SYNC_KILLS[-1].wall_s, REBOOTS[-1].wall_s)


def store(path: Path, events: list[LinkEvent], *, simulated: bool = False) -> Path:
    path.parent.mkdir(exist_ok=True)
    database = Database(path, simulated=simulated)
    database.open()
    LinkEventStore(database).add_link_events(events)
    database.close()
    return path


@pytest.fixture
def attic(tmp_path: Path) -> Path:
    return store(tmp_path / "attic/meshbot.db", SYNC_KILLS)


@pytest.fixture
def garden(tmp_path: Path) -> Path:
    return store(tmp_path / "garden/meshbot.db", REBOOTS)


@pytest.fixture
def cellar(tmp_path: Path) -> Path:
    """A text journal whose name says that it is a database: what is in it counts."""
    path = tmp_path / "cellar.db"
    path.write_text(
        "".join(BotJournal().lines(sample_events("crashes, back at once", days=3))),
        encoding="utf-8",
    )
    return path


def report(*options: object, now_s: float = END_S + 60) -> tuple[int, str]:
    written: list[str] = []
    command = ReportCommand(
        Path("/nowhere/bot.db"), simulated=False, write=written.append, wall_clock=lambda: now_s
    )
    code = command.run(parse_arguments(["report", *map(str, options)]))
    return code, "".join(written)


def test_databases_and_journals_stand_side_by_side(
    attic: Path, garden: Path, cellar: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = report(attic, garden, cellar)
    assert code == 0
    assert capsys.readouterr().err == ""
    assert text.splitlines()[2].split() == ["attic", "garden", "cellar"]
    for said in ("la synchronisation des", "le nœud redémarre", "le nœud plante", "Ce qui ressort"):
        assert said in text


def test_each_report_is_the_one_that_the_file_alone_gives(
    attic: Path, garden: Path, cellar: Path
) -> None:
    _, together = report(attic, garden, cellar, "--json")
    found = json.loads(together)
    assert list(found["sites"]) == ["attic", "garden", "cellar"]
    assert found["unreadable"] == {} and found["together"] == []
    for name, path in (("attic", attic), ("garden", garden), ("cellar", cellar)):
        code, alone = report(path, "--json")
        assert code == 0
        assert json.loads(alone) == found["sites"][name]


def test_a_database_that_is_named_is_judged_as_the_bots_own_is(attic: Path) -> None:
    written: list[str] = []
    own = ReportCommand(
        attic,
        simulated=False,
        write=written.append,
        wall_clock=lambda: SYNC_KILLS[-1].wall_s,
    )
    assert own.run(parse_arguments(["report"])) == 0
    assert report(attic) == (0, "".join(written))


def test_a_database_is_only_looked_at(attic: Path, garden: Path) -> None:
    before = {path: path.read_bytes() for path in (attic, garden)}
    names = sorted(attic.parent.iterdir())
    report(attic, garden)
    assert {path: path.read_bytes() for path in before} == before
    assert sorted(attic.parent.iterdir()) == names


def test_the_end_is_now_for_a_bot_that_runs_and_its_last_event_for_another(
    attic: Path, garden: Path
) -> None:
    lock = InstanceLock(attic)
    lock.acquire()
    now_s = END_S + 3 * DAY_S
    _, text = report(attic, garden, "--json", "--since", "2d", now_s=now_s)
    lock.release()
    sites = json.loads(text)["sites"]
    assert sites["attic"]["to"] == pytest.approx(now_s)
    assert sites["garden"]["to"] == pytest.approx(REBOOTS[-1].wall_s)


def test_since_is_for_all(attic: Path, garden: Path, cellar: Path) -> None:
    _, text = report(attic, garden, cellar, "--json", "--since", "1d")
    for found in json.loads(text)["sites"].values():
        assert found["to"] - found["from"] == pytest.approx(DAY_S, abs=1)


def test_a_file_and_a_journal_are_both_judged(attic: Path, cellar: Path) -> None:
    assert report(attic, "--journal", cellar) == report(attic, cellar)


def test_a_file_named_twice_counts_once(
    attic: Path, garden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(attic.parent)
    assert report(attic, "meshbot.db") == report(attic)
    assert report(attic, "meshbot.db", garden) == report(attic, garden)


def test_what_only_a_simulated_node_taught_is_judged_where_there_is_no_other(
    tmp_path: Path, garden: Path
) -> None:
    path = store(tmp_path / "trial/meshbot.db", SYNC_KILLS, simulated=True)
    code, text = report(path, garden)
    assert code == 0
    assert "la synchronisation des" in text


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_what_cannot_be_read_does_not_stop_the_others(
    form: tuple[str, ...],
    attic: Path,
    garden: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = tmp_path / "other.db"
    other.write_bytes(b"SQLite format 3\x00" + b"\xff" * 5_000)
    empty = store(tmp_path / "empty.db", [])
    words = tmp_path / "words.txt"
    words.write_text("no line of a bot\n", encoding="utf-8")
    bad = [other, empty, words, tmp_path / "none.txt", tmp_path]
    code, text = report(attic, *bad, garden, *form)
    assert code == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(bad)
    for line, path in zip(lines, bad, strict=True):
        assert line.startswith(f"❌ {path.stem} : ")
    if form:
        found = json.loads(text)
        assert list(found["sites"]) == ["attic", "garden"]
        assert list(found["unreadable"]) == [str(path) for path in bad]
    else:
        assert text.splitlines()[2].split() == ["attic", "garden"]


def test_where_nothing_can_be_read_nothing_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    code, text = report(tmp_path / "a.txt", tmp_path / "b.txt", "--html", page)
    assert (code, text) == (1, "")
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert not page.exists()


def test_in_json_it_is_said_of_all_that_they_cannot_be_read(tmp_path: Path) -> None:
    files = [tmp_path / "a.txt", tmp_path / "b.txt"]
    code, text = report(*files, "--json")
    found = json.loads(text)
    assert (code, found["sites"], found["together"]) == (1, {}, [])
    assert list(found["unreadable"]) == [str(path) for path in files]


@pytest.mark.parametrize("wrong", [("--since=soon",), ("--html", "/nowhere/page.html")])
def test_what_is_no_json_is_not_printed_as_such(
    attic: Path, garden: Path, wrong: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    for files in ((attic,), (attic, garden), ()):
        assert report(*files, *wrong, "--json") == (1, "")
        assert capsys.readouterr().err.startswith("❌ ")


def test_nonsense_in_since_is_one_line(attic: Path, garden: Path) -> None:
    code, text = report(attic, garden, "--since=soon")
    assert (code, text.count("\n")) == (1, 1)


def test_the_page_leads_from_the_table_to_each_site(
    attic: Path, garden: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    code, _ = report(attic, garden, "--html", page)
    assert code == 0
    assert capsys.readouterr().err == f"✅ Page écrite : {page}\n"
    content = page.read_text(encoding="utf-8")
    for place in (1, 2):
        assert content.count(f'href="#site-{place}"') == content.count(f'id="site-{place}"') == 1
    assert "<script" not in content and "http" not in content.replace("<!DOCTYPE html>", "")


def test_a_page_that_cannot_be_written_is_an_error(attic: Path, garden: Path) -> None:
    code, text = report(attic, garden, "--html", attic.parent)
    assert code == 1
    assert text == f"❌ {attic.parent} non écrit : Is a directory\n"


def test_many_files_take_no_more_memory_than_a_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (named_store, text_journal):
        monkeypatch.setattr(module, "MAX_EVENTS", 2_000)
    lines = "".join(BotJournal().lines(SYNC_KILLS)) * 4
    paths = []
    for place in range(5):
        paths.append(tmp_path / f"site-{place}.txt")
        paths[-1].write_text(lines, encoding="utf-8")

    def most_for(count: int) -> int:
        tracemalloc.start()
        code, _ = report(*paths[:count])
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert code == 0
        return most

    most_for(2)  # what is imported and compiled once
    assert most_for(5) < most_for(2) + 1_500_000


def test_the_program_compares_and_says_what_it_could_not_read(
    attic: Path, garden: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        [
            *(sys.executable, str(ROOT / "main_bot.py"), "report"),
            *(str(attic), str(garden), str(tmp_path / "none.db")),
        ],
        cwd=tmp_path,
        env={**os.environ, "MESHBOT_DATABASE_PATH": str(tmp_path / "bot.db")},
        capture_output=True,
        encoding="utf-8",
        timeout=PROGRAM_S,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout.startswith("Comparaison : 2 sites\n")
    assert done.stderr.startswith("❌ none : ") and done.stderr.count("\n") == 1
    assert not (tmp_path / "bot.db").exists()
