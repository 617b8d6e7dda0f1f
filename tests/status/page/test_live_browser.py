"""The live page in a real browser, under its policy, on a whole bot where the bot matters."""

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.status.page.live_view import KeyState, LinkNow, NodesNow
from tests.support.fake_live_view import FakeLiveView, node_row
from tests.support.journal import Journal
from tests.support.limits import WAIT_S
from tests.support.page_server import ServedPage, served
from tests.support.quick_bot import BotFactory
from tests.support.unused_port import unused_port

CHROMIUM = Path("/usr/bin/chromium")
HOSTILE = "<img src=x onerror=hit=1>"
SLIP_THROUGH = f"document.querySelector('main').insertAdjacentHTML('beforeend', `{HOSTILE}`)"
WATCH_POLICY = (
    "addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective))"
)
CONTRAST = """() => {
  const light = (rgb) => rgb.slice(0, 3).map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const colour = (text) => text.match(/[\\d.]+/g).map(Number);
  const behind = (one) => {
    for (; one; one = one.parentElement) {
      const found = colour(getComputedStyle(one).backgroundColor);
      if (found.length < 4 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const one of document.querySelectorAll("body *")) {
    const said = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!said || !one.checkVisibility() || one.closest("svg, noscript")) continue;
    const [a, b] = [light(colour(getComputedStyle(one).color)), light(behind(one))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${one.className} ${one.textContent.slice(0, 20)} ${ratio}`);
  }
  return poor;
}"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no chromium on this machine"),
]
expect.set_options(timeout=WAIT_S * 1000)

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained about, and whom it asked but the bot."""
    return []


