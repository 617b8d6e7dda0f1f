"""The whole bot, asked by HTTP how it is."""

import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import main_bot
from main_bot import MeshBot
from meshbot.messages import node_uptime
from meshbot.service.config_error import ConfigError
from meshbot.service.service_notifier import STUCK_S
from meshbot.simulation.simulated_node import SimulatedNode
from meshbot.simulation.traits import SimulatedTraits
from meshbot.status import link_reading
from tests.documents.page import Page
from tests.support.french import french_in
from tests.support.http_client import ask, connect, get, head
from tests.support.journal import Journal
from tests.support.limits import WAIT_S
from tests.support.program import ROOT
from tests.support.promtool import needs_promtool, promtool
from tests.support.quick_bot import BotFactory
from tests.support.unused_port import unused_port

pytestmark = pytest.mark.slow

LOADED_LATE = (
    *("prometheus_client", "uvicorn", "starlette", "h11", "anyio", "asyncio", "jinja2"),
    *("meshbot.status.page", "meshbot.status.bot_live_view"),
)


def start_asked(
    start: BotFactory, node: SimulatedNode | None, **changes: Any
) -> tuple[MeshBot, int]:
    port = unused_port()
    environment = {"MESHBOT_STATUS_PORT": str(port), **changes.pop("environment", {})}
    return start(node, environment=environment, **changes), port


def until(is_so: Callable[[], bool]) -> None:
    """Ask until it is so; what is asked is answered over the network."""
    ends_s = time.monotonic() + WAIT_S
    pause = threading.Event()
    while not is_so():
        assert time.monotonic() < ends_s
        pause.wait(0.02)


def figure(port: int, name: str) -> float:
    """Return the value of one line of the metrics, by all that stands before it."""
    _, _, text = get(port, "/metrics")
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found is not None, f"no {name} in {text}"
    return float(found.group(1))


def test_health_follows_the_link(
    quick_bot: BotFactory, node: SimulatedNode, journal: Journal
) -> None:
    _, port = start_asked(quick_bot, node)
    journal.wait_for("établie")
    journal.wait_for("📈")
    status, headers, body = get(port, "/healthz")
    assert (status, body, headers["content-type"]) == (200, "ok\n", "text/plain; charset=utf-8")
    node.stop()
    until(lambda: get(port, "/healthz")[0] == 503)
    _, _, body = get(port, "/healthz")
    assert re.fullmatch(r"pas de liaison depuis \S.* : \S.*\n", body), body
    assert body.count("\n") == 1


def test_health_before_the_first_connection(start_bot: BotFactory, journal: Journal) -> None:
    _, port = start_asked(start_bot, None)
    journal.wait_for("📈")
    status, _, body = get(port, "/healthz")
    assert status == 503
    assert body.startswith("pas de liaison depuis ")


def test_a_thread_that_is_stuck_is_named(
    quick_bot: BotFactory, node: SimulatedNode, journal: Journal
) -> None:
    bot, port = start_asked(quick_bot, node)
    journal.wait_for("établie")
    journal.wait_for("📈")
    mark = bot.progress_marks()["bot-worker"]
    mark._clock = lambda: time.monotonic() - STUCK_S - 10
    mark.step()
    mark._clock = time.monotonic
    mark.step = lambda: None  # type: ignore[method-assign]
    mark.idle = lambda: None  # type: ignore[method-assign]
    status, _, body = get(port, "/healthz")
    assert (status, body[:28]) == (503, "sans progrès depuis plus de ")
    assert body.endswith(" : bot-worker\n")


def test_what_happens_is_counted(
    quick_bot: BotFactory, node: SimulatedNode, journal: Journal
) -> None:
    _, port = start_asked(quick_bot, node)
    journal.wait_for("SYNC COMPLETE")
    journal.wait_for("📈")
    assert figure(port, "meshbot_link_up") == 1
    peer = node.peer(0)
    node.hear_text(peer, "/ping")
    journal.wait_for("💬 Envoyé")
    until(lambda: figure(port, 'meshbot_replies_total{fate="sent"}') == 1)
    assert figure(port, 'meshbot_commands_total{command="ping"}') == 1
    node.hear_text(peer, "/nonsense")
    until(lambda: figure(port, 'meshbot_commands_total{command="unknown"}') == 1)
    direct = sum(
        figure(port, f'meshbot_direct_messages_total{{opened_by="{by}"}}')
        for by in ("radio", "bot", "unproven", "nobody")
    )
    assert direct == 2
    assert figure(port, "meshbot_key_syncs_total") >= 1
    assert figure(port, "meshbot_known_nodes") >= 12
    assert figure(port, "meshbot_store_size_bytes") > 4_096
    assert figure(port, 'meshbot_handshake_seconds_bucket{le="+Inf"}') == 1
    assert 0 <= figure(port, "meshbot_last_received_seconds") < WAIT_S
    node.close_by_fin()
    journal.wait_for("Liaison rétablie")
    assert figure(port, 'meshbot_losses_total{cause="fin"}') == 1
    assert figure(port, "meshbot_reconnections_total") == 1
    assert figure(port, "meshbot_outage_seconds_count") == 1
    assert figure(port, 'meshbot_handshake_seconds_bucket{le="+Inf"}') == 2


