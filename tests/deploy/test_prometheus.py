"""Prometheus itself, with the boards, the rules and the example that are shipped, on three bots."""

import json
import re
import shutil
import signal
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from meshbot.simulation.simulated_node import SimulatedNode
from tests.support.http_client import get
from tests.support.limits import PROGRAM_S, WAIT_S
from tests.support.program import ROOT, Program
from tests.support.promtool import needs_promtool, promtool
from tests.support.unused_port import unused_port

DEPLOY = ROOT / "deploy"
BOARD, FLEET = (
    json.loads((DEPLOY / name).read_text(encoding="utf-8"))
    for name in ("grafana.json", "grafana-fleet.json")
)
RULE_FILES = ("alerts.yml", "rules.yml")
PROMETHEUS = shutil.which("prometheus")
SITES = ("attic", "garden", "roof")
TELEMETRY_S = PROGRAM_S
"""The bot believes its node's telemetry half a minute after it has connected."""
GRAFANA = {"$site": ".*", "$__rate_interval": "1m", "$__range": "1h", "$__interval": "1m"}
_COMPARISON = re.compile(r"\s*[<>=!]=?\s*(?:[\d.]+|clamp_min\(.+\))$")


def board_expressions() -> list[str]:
    """Return what the boards ask for, for all sites."""
    panels = [*BOARD["panels"], *FLEET["panels"]]
    found = [target["expr"] for panel in panels for target in panel["targets"]]
    for variable, value in GRAFANA.items():
        found = [expression.replace(variable, value) for expression in found]
    return found


def rule_expressions(file: str) -> list[str]:
    """Return what the rules of a file ask for."""
    rules = (DEPLOY / file).read_text(encoding="utf-8")
    return re.findall(r"^ +expr: (.+)$", rules, re.MULTILINE)


class Asked:
    """A running Prometheus."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/api/v1/"

    def _get(self, path: str, **values: str) -> Any:
        query = urllib.parse.urlencode(values)
        with urllib.request.urlopen(f"{self._url}{path}?{query}", timeout=WAIT_S) as answer:
            said = json.load(answer)
        assert said["status"] == "success", said
        return said["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the labels and values of an expression, now."""
        found: list[dict[str, Any]] = self._get("query", query=expression)["result"]
        return found

    def sites(self, expression: str) -> set[str]:
        """Return the sites of what an expression finds."""
        return {series["metric"]["site"] for series in self.query(expression)}

    def firing(self) -> set[tuple[str, str]]:
        """Return the alerts that fire, and where."""
        alerts = self._get("alerts")["alerts"]
        return {
            (alert["labels"]["alertname"], alert["labels"]["site"])
            for alert in alerts
            if alert["state"] == "firing"
        }


def until(is_so: Callable[[], bool], limit_s: float = PROGRAM_S) -> None:
    """Ask until it is so; what is asked is answered over the network."""
    ends_s = time.monotonic() + limit_s
    pause = threading.Event()
    while not is_so():
        assert time.monotonic() < ends_s
        pause.wait(0.2)


