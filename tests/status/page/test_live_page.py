"""Each part is rendered once when it changes, escaped, and given under a number of its own."""

from dataclasses import dataclass, replace

import pytest

from meshbot.status.page.live_page import LivePage
from meshbot.status.page.live_view import (
    Fate,
    KeyState,
    LinkNow,
    MessageRow,
    NodesNow,
    OwnNodeNow,
    WaitingKey,
)
from meshbot.text.language import ENGLISH, speaking
from tests.support.clock import Clock
from tests.support.fake_live_view import NOW_S, FakeLiveView, node_row
from tests.support.journal import Journal

HOSTILE = "<img src=x onerror=alert(1)>\"'&"


@pytest.fixture
def clock() -> Clock:
    return Clock(0.0)


@pytest.fixture
def view() -> FakeLiveView:
    return FakeLiveView()


@pytest.fixture
def page(view: FakeLiveView, clock: Clock) -> LivePage:
    return LivePage(view, clock)


def events_after(page: LivePage, revision: int) -> list[str]:
    """Return the names of the parts a reader is given that has a revision."""
    names = []
    while (fragment := page.next_after(revision)) is not None:
        revision = fragment.revision
        names.append(fragment.event.decode().split("\n")[0].removeprefix("event: "))
    return names


def test_what_did_not_change_is_rendered_once(page: LivePage, clock: Clock) -> None:
    assert page.refresh()
    rendered = page.renderings
    for _ in range(20):
        clock.now_s += 10
        assert not page.refresh()
    assert page.renderings == rendered == len(events_after(page, 0))


def test_a_reader_is_given_what_changed_since_its_revision(
    page: LivePage, view: FakeLiveView, clock: Clock
) -> None:
    page.refresh()
    seen = page.revision
    for number in range(5):
        clock.now_s += 10
        view.said_log = (f"line {number}",)
        assert page.refresh()
    assert events_after(page, seen) == ["log"]
    fragment = page.next_after(seen)
    assert fragment is not None
    assert b"data: line 4" in fragment.event
    assert b"line 3" not in fragment.event


def test_what_is_no_text_costs_itself_alone(page: LivePage, view: FakeLiveView) -> None:
    view.said_log = ("base /mnt/\udcff/meshbot.db", "next")
    assert page.refresh()
    assert "log" in events_after(page, 0)
    assert b"\\udcff/meshbot.db" in page.html().encode()


def test_the_state_is_said_when_it_changes_and_not_each_second(
    page: LivePage, view: FakeLiveView, clock: Clock
) -> None:
    page.refresh()
    seen = page.revision
    view.said_link = replace(view.said_link, reconnections_hour=2)
    clock.now_s += 10
    page.refresh()
    assert events_after(page, seen) == ["link"]
    view.said_link = LinkNow(False, NOW_S, "silence", 1, "x", 2, 3)
    clock.now_s += 10
    page.refresh()
    assert events_after(page, page.revision - 2) == ["state", "link"]


def test_an_id_counts_for_the_process_that_gave_it(page: LivePage, view: FakeLiveView) -> None:
    page.refresh()
    fragment = page.next_after(3)
    assert fragment is not None
    event_id = fragment.event.decode().split("\n")[1].removeprefix("id: ")
    assert page.revision_of(event_id) == fragment.revision
    assert LivePage(view).revision_of(event_id) == 0
    for odd in ("", "x", event_id + "9" * 30, event_id.split("-")[0] + "-²", "-1"):
        assert page.revision_of(odd) <= page.revision


@pytest.mark.parametrize("name", ["nodes", "keys", "messages", "log", "clients", "own", "link"])
def test_text_of_strangers_is_escaped(page: LivePage, view: FakeLiveView, name: str) -> None:
    view.said_nodes = NodesNow((node_row(1, HOSTILE),), 1)
    view.said_keys = (WaitingKey("!1", HOSTILE, "a", "b", 1, False),)
    view.said_messages = (MessageRow(1, "!1", HOSTILE, HOSTILE, Fate.FAILED, HOSTILE),)
    view.said_log = (HOSTILE,)
    view.said_clients = tuple(replace(row, address=HOSTILE) for row in view.said_clients or ())
    view.said_own = OwnNodeNow("!1", HOSTILE, HOSTILE)
    view.said_link = LinkNow(False, 1.0, HOSTILE, 1, HOSTILE, 0, 0)
    html = page.html()
    assert "<img" not in html
    part = page._rendered[name].html
    assert "&lt;img src=x onerror=alert(1)&gt;" in part
    assert f'value="{HOSTILE}' not in part


def test_a_line_break_in_a_text_ends_no_event(page: LivePage, view: FakeLiveView) -> None:
    view.said_log = ("a\rdata: b\r\n\r\nevent: tick\u2028c",)
    page.refresh()
    event = page._rendered["log"].event.decode()
    assert event.endswith("\n\n")
    lines = event[:-2].split("\n")
    assert all(line.startswith("data: ") for line in lines[2:])
    assert "\r" not in event


@dataclass
class _Broken(FakeLiveView):
    broken: bool = True

    def nodes(self) -> NodesNow:
        if self.broken:
            raise RuntimeError("broken")
        return self.said_nodes


def test_a_part_that_fails_costs_one_line_and_no_other_part(clock: Clock) -> None:
    view, lines = _Broken(), Journal()
    page = LivePage(view, clock)
    with lines.attached():
        html = page.html()
        clock.now_s += 10
        page.refresh()
    assert "tout va bien" in html
    assert lines.count("une partie de la page en direct") == 1
    view.broken = False
    clock.now_s += 10
    page.refresh()
    assert "Zoé" in page.html()


def test_the_page_says_its_language_and_shows_everything(
    page: LivePage, view: FakeLiveView
) -> None:
    html = page.html()
    assert '<html lang="fr">' in html
    for text in (
        *("Liaison établie", "192.168.1.38:4403", "Le Wi-Fi du nœud (80 %)", "Rapprocher le nœud"),
        *("Zoé", "!000000b2", "-11,0", "DMqoyaXFQbTx", "keys accept 000000a1 Vr9U1zBj54ti"),
        *("pong\n2,5 dB", "file pleine", "tout va bien", "192.168.1.20:51034", "87 %", "4,02 V"),
        *("silence, le nœud ne répond plus", "3 affichés sur 40 connus", "tout le monde"),
    ):
        assert text in html, text
    with speaking(ENGLISH):
        assert '<html lang="en">' in page.html()


def test_nothing_is_inline_and_nothing_is_from_elsewhere(page: LivePage) -> None:
    html = page.html()
    assert " style=" not in html
    assert "<style" not in html
    assert html.count("<script") == 1
    assert "http:" not in html
    assert "https:" not in html


def test_each_state_of_a_bot_that_knows_nothing_has_its_words(
    page: LivePage, view: FakeLiveView
) -> None:
    view.said_nodes, view.said_keys, view.said_messages = NodesNow(), (), ()
    view.said_clients, view.said_verdict, view.said_own = None, None, OwnNodeNow()
    html = page.html()
    for text in ("Aucun nœud", "Aucune clé", "Aucun message", "en cours de lecture", "encore rien"):
        assert text in html, text
    assert "Clients du nœud" not in html


def test_every_key_state_has_its_words(page: LivePage, view: FakeLiveView) -> None:
    rows = tuple(replace(node_row(1, "A"), key=state) for state in KeyState)
    view.said_nodes = NodesNow(rows, 5)
    html = page.html()
    for text in ("à trancher", "trop faible", "inconnue", "pas en place", "en place"):
        assert f">{text}<" in html