def mute(node: SimulatedNode) -> None:
    node.transmits = False


def reach_nobody(node: SimulatedNode) -> None:
    node.retransmit_s = 0.1
    node.set_reachable(node.peer(0), False)


@pytest.mark.parametrize(
    ("trouble", "commands", "fates"),
    [
        (mute, ["/ping"], {"refused": 1}),
        (reach_nobody, ["/ping"], {"sent": 1, "undelivered": 1}),
        (SimulatedNode.fill_queue, ["/ping"], {"dropped": 1}),
        (
            SimulatedNode.fill_queue,
            ["/ping", "/sys", "/help", "/keys", "/nodes", "/tcp", "/my", "/nonsense"],
            {"no_room": 2},
        ),
    ],
)
def test_what_became_of_replies_is_counted(
    quick_bot: BotFactory,
    node: SimulatedNode,
    journal: Journal,
    trouble: Callable[[SimulatedNode], None],
    commands: list[str],
    fates: dict[str, int],
) -> None:
    trouble(node)
    patience_s = 0.5 if "dropped" in fates else WAIT_S
    _, port = start_asked(
        quick_bot, node, TEXT_QUEUE_WAIT=0.1, FLOOD_BURST=20, MESSAGE_MAX_AGE=patience_s
    )
    journal.wait_for("SYNC COMPLETE")
    journal.wait_for("📈")
    for command in commands:
        node.hear_text(node.peer(0), command)
    for fate, count in fates.items():
        name = f'meshbot_replies_total{{fate="{fate}"}}'
        until(lambda name=name, count=count: figure(port, name) == count)  # type: ignore[misc]
    waiting = {"no_room": 6}.get(next(iter(fates)), 0)
    assert figure(port, "meshbot_queue_length") == waiting