@pytest.fixture
def start_prometheus(tmp_path: Path) -> Iterator[Callable[[dict[str, int]], Asked]]:
    started: list[subprocess.Popen[bytes]] = []

    def start(ports: dict[str, int]) -> Asked:
        """Start it with the files that are shipped, at these ports, and impatient."""
        assert PROMETHEUS is not None
        rules = (DEPLOY / "alerts.yml").read_text(encoding="utf-8")
        rules = re.sub(r"^( +for:) .+$", r"\1 0s", rules, flags=re.MULTILINE)
        (tmp_path / "alerts.yml").write_text(rules, encoding="utf-8")
        shutil.copy(DEPLOY / "rules.yml", tmp_path)
        settings = (DEPLOY / "prometheus.yml").read_text(encoding="utf-8")
        targets = iter(ports[site] for site in SITES)
        settings = re.sub(
            r'targets: \["[^"]+"\]', lambda _: f'targets: ["127.0.0.1:{next(targets)}"]', settings
        ).replace("15s", "1s")
        file = tmp_path / "prometheus.yml"
        file.write_text(settings, encoding="utf-8")
        promtool("check", "config", str(file))
        port = unused_port()
        started.append(
            subprocess.Popen(
                [
                    PROMETHEUS,
                    f"--config.file={file}",
                    f"--storage.tsdb.path={tmp_path / 'tsdb'}",
                    f"--web.listen-address=127.0.0.1:{port}",
                    "--log.level=error",
                ],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        asked = Asked(port)

        def is_up() -> bool:
            try:
                return len(asked.query("up == 1")) == len(ports)
            except OSError:
                return False  # not there yet

        until(is_up)
        return asked

    yield start
    for process in started:
        process.kill()
        process.wait(PROGRAM_S)


@needs_promtool
def test_the_rules_and_the_example_are_rules_and_settings() -> None:
    for file in RULE_FILES:
        said = promtool("check", "rules", str(DEPLOY / file))
        assert f"{len(rule_expressions(file))} rules found" in said
    promtool("check", "config", str(DEPLOY / "prometheus.yml"))


@pytest.mark.parametrize("board", [BOARD, FLEET], ids=["one bot", "many bots"])
def test_a_board_can_be_imported_as_it_is(board: dict[str, Any]) -> None:
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        assert panel["datasource"]["uid"] == "${datasource}"


def test_a_click_on_the_board_of_many_bots_opens_the_one_of_that_bot() -> None:
    links = [
        link["url"]
        for panel in FLEET["panels"]
        for link in panel["fieldConfig"]["defaults"].get("links", ())
    ]
    assert links
    for link in links:
        assert link.startswith(f"/d/{BOARD['uid']}/")
        assert link.endswith(
            ("?var-site=${__field.labels.site}", "?var-site=${__data.fields.site}")
        )


FEW, A_FIFTH = 11, 61
"""Of 300 bots; the limit is a fifth, and more than ten."""
DOWN = """
rule_files: [{rules}]
evaluation_interval: 15s
tests:
  - interval: 15s
    input_series:
{series}
    alert_rule_test:
"""


def series_of(bots: int, down: int) -> str:
    """Return the series of bots of which so many answer no more after two minutes."""
    lines = []
    for number in range(bots):
        labels = f'site="s{number}", instance="b{number}:9464", job="meshbot"'
        up, linked = ("1x7 0x40", "1x7 stale") if number < down else ("1x47", "1x47")
        lines.append(f"      - {{series: 'up{{{labels}}}', values: '{up}'}}")
        lines.append(f"      - {{series: 'meshbot_link_up{{{labels}}}', values: '{linked}'}}")
    return "\n".join(lines)


def fires(alert: str, at: str, *labels: str) -> str:
    """Return a test that an alert fires there and then, with these labels, or not at all."""
    expected = ", ".join(f"{{exp_labels: {{{one}}}}}" for one in labels)
    return f"      - {{eval_time: {at}, alertname: {alert}, exp_alerts: [{expected}]}}\n"


@needs_promtool
@pytest.mark.parametrize("down", [FEW, A_FIFTH])
def test_many_that_are_down_are_one_alert_and_a_few_of_many_are_each_their_own(
    down: int, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.yml"
    text = (DEPLOY / "alerts.yml").read_text(encoding="utf-8")
    # What people read is left out: the test is about when.
    rules.write_text(re.sub(r"^ +annotations:\n(?: {10,}.+\n)+", "", text, flags=re.MULTILINE))
    gone = [
        f'severity: critical, job: meshbot, site: s{number}, instance: "b{number}:9464"'
        for number in range(down)
    ]
    many = ("severity: critical",) if down == A_FIFTH else ()
    tests = DOWN.format(rules=rules, series=series_of(300, down))
    tests += fires("MeshbotManyDown", "3m30s", *many) + fires("MeshbotGone", "3m30s")
    tests += fires("MeshbotGone", "5m", *gone)
    (tmp_path / "test.yml").write_text(tests)
    promtool("test", "rules", str(tmp_path / "test.yml"))


def test_the_board_shows_the_sites_that_are_chosen() -> None:
    for panel in BOARD["panels"]:
        assert all('site=~"$site"' in target["expr"] for target in panel["targets"])
    (site,) = [one for one in BOARD["templating"]["list"] if one["name"] == "site"]
    assert site["allValue"] == ".*"  # also a bot without a SITE


def test_every_metric_is_documented_and_the_documented_ones_are_used_rightly() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^- `(meshbot_\w+)", page, re.MULTILINE))
    asked = " ".join([*board_expressions(), *rule_expressions("alerts.yml")])
    used = {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"meshbot_\w+", asked)}
    assert used <= documented


@pytest.mark.slow
@pytest.mark.skipif(PROMETHEUS is None, reason="no prometheus: Debian's package of that name")
def test_three_bots_on_one_board(
    run: Callable[..., Program],
    start_prometheus: Callable[[dict[str, int]], Asked],
    tmp_path: Path,
    node: SimulatedNode,
) -> None:
    node.telemetry_interval_s = 1.0
    ports = {site: unused_port() for site in SITES}
    roof = {"CONNECTION_MODE": "tcp", "TCP_HOST": "127.0.0.1", "TCP_PORT": str(node.port)}
    bots = {
        site: run(
            **(roof if site == "roof" else {}),
            SITE=site,
            STATUS_PORT=str(port),
            DATABASE_PATH=str(tmp_path / f"{site}.db"),
        )
        for site, port in ports.items()
    }
    for bot in bots.values():
        bot.wait_line("établie")
    asked = start_prometheus(ports)
    until(lambda: asked.sites("meshbot_link_up") == set(SITES))
    until(lambda: "roof" in asked.sites("meshbot_node_battery_ratio"), TELEMETRY_S)
    until(lambda: len(asked.query("count_over_time(meshbot_losses_total[1h]) > 2")) > 0)

    for expression in board_expressions():
        assert asked.query(expression), expression
    for expression in rule_expressions("alerts.yml"):
        asked.query(expression)
        without_limit = _COMPARISON.sub("", expression)
        assert without_limit != expression
        assert asked.query(without_limit), without_limit
    _, _, text = get(ports["roof"], "/metrics")
    for name in set(re.findall(r"^# TYPE (\S+) (?:gauge|counter)$", text, re.MULTILINE)):
        assert "roof" in asked.sites(name), name
    assert asked.query('{__name__=~"meshbot_.*", exported_site!=""}') == []
    assert asked.query('{__name__=~"meshbot_.*", site=""}') == []

    assert not {("MeshbotLinkDown", "roof"), ("MeshbotGone", "attic")} & asked.firing()
    node.stop()
    bots["attic"].process.send_signal(signal.SIGKILL)
    until(lambda: ("MeshbotLinkDown", "roof") in asked.firing())
    until(lambda: ("MeshbotGone", "attic") in asked.firing())
    assert get(ports["roof"], "/healthz")[0] == 503
