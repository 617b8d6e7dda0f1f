import re
from collections.abc import Callable
from functools import partial

import pytest

from meshbot.diagnosis.figures import figures_of
from meshbot.diagnosis.history_builder import history_of
from meshbot.diagnosis.link_diagnosis import diagnose
from meshbot.diagnosis.link_history import LinkHistory
from meshbot.diagnosis.page.after_syncs import SUSPECT_BINS, after_syncs
from meshbot.diagnosis.page.style import DARK, LIGHT, style
from meshbot.diagnosis.report_page import html_report
from meshbot.diagnosis.session import Session
from meshbot.model.cause import Cause
from meshbot.model.link_event import EventKind, LinkEvent
from tests.diagnosis.made import NOON_S, End, history, lived, lost_at, session, uneven
from tests.diagnosis.page.drawn import WholePage
from tests.diagnosis.page.telling_week import telling_week
from tests.diagnosis.sample_weeks import sample_history
from tests.support.program import ROOT

pytestmark = pytest.mark.slow

LIVES: dict[str, Callable[[], LinkHistory]] = {
    "nothing": LinkHistory,
    "one moment": lambda: history_of([LinkEvent(EventKind.ALIVE, NOON_S)]),
    "syncs only": lambda: history_of([LinkEvent(EventKind.SYNC_COMPLETE, NOON_S, count=4)]),
    "no loss": lambda: history(session(NOON_S, NOON_S + 90_000, cause=None)),
    "one loss": lambda: lost_at(NOON_S),
    "a loss at the first moment": lambda: history(session(NOON_S, NOON_S, back_s=None)),
    "a session that lasts": lambda: LinkHistory(
        sessions=[Session(NOON_S)], first_s=NOON_S, last_s=NOON_S + 60, tells_of_link=True
    ),
    "the sync kills": partial(sample_history, "sync 0.5, hang"),
    "another client": partial(sample_history, "phone by hand"),
    "dump": partial(sample_history, "dump at each start"),
    "reboots": partial(sample_history, "reboots"),
    "network": partial(sample_history, "steady Wi-Fi"),
    "thousands": lambda: lived(
        *(End(60.0 + n * 17 % 41, Cause.RESET, back_s=5.0) for n in range(7_000))
    ),
    "three months": lambda: lived(*uneven(1_100)),
}


@pytest.mark.parametrize("name", LIVES)
def test_every_page_is_whole_and_stands_alone(name: str) -> None:
    made = LIVES[name]()
    text = html_report(made, diagnose(made))
    page = WholePage(text)
    kinds = {kind for kind, _ in page.elements}
    assert not kinds & {"script", "link", "img", "iframe", "object", "embed", "a", "form", "use"}
    attributes = [item for _, given in page.elements for item in given.items()]
    assert not [key for key, _ in attributes if key in ("src", "href", "style") or key[:2] == "on"]
    assert not re.search(r"https?:|//|@import|url\(", text)
    assert "nan" not in text and "inf%" not in text and "None" not in text
    assert "1970" not in text
    assert len(text.encode()) < 300_000


@pytest.mark.parametrize("name", LIVES)
def test_every_chart_says_what_it_shows_and_fits(name: str) -> None:
    made = LIVES[name]()
    page = WholePage(html_report(made, diagnose(made)))
    charts = [given for kind, given in page.elements if kind == "svg" and "role" in given]
    for given in charts:
        assert given["role"] == "img" and given["aria-label"]
        assert "width" not in given and "viewbox" not in given  # as wide as its place
    for kind, given in page.elements:
        if kind == "rect" and (given.get("x") or "").endswith("%"):
            end = float((given["x"] or "")[:-1]) + float((given["width"] or "")[:-1])
            assert end <= 100.1


@pytest.mark.parametrize("name", ["the sync kills", "thousands", "network"])
def test_whatever_has_a_colour_has_one_in_the_light_and_in_the_dark(name: str) -> None:
    made = LIVES[name]()
    page = WholePage(html_report(made, diagnose(made)))
    rules = style()
    for kind, given in page.elements:
        for class_ in (given.get("class") or "").split():
            if kind in ("rect", "path", "i", "line"):
                assert f".{class_}{{" in rules or f".{class_}," in rules, class_
    used = set(re.findall(r"var\((--[\w-]+)\)", rules)) - {"--tone", "--tone-back"}
    for colours in (LIGHT, DARK):
        assert used <= {part.split(":")[0] for part in colours.replace("\n", "").split(";")}


def test_the_headline_comes_first_and_is_marked() -> None:
    made = LIVES["the sync kills"]()
    diagnosis = diagnose(made)
    text = html_report(made, diagnosis).replace("\N{NO-BREAK SPACE}", " ")
    headline = text.index(diagnosis.headline[1:])
    places = [text.index(word, headline + 1) for word in (">déduit<", "À faire", ">Disponibilité<")]
    assert places == sorted(places)
    for title in ("Causes", "Quand", "Synchronisation des clés", "Durée des interruptions"):
        assert f"<h2>{title}" in text
    for title in ("Chiffres", "Critères"):
        assert f"<h2>{title}</h2>" in text


def test_a_journal_without_dates_says_so_at_the_top() -> None:
    made = LIVES["network"]()
    made.in_utc = True
    text = html_report(made, diagnose(made))
    assert text.index("Ce journal ne dit pas les jours") < text.index('class="verdict')


@pytest.mark.slow
def test_a_hundred_thousand_events_make_a_page_of_bounded_length() -> None:
    events = []
    for n in range(33_000):
        at_s = NOON_S + n * 240.0
        events += [
            LinkEvent(EventKind.CONNECTED, at_s, seconds=0.5),
            LinkEvent(EventKind.SYNC_STARTED, at_s + 30),
            LinkEvent(EventKind.LOST, at_s + 200, cause=Cause.FIN),
        ]
    made = history_of(events)
    assert len(made.losses) == 33_000
    assert len(html_report(made, diagnose(made)).encode()) < 300_000


def test_the_documents_say_of_the_picture_what_it_shows() -> None:
    week = telling_week()
    said = " ".join((ROOT / "docs" / "report.md").read_text(encoding="utf-8").split())
    uptime = figures_of(week).uptime_percent
    assert uptime is not None and f"{uptime:.2f} % available, {len(week.losses)} losses" in said
    found = after_syncs(week)
    soon, chance = sum(found.counts[:SUSPECT_BINS]), sum(found.chances[:SUSPECT_BINS])
    assert f"{soon} losses within 90 s of a key sync, where chance gives {chance:.0f}" in said