def test_the_nodes_answers_and_telemetry_are_measured(
    quick_bot: BotFactory,
    node: SimulatedNode,
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(node_uptime, "BACKLOG_S", 0.0)
    node.telemetry_interval_s = 0.1
    _, port = start_asked(quick_bot, node, TCP_HEARTBEAT_INTERVAL=0.2)
    journal.wait_for("établie")
    journal.wait_for("📈")
    until(lambda: "meshbot_node_battery_ratio" in get(port, "/metrics")[2])
    assert figure(port, "meshbot_node_battery_ratio") == 1.01
    assert 0 <= figure(port, "meshbot_node_channel_utilization_ratio") <= 1
    assert 0 <= figure(port, "meshbot_node_air_time_ratio") <= 1
    until(lambda: figure(port, "meshbot_probe_seconds_count") >= 1)
    assert figure(port, "meshbot_probe_seconds_sum") < WAIT_S


@needs_promtool
def test_prometheus_finds_nothing_to_mend(
    quick_bot: BotFactory,
    node: SimulatedNode,
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(node_uptime, "BACKLOG_S", 0.0)
    node.telemetry_interval_s = 0.1
    site = 'Toit "nord" \\ été'
    _, port = start_asked(quick_bot, node, environment={"MESHBOT_SITE": site})
    journal.wait_for("établie")
    journal.wait_for("📈")
    until(lambda: "meshbot_node_battery_ratio" in get(port, "/metrics")[2])
    _, headers, text = get(port, "/metrics")
    assert headers["content-type"].startswith("text/plain; version=")
    assert promtool("check", "metrics", given=text) == ""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all('site="Toit \\"nord\\" \\\\ été"' in line for line in lines)
    names = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    assert not [name for name in names if name.startswith("python_")]  # of the default registry
    page = Page("docs/metrics.md").text
    documented = set(re.findall(r"^- `(meshbot_\w+)`", page, re.MULTILINE))
    assert documented == {name for name in names if name.startswith("meshbot_")}
    values = re.findall(r'^meshbot_\w+{(?:cause|opened_by|fate)="(\w+)"', text, re.MULTILINE)
    assert len(values) > 20
    assert [value for value in values if f"`{value}`" not in page] == []
    modern = head("/metrics", more="Accept: application/openmetrics-text; version=x.y;q=0.7\r\n")
    status, headers, text = ask(port, modern)
    assert (status, text.endswith("# EOF\n")) == (200, True)
    assert headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")


def test_no_line_is_added_by_a_mesh_that_grows(
    quick_bot: BotFactory, node: SimulatedNode, journal: Journal
) -> None:
    _, port = start_asked(quick_bot, node, FLOOD_BURST=100)
    journal.wait_for("SYNC COMPLETE")
    journal.wait_for("📈")

    def lines() -> set[str]:
        return set(re.findall(r"^(meshbot_[^ ]+) ", get(port, "/metrics")[2], re.MULTILINE))

    before = lines()
    for number in range(12):
        node.hear_text(node.peer(number), f"/x{'abcdefghijkl'[number]}")
    until(lambda: figure(port, 'meshbot_commands_total{command="unknown"}') == 12)
    assert lines() == before


def test_being_asked_all_the_time_changes_nothing(
    quick_bot: BotFactory, node: SimulatedNode, journal: Journal
) -> None:
    _, port = start_asked(quick_bot, node)
    journal.wait_for("SYNC COMPLETE")
    journal.wait_for("📈")
    pause = threading.Event()
    for _ in range(200):
        assert get(port, "/metrics")[0] == 200
        pause.wait(0.01)
    node.hear_text(node.peer(0), "/ping")
    journal.wait_for("💬 Envoyé")
    assert figure(port, "meshbot_reconnections_total") == 0


def test_the_bot_stops_in_time_with_clients_that_hang_on(
    quick_bot: BotFactory, node: SimulatedNode, journal: Journal
) -> None:
    bot, port = start_asked(quick_bot, node)
    journal.wait_for("établie")
    journal.wait_for("📈")
    idle = [connect(port) for _ in range(50)]
    try:
        bot.stop()
        assert "status" not in {thread.name for thread in threading.enumerate()}
    finally:
        for connection in idle:
            connection.close()


def test_without_its_libraries_the_bot_runs_and_says_what_is_missing(
    quick_bot: BotFactory,
    node: SimulatedNode,
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in sys.modules if name.startswith("meshbot.status.")]:
        if name.endswith(("bot_status", "bot_collector", "site_collector", "status_routes")):
            monkeypatch.delitem(sys.modules, name)
    for name in [name for name in sys.modules if name.startswith("prometheus_client")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    start_asked(quick_bot, node)
    journal.wait_for("établie")
    line = next(line for line in journal.lines if "STATUS_PORT sans effet" in line)
    assert "prometheus_client" in line
    assert "make extras" in line


@pytest.mark.slow
def test_the_page_of_a_bot_that_speaks_english_has_nothing_in_french(
    start_bot: BotFactory, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main_bot, "JOURNAL_FLUSH_S", 0.1)
    monkeypatch.setattr(link_reading, "VERDICT_AGAIN_S", 0.2)
    with SimulatedNode(traits=SimulatedTraits(long_name="Roof")) as node:
        _, port = start_asked(start_bot, node, environment={"MESHBOT_LANGUAGE": "en"})
        journal.wait_for("SYNC COMPLETE")
        node.reboot(0.1)
        journal.wait_for("Reconnexion TCP réussie")

        until(lambda: "restarts" in get(port, "/")[2])
        text = get(port, "/")[2]
    for peer in node.peers:
        text = text.replace(peer.long_name, "")
    assert french_in(re.sub(r"<[^>]*>", " ¤ ", text)) == []


def test_off_costs_nothing(tmp_path: Path) -> None:
    program = f"""
import sys, threading
import main_bot
from main_bot import MeshBot
bot = MeshBot(environment={{
    "MESHBOT_CONNECTION_MODE": "simulated", "MESHBOT_DATABASE_PATH": {str(tmp_path / "b.db")!r},
    "MESHBOT_STATUS_PORT": sys.argv[1],
}})
bot.start()
threads = {{thread.name for thread in threading.enumerate()}}
bot.stop()
print(*sorted(name for name in {LOADED_LATE!r} if name in sys.modules), "status" in threads)
"""
    said = [
        subprocess.run(
            [sys.executable, "-c", program, str(port)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout.split()
        for port in (0, unused_port())
    ]
    assert said[0] == ["False"]
    assert said[1] == [*sorted(LOADED_LATE), "True"]  # else the names above are no longer right


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"STATUS_PORT": "65536"}, "STATUS_PORT"),
        ({"STATUS_PORT": "9000", "SHARE_PORT": "9000"}, "c'est aussi SHARE_PORT"),
        ({"SITE": "x" * 65}, "SITE"),
        ({"SITE": "two\nlines"}, "SITE"),
        ({"STATUS_HOSTS": "pi.example.org,two words"}, "STATUS_HOSTS"),
        ({"STATUS_ADDRESS": "http://x/"}, "STATUS_ADDRESS"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    tmp_path: Path, settings: dict[str, str], problem: str
) -> None:
    environment = {f"MESHBOT_{name}": value for name, value in settings.items()}
    with pytest.raises(ConfigError, match=problem):
        MeshBot(environment={"MESHBOT_DATABASE_PATH": str(tmp_path / "b.db"), **environment})