@pytest.fixture
def open_page(browser: Browser, complaints: list[str]) -> Iterator[OpenPage]:
    """Open pages, at the end of which the browser must not have complained."""
    contexts = []

    def start(server: ServedPage, *, width: int = 1200, **options: object) -> Page:
        options = {"locale": "fr-FR", **options}
        context = browser.new_context(viewport={"width": width, "height": 844}, **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.add_init_script(WATCH_POLICY)
        page.on("console", lambda line: complaints.append(f"{line.type}: {line.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda one: note_foreign(one.url))
        page.goto(server.url)
        return page

    def note_foreign(url: str) -> None:
        if not url.startswith(("http://127.0.0.1:", "data:")):
            complaints.append(f"asked {url}")

    yield start
    for context in contexts:
        context.close()
    assert not complaints


def part(page: Page, name: str) -> str:
    return page.locator(f"[data-part={name}]").inner_text()


@pytest.fixture
def view() -> FakeLiveView:
    return FakeLiveView()


@pytest.fixture
def server(view: FakeLiveView) -> Iterator[ServedPage]:
    with served(view) as page:
        yield page


def test_the_page_follows_a_node_that_reboots(
    start_bot: BotFactory, node: SimulatedNode, journal: Journal, open_page: OpenPage
) -> None:
    bot = start_bot(node, TCP_RETRY_MAX_EARLY=0.3)
    view = bot.new_live_view()
    view.start()
    try:
        with served(view) as server:
            page = open_page(server)
            state = page.locator("[data-part=state]")
            expect(state).to_have_text("Liaison établie")
            expect(page.locator("#news")).to_have_text("En direct")
            node.reboot(4.0)
            expect(state).to_have_text("Liaison coupée")
            expect(page.locator("[data-part=link]")).to_contain_text("Essais manqués")
            expect(state).to_have_text("Liaison établie")
            expect(page.locator("[data-part=day] summary")).to_contain_text("Coupures (")
            expect(page.locator("[data-part=log]")).to_contain_text("Reconnexion TCP réussie")
            expect(page.locator("[data-part=verdict] .headline")).to_be_visible()
    finally:
        assert view.stop(WAIT_S)


def test_names_and_texts_of_strangers_do_nothing(
    start_bot: BotFactory, node: SimulatedNode, journal: Journal, open_page: OpenPage
) -> None:
    bot = start_bot(node, TEXT_INTERVAL=0.15)
    view = bot.new_live_view()
    view.start()
    try:
        with served(view) as server:
            page = open_page(server)
            node.hear_node_info(node.peer(0), long_name=HOSTILE)
            node.hear_text(node.peer(0), f"/ping {HOSTILE}")
            expect(page.locator("[data-part=nodes]")).to_contain_text(HOSTILE)
            expect(page.locator("[data-part=messages]")).to_contain_text(f"/ping {HOSTILE}")
            expect(page.locator("[data-part=messages]")).to_contain_text("pong")
            expect(page.locator("[data-part=log]")).to_contain_text("onerror=hit=1>")
            assert page.locator("main img").count() == 0
            assert page.evaluate("typeof hit") == "undefined"
    finally:
        assert view.stop(WAIT_S)


def test_the_policy_would_stop_what_slipped_through(
    server: ServedPage, open_page: OpenPage, complaints: list[str]
) -> None:
    page = open_page(server)
    with page.expect_console_message(lambda line: "CSP script-src" in line.text):
        page.evaluate(SLIP_THROUGH)
    assert page.evaluate("typeof hit") == "undefined"
    assert complaints
    page.context.close()  # more of them may be on their way
    complaints.clear()


def names(page: Page) -> list[str]:
    shown = page.locator("#nodes tbody tr:visible th").all_inner_texts()
    return [name.split()[0] for name in shown]


def test_the_table_sorts_by_each_column_both_ways(server: ServedPage, open_page: OpenPage) -> None:
    page = open_page(server)
    assert names(page) == ["Zoé", "Émile", "Alice"]
    by_name = page.get_by_role("button", name="Nom")
    by_name.click()
    assert names(page) == ["Alice", "Émile", "Zoé"]
    assert page.locator("th[aria-sort=ascending]").inner_text().startswith("Nom")
    by_name.click()
    assert names(page) == ["Zoé", "Émile", "Alice"]
    page.get_by_role("button", name="SNR").click()
    assert names(page) == ["Alice", "Zoé", "Émile"]
    page.get_by_role("button", name="SNR").press("Enter")
    assert names(page) == ["Émile", "Zoé", "Alice"]
    assert page.locator("th[aria-sort]").count() == 1


def test_the_search_and_the_order_survive_what_is_new(
    view: FakeLiveView, server: ServedPage, open_page: OpenPage
) -> None:
    page = open_page(server)
    page.get_by_role("button", name="Nom").click()
    page.get_by_role("searchbox").fill("IL")
    assert names(page) == ["Émile"]
    rows = (node_row(0xD4, "Cécile"), *view.said_nodes.rows)
    view.said_nodes = NodesNow(rows, 41)
    expect(page.locator("#nodes tbody tr:visible")).to_have_count(2)
    assert names(page) == ["Cécile", "Émile"]
    expect(page.locator("[data-part=counts]")).to_have_text("4 affichés sur 41 connus")
    page.get_by_role("searchbox").fill("0000c3")
    assert names(page) == ["Alice"]


@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_need_not_scroll_sideways(
    view: FakeLiveView, server: ServedPage, open_page: OpenPage, width: int
) -> None:
    view.said_nodes = NodesNow((node_row(1, "W" * 39, heard_ago_s=90_000),), 1)
    view.said_log = ("x" * 390,)
    view.said_messages = tuple(replace(one, text="y" * 200) for one in view.said_messages)
    page = open_page(server, width=width)
    expect(page.locator("#nodes tbody tr")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    inner = page.locator("#nodes").evaluate("one => one.parentElement.scrollWidth")
    assert inner <= page.locator("#nodes").evaluate("one => one.parentElement.clientWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(
    view: FakeLiveView, server: ServedPage, open_page: OpenPage, scheme: str
) -> None:
    rows = tuple(replace(node_row(1, "A"), key=state) for state in KeyState)
    view.said_nodes = NodesNow(rows, 5)
    page = open_page(server, color_scheme=scheme)
    expect(page.locator("#news")).to_have_text("En direct")
    assert page.evaluate(CONTRAST) == []
    red, green, blue = (
        int(value)
        for value in re.findall(
            r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor")
        )
    )
    assert (red + green + blue > 382) == (scheme == "light")


def test_a_page_that_lost_its_bot_says_so_and_finds_it_again(
    view: FakeLiveView, open_page: OpenPage, complaints: list[str]
) -> None:
    port = unused_port()
    with served(view, port) as server:
        page = open_page(server)
        news = page.locator("#news")
        expect(news).to_have_text("En direct")
    expect(news).to_have_text(re.compile(r"Plus de nouvelles du bot depuis \d\d:\d\d"))
    assert page.evaluate("document.body.classList.contains('lost')")
    view.said_log = ("12:00:01 [INFO] back",)
    with served(view, port):
        expect(news).to_have_text("En direct")
        expect(page.locator("[data-part=log]")).to_contain_text("back")
        assert not page.evaluate("document.body.classList.contains('lost')")
        page.context.close()
    # The browser's own words on a connection that nobody takes.
    complaints[:] = [one for one in complaints if "ERR_" not in one]


@dataclass
class _Stopped(FakeLiveView):
    """A bot that stands still as if its machine had lost its power: connections stay, mute."""

    goes_on: threading.Event = field(default_factory=threading.Event)

    def link(self) -> LinkNow:
        self.goes_on.wait(3 * WAIT_S)
        return super().link()


def test_a_bot_that_says_nothing_at_all_is_noticed(open_page: OpenPage) -> None:
    view = _Stopped()
    view.goes_on.set()
    with served(view) as server:
        page = open_page(server)
        expect(page.locator("#news")).to_have_text("En direct")
        view.goes_on.clear()
        try:
            expect(page.locator("#news")).to_contain_text("Plus de nouvelles du bot")
        finally:
            view.goes_on.set()
        expect(page.locator("#news")).to_have_text("En direct")


def test_the_bar_says_what_it_is_pointed_at(server: ServedPage, open_page: OpenPage) -> None:
    page = open_page(server, has_touch=True)
    page.locator(".bar .down").tap()
    detail = page.locator("[data-detail]")
    expect(detail).to_contain_text("liaison coupée, 1 h 0 min (silence")
    page.locator(".bar .up").first.hover()
    expect(detail).to_contain_text("liaison établie")
    page.locator("summary").click()
    expect(page.locator("[data-part=day] tbody")).to_contain_text("silence")


def test_the_times_go_on_by_the_bots_clock(server: ServedPage, open_page: OpenPage) -> None:
    page = open_page(server)
    heard = page.locator("#nodes tbody tr").first.locator("time")
    expect(heard).to_contain_text("il y a")
    before = heard.inner_text()
    expect(heard).not_to_have_text(before)
    assert "s" in heard.inner_text()


def test_without_javascript_everything_stands_there(
    server: ServedPage, open_page: OpenPage
) -> None:
    page = open_page(server, java_script_enabled=False)
    for text in ("Liaison établie", "Zoé", "tout va bien"):
        expect(page.locator("body")).to_contain_text(text)
    expect(page.locator("noscript p")).to_be_visible()


def test_the_page_has_its_headings_and_speaks_its_language(
    server: ServedPage, open_page: OpenPage
) -> None:
    page = open_page(server)
    assert page.locator("html").get_attribute("lang") == "fr"
    assert page.locator("h1").count() == 1
    for section in page.locator("main > section").all():
        assert section.get_by_role("heading", level=2).count() == 1
    assert page.get_by_role("status").count() == 2
    assert page.get_by_role("columnheader").count() >= 6
